"""The load balancer in front of the web hosts: one connection after another to each in turn.

A host that does not take a connection within a second gets none for a while. What was begun is
never sent twice. nginx does this in a deployment (`deploy/nginx`); here it counts as well.
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import threading
import time
from collections import Counter

CONNECT_S, IDLE_S, DOWN_S = 1.0, 20.0, 3.0


class Balancer:
    """Listens on a port of this machine; `web` maps names of hosts to their addresses."""

    def __init__(self, port: int, web: dict[str, tuple[str, int]]) -> None:
        self.web, self.served, self.turn = web, Counter(), itertools.count()
        self.down: dict[str, float] = {}
        self.door = socket.create_server(("127.0.0.1", port), backlog=128)
        self.url = f"http://localhost:{port}"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self.door.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _address = self.door.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            server = self._reach()
            if server:
                with server, contextlib.suppress(OSError):
                    _pass(client, server)

    def _reach(self) -> socket.socket | None:
        names = list(self.web)
        first = next(self.turn)
        for n in range(len(names)):
            name = names[(first + n) % len(names)]
            if self.down.get(name, 0) > time.monotonic():
                continue
            try:
                server = socket.create_connection(self.web[name], CONNECT_S)
            except OSError:
                self.down[name] = time.monotonic() + DOWN_S
                continue
            self.served[name] += 1
            return server
        return None


def _pass(client: socket.socket, server: socket.socket) -> None:
    """Carry bytes both ways until one end closes, or nothing comes for IDLE_S."""
    while True:
        ready, _, _ = select.select([client, server], [], [], IDLE_S)
        if not ready:
            return
        for one in ready:
            data = one.recv(65_536)
            if not data:
                return
            (server if one is client else client).sendall(data)
