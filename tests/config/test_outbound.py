"""The one way out reaches public hosts only, follows nothing, and is cut off in time."""

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.lib import outbound


class Handler(BaseHTTPRequestHandler):
    hits = 0
    said_all = False  # what takes for ever came to its end: nobody cut it off

    def do_GET(self):
        Handler.hits += 1
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "/end")
            self.end_headers()
            return None
        if self.path == "/trickle":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            return self._drip()
        self.send_response(200)
        self.end_headers()
        if self.path == "/slow":
            return self._drip()
        return self.wfile.write(b"x" * (2_000 if self.path == "/big" else 2))

    def _drip(self):
        """Say a little, for a minute or until it is cut off."""
        with contextlib.suppress(OSError):
            for _ in range(1_200):
                self.wfile.write(b"x")
                time.sleep(0.05)
            Handler.said_all = True

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server():
    Handler.hits, Handler.said_all = 0, False
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest",
        "http://100.64.0.1/",
        "http://[64:ff9b::7f00:1]/",
        "http://10.0.0.1/",
        "http://public.example:22/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://",
        "http://host:port/",
    ],
)
def test_private_hosts_and_other_ways_are_refused(url):
    with pytest.raises(outbound.OutboundError):
        outbound.request("GET", url, total_s=2)


def test_our_own_stand_ins_must_be_asked_for(server):
    with pytest.raises(outbound.OutboundError):
        outbound.request("GET", server)
    assert Handler.hits == 0

    assert outbound.request("GET", server, allow_private=True).body == b"xx"


def test_a_redirect_is_an_answer(server):
    assert outbound.request("GET", f"{server}/away", allow_private=True).status == 302
    assert Handler.hits == 1


def test_a_body_is_cut_off_by_size_and_by_time(server):
    with pytest.raises(outbound.OutboundError, match="more than 100 bytes"):
        outbound.request("GET", f"{server}/big", allow_private=True, max_bytes=100)
    with pytest.raises(outbound.OutboundError, match="too long"):
        outbound.request("GET", f"{server}/slow", allow_private=True, total_s=0.5)
    assert not Handler.said_all


def test_headers_that_trickle_are_cut_off_too(server):
    with pytest.raises(outbound.OutboundError):
        outbound.request("GET", f"{server}/trickle", allow_private=True, total_s=0.5)
    assert not Handler.said_all


def test_a_body_that_nobody_wants_is_not_read(server):
    answer = outbound.request(
        "GET", f"{server}/big", allow_private=True, max_bytes=100, read_body=False
    )
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("body", [b"", b"<p>", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_json_is_no_answer(body):
    with pytest.raises(outbound.OutboundError):
        outbound.Answer(200, {}, body).json()
