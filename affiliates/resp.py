"""The least of Redis's protocol that the redirect needs: commands out, replies in.

A client library costs as much again as the redirect's whole work (docs/attribution.md).
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT_S = 0.25
TIMEOUT = struct.pack("ll", 0, int(TIMEOUT_S * 1_000_000))  # as the kernel reads it
SILENCE_S = 1.0  # after a failure nobody asks for so long


class Away(Exception):
    """Redis does not answer, or not in time; the caller goes on without it."""


class Refused(Exception):
    """Redis answered a command with an error."""


def command(*words: bytes) -> bytes:
    """Return one command as it goes over the wire."""
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


def opening(*words: bytes) -> bytes:
    """Return a command without its last word, which `last` is to add."""
    return command(*words, b"").removesuffix(last(b""))


def last(word: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(word), word)


class Server:
    """One Redis server, with one connection per thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._is_unix = parts.scheme == "unix"
        self._is_tls = parts.scheme == "rediss"
        self._path = unquote(parts.path)
        self._address = (parts.hostname or "localhost", parts.port or 6379)
        self._hello = b""
        if parts.password:
            user = [unquote(parts.username).encode()] if parts.username else []
            self._hello += command(b"AUTH", *user, unquote(parts.password).encode())
        named = self._path.strip("/") if not self._is_unix else ""
        database = query.get("db", [named or "0"])[0]
        if database != "0":
            self._hello += command(b"SELECT", database.encode())
        self._greetings = bool(parts.password) + (database != "0")
        self._local = threading.local()
        self._silent_until = 0.0

    def ask(self, commands: bytes, replies: int) -> list[bytes | int | None]:
        """Send `commands` in one write and return their replies. Raises Away or Refused."""
        if time.monotonic() < self._silent_until:
            raise Away("it did not answer a moment ago")
        connection = getattr(self._local, "connection", None)
        fresh = connection is None
        try:
            connection = connection or self._connect()
            return connection.ask(commands, replies)
        except Refused:
            self._drop()
            raise
        except (OSError, ValueError, IndexError) as error:
            self._drop()
            if not fresh and not isinstance(error, (TimeoutError, BlockingIOError)):
                return self.ask(commands, replies)  # the server closed an idle connection
            self._silent_until = time.monotonic() + SILENCE_S
            raise Away(str(error)) from error

    def _connect(self) -> Connection:
        if self._is_unix:
            raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            raw.settimeout(TIMEOUT_S)
            raw.connect(self._path)
        else:
            raw = socket.create_connection(self._address, TIMEOUT_S)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._is_tls:
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=self._address[0])
        else:
            # The kernel keeps the time: Python would look before each call whether it may,
            # which is twice the calls, and each lets another thread in.
            raw.setblocking(True)
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                raw.setsockopt(socket.SOL_SOCKET, option, TIMEOUT)
        connection = self._local.connection = Connection(raw)
        if self._hello:
            connection.ask(self._hello, self._greetings)
        return connection

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection:
            connection.close()


class Connection:
    """A socket that speaks the protocol's strings, numbers and errors (no arrays)."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw, self._rest = raw, b""

    def ask(self, commands: bytes, replies: int) -> list[bytes | int | None]:
        self._raw.sendall(commands)
        data, found = self._rest, []
        while True:
            found, used = _parse(data, replies)
            if len(found) == replies:
                self._rest = data[used:]
                return found
            more = self._raw.recv(65_536)
            if not more:
                raise ConnectionResetError("the connection was closed")
            data += more

    def close(self) -> None:
        self._raw.close()


def _parse(data: bytes, wanted: int) -> tuple[list[bytes | int | None], int]:
    """Return the complete replies in `data` and how many bytes they take."""
    found: list[bytes | int | None] = []
    at = 0
    while len(found) < wanted:
        end = data.find(b"\r\n", at)
        if end < 0:
            break
        kind, text = data[at : at + 1], data[at + 1 : end]
        at_next = end + 2
        if kind == b"$" and text != b"-1":
            size = int(text)
            if len(data) < at_next + size + 2:
                break
            found.append(data[at_next : at_next + size])
            at_next += size + 2
        elif kind == b"-":
            raise Refused(text.decode(errors="replace"))
        elif kind == b":":
            found.append(int(text))
        elif kind in b"+$_":
            found.append(None if kind != b"+" else text)
        else:
            raise ValueError(f"unexpected reply {kind!r}")
        at = at_next
    return found, at
