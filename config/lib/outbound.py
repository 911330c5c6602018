"""The one way out: every HTTP request that we make. No redirects, short limits, public hosts only.

A host counts as public when its address is; the check and the connection use the same
resolution.
"""

import json as json_module
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
from requests_hardened import Config, Manager
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

CONNECT_S, TOTAL_S, MAX_BYTES = 3, 10, 5_000_000
PORTS = {80, 443}
CHUNK = 65_536
REDIRECTS = {301, 302, 303, 307, 308}
HOPS = 3


class OutboundError(Exception):
    """The other side gave no usable answer; the message is for a log, not for a page."""


class NotPublic(OutboundError):
    """The name leads to an address that is not public: nobody was connected to."""


class TooLarge(OutboundError):
    """The answer has more bytes than we asked for; asking again would not help."""


class TooManyRedirects(OutboundError):
    """The address leads on and on."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        try:
            return json_module.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise OutboundError("the answer is not JSON") from error


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    body: bytes | None = None,
    json: object = None,
    total_s: float = TOTAL_S,
    max_bytes: int = MAX_BYTES,
    allow_private: bool = False,
    into: BinaryIO | None = None,
    read_body: bool = True,
) -> Answer:
    """Ask `url` and return its answer, also a 4xx or 5xx; a redirect is an answer, not followed.

    With `into` the body of a 200 is written there instead of being kept in memory; without
    `read_body` it is not looked at.

    `allow_private` lets one call reach our own set-up (the demo's stand-ins on loopback, any
    port); never pass it for an address that a person gave. Raises OutboundError for an address
    that is not public (NotPublic for a public name of one), no answer within `total_s` seconds, or a body above `max_bytes` bytes.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise OutboundError(f"{parts.scheme or 'nothing'}: is no web address")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise OutboundError("the address has no valid port") from error
    if not allow_private and port not in PORTS:
        raise OutboundError(f"port {port} is not open to us")
    end = time.monotonic() + total_s
    manager = Manager(
        Config(
            ip_filter_enable=not allow_private,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(min(CONNECT_S, total_s), total_s),
            user_agent_override="Thousand/1.0",
        )
    )
    try:
        with (
            manager.get_session() as session,
            _deadline(session, total_s),
            session.request(
                method, url, headers=headers, params=params, data=body, json=json, stream=True
            ) as response,
        ):
            if not read_body:
                return Answer(response.status_code, response.headers, b"")
            body_of = into if response.status_code == 200 else None
            content = _body(response, end, max_bytes, body_of)
            return Answer(response.status_code, response.headers, content)
    except InvalidIPAddress as error:
        raise NotPublic(f"{parts.hostname} leads to {error}") from error
    except (requests.RequestException, HTTPError, UnicodeError, ValueError) as error:
        raise OutboundError(f"{parts.hostname} did not answer: {type(error).__name__}") from error


@contextmanager
def _deadline(session: requests.Session, seconds: float) -> Iterator[None]:
    """Cut the session's connections off after `seconds`, whatever is being read of them.

    A time-out of a socket begins anew with each byte, so one that trickles its headers, or a
    handshake, would last for ever. A copy of each socket is kept, since TLS takes the socket over.
    """
    copies: list[socket.socket] = []
    is_over = threading.Event()

    def watched(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
        class Connection(pool.ConnectionCls):  # type: ignore[name-defined, misc]
            def _new_conn(self) -> socket.socket:
                made = super()._new_conn()
                copies.append(made.dup())
                return made

        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

    def cut() -> None:
        is_over.set()
        for one in copies:
            with suppress(OSError):  # it is closed already
                one.shutdown(socket.SHUT_RDWR)

    pools = {"http": watched(HTTPConnectionPool), "https": watched(HTTPSConnectionPool)}
    for adapter in session.adapters.values():
        adapter.poolmanager.pool_classes_by_scheme = pools
    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
        if is_over.is_set():  # an end of the body that we made ourselves
            raise OutboundError("the answer takes too long")
    finally:
        timer.cancel()
        for one in copies:
            one.close()


def _never(_url: str) -> bool:
    return False


def follow(
    url: str, *, private_ok: Callable[[str], bool] = _never, total_s: float = TOTAL_S, **how: object
) -> Answer:
    """Ask with GET and follow up to HOPS redirects, each address checked like the first.

    `private_ok` tells whether one address is of our own set-up. `total_s` holds for all together.
    Raises TooManyRedirects and what `request` raises.
    """
    end = time.monotonic() + total_s
    for _hop in range(HOPS + 1):
        left = end - time.monotonic()
        if left <= 0:
            raise OutboundError("the answer takes too long")
        answer = request("GET", url, allow_private=private_ok(url), total_s=left, **how)
        if answer.status not in REDIRECTS or not answer.headers.get("Location"):
            return answer
        url = urljoin(url, answer.headers["Location"])
    raise TooManyRedirects("the address leads on and on")


def _body(response: requests.Response, end: float, max_bytes: int, into: BinaryIO | None) -> bytes:
    """Read the body, counting unpacked bytes and seconds: a slow or endless one is cut off."""
    body, length = bytearray(), 0
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        length += len(chunk)
        if length > max_bytes:
            raise TooLarge(f"the answer has more than {max_bytes} bytes")
        if time.monotonic() > end:
            raise OutboundError("the answer takes too long")
        if into is None:
            body += chunk
        else:
            into.write(chunk)
    return bytes(body)
