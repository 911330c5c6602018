"""Before a deployment: a certificate that no browser trusts is named."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.checks import people_can_trust_the_certificate
from tests import certificates


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def own_certificate(tmp_path):
    """A site whose certificate is of its own making."""
    file = certificates.make(tmp_path / "site.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        yield f"https://localhost:{httpd.server_port}"
        httpd.shutdown()


def test_a_certificate_that_no_browser_trusts_is_named(settings, own_certificate):
    settings.LIVE, settings.SITE_URL = True, own_certificate
    assert [one.id for one in people_can_trust_the_certificate(None)] == ["config.W002"]


def test_a_site_that_does_not_answer_yet_is_no_fault(settings):
    settings.LIVE, settings.SITE_URL = True, "https://localhost:9"
    assert people_can_trust_the_certificate(None) == []
