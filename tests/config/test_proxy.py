"""deploy/nginx/thousand.conf as nginx understands it, in front of a web part that writes down what comes."""

import http.client
import re
import shutil
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shop.forms.feeds import MAX_UPLOAD
from tests.config.test_new_version import CONFIG, Nginx

pytestmark = pytest.mark.skipif(
    not shutil.which("nginx"), reason="There is no nginx on this machine."
)
PUBLIC = {"Cache-Control": "public, max-age=60"}
PAGES = {  # what the site says of a page
    "/public": PUBLIC,
    "/sets-a-cookie": PUBLIC | {"Set-Cookie": "__Host-session=hers; Path=/; Secure"},
    "/private": {"Cache-Control": "no-store, private"},
    "/says-nothing": {},
}


class Web(BaseHTTPRequestHandler):
    """Answers with the number of the request, so that a copy is known by it."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:  # noqa: N802  (http.server's name)
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        body = str(len(self.seen)).encode()
        self.send_response(200)
        for name, value in PAGES.get(self.path, {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_args: object) -> None:
        """Be silent."""


class Site:
    def __init__(self, home) -> None:
        self.seen: list = []
        web = type("Web", (Web,), {"seen": self.seen})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), web)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.nginx = Nginx(home, [self.server.server_port] * 2)
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def ask(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """Ask; `answer.text` is the number of the request that the web part answered."""
        sent = {"Host": "market.example"} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection = http.client.HTTPSConnection("127.0.0.1", self.nginx.port, context=self.tls)
        connection.request("GET", path, headers=sent)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def raw(self, request: bytes) -> bytes:
        """Send bytes and return all that is answered until the other end hangs up."""
        got = b""
        plain = socket.create_connection(("127.0.0.1", self.nginx.port), timeout=20)
        with plain, self.tls.wrap_socket(plain) as wire:
            wire.sendall(request)
            while chunk := wire.recv(4_096):
                got += chunk
        return got


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("nginx"))
    yield made
    made.nginx.stop()
    made.server.shutdown()


def test_only_what_the_site_calls_public_is_kept_and_for_those_without_a_cookie(site):
    one, two = (site.ask("/public").text for _n in range(2))
    assert one == two
    hers = site.ask("/public", Cookie="__Host-session=x")
    assert hers.text != one  # who has a cookie is answered by the site itself,
    assert site.ask("/public").text == one  # and what she got is not what others get
    for path in ("/sets-a-cookie", "/private", "/says-nothing"):
        answers = [site.ask(path) for _n in range(3)]
        assert len({answer.text for answer in answers}) == 3, path


def test_what_one_browser_sends_changes_no_copy_of_another(site):
    clean = site.ask("/public").text
    site.ask("/public", Host="evil.example")
    site.ask("/public", X_Forwarded_Host="evil.example", X_Original_URL="/private")
    site.ask("/public?utm=1")
    assert site.ask("/public").text == clean
    _path, headers = next(row for row in reversed(site.seen) if row[0] == "/public")
    assert headers["host"] == "evil.example"  # with a key of its own; the site refuses that host


def test_the_site_is_told_who_asks_by_nginx_alone(site):
    site.ask(
        "/private", X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="http", X_Request_ID="mine"
    )
    headers = site.seen[-1][1]
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])


@pytest.mark.parametrize(
    "length",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 60",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Content-Length: +5",
        "Content-Length: 5, 5",
    ],
)
def test_no_request_hides_in_the_body_of_another(site, length):
    before = len(site.seen)
    inner = "GET /hidden HTTP/1.1\r\nHost: market.example\r\n\r\n"
    got = site.raw(
        f"POST /private HTTP/1.1\r\nHost: market.example\r\n{length}\r\n\r\n0\r\n\r\n{inner}".encode()
    )
    assert re.match(rb"HTTP/1.1 (400|501) ", got), got[:60]
    assert len(site.seen) == before


def test_figures_and_causes_are_shown_to_nobody(site):
    assert [site.ask(path).status for path in ("/metrics", "/readyz", "/readyz?for=traffic")] == [
        403
    ] * 3


def test_the_largest_catalogue_gets_through():
    most = int(re.search(r"client_max_body_size (\d+)m;", CONFIG.read_text())[1]) * 1024 * 1024
    assert MAX_UPLOAD < most <= MAX_UPLOAD + 2 * 1024 * 1024
