"""Receivers of webhooks on loopback, as good and as bad as they are out there."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Keeps what it was sent; `answers` says what it answers by path, 204 if nothing."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, int] = {}
        self.open = self.most_open = 0
        self.said_all = 0  # answers without end that were listened to for a minute

    def ids(self, path: str = "") -> list[str]:
        return [headers["webhook-id"] for at, headers, _body in self.got if at.startswith(path)]


@contextmanager
def receiver():
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as httpd:
        found = Receiver(f"http://127.0.0.1:{httpd.server_port}")
        httpd.RequestHandlerClass = _handler(found)
        threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        httpd.shutdown()


def _handler(kept: Receiver):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            kept.open += 1
            kept.most_open = max(kept.most_open, kept.open)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if self.path == "/trickle":
                self._trickle()
            else:
                self._answer(kept.answers.get(self.path, 204))
            kept.open -= 1

        def _answer(self, status: int) -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            if self.path == "/long":
                self.send_header("Content-Length", str(10**9))
            self.end_headers()

        def _trickle(self) -> None:
            """Send a header that never ends, a little at a time."""
            try:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                for _ in range(1_200):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
                kept.said_all += 1
            except OSError:
                self.close_connection = True

        def log_message(self, *args):
            """Say nothing."""

    return Handler
