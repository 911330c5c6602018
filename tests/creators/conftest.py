"""The stand-in platforms, run for real beside the tests."""

import threading
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
from django.test import Client

from creators.platforms import fake
from tests.creators.factories import make_user


class StandIn:
    """One running stand-in server, and the hands of a person on its pages."""

    def __init__(self) -> None:
        self.server = fake.server()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def control(self, platform: str, handle: str, **changes: object) -> None:
        """Change an account while it is connected."""
        form = urlencode({"platform": platform, "handle": handle, **changes}).encode()
        with urlopen(Request(f"{self.url}/_control", form)):
            pass

    def choose(self, authorize_url: str, **form: object) -> str:
        """Fill in the sign-in page; return the address that the browser is sent back to."""
        assert authorize_url.startswith(self.url)
        with urlopen(authorize_url) as page:
            assert b"stand-in" in page.read()
        parts = urlsplit(authorize_url)
        import http.client

        connection = http.client.HTTPConnection(parts.netloc)
        connection.request(
            "POST", f"{parts.path}?{parts.query}", urlencode(form).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        answer = connection.getresponse()
        assert answer.status == 302, answer.read()
        return answer.headers["Location"]


@pytest.fixture(scope="session")
def _stand_in():
    server = StandIn()
    yield server
    server.stop()


@pytest.fixture
def stand_in(_stand_in, settings):
    """The stand-in platforms, with nothing spent or changed yet."""
    _stand_in.server.RequestHandlerClass.state = fake.State()
    settings.FAKE_PLATFORM_URL = _stand_in.url
    settings.SITE_URL = "http://testserver"
    return _stand_in


@pytest.fixture
def person(db, client):
    """A signed-in browser of someone who is no creator yet."""
    client.force_login(make_user())
    return client


def connect(client: Client, stand_in: StandIn, platform: str, **form: object):
    """Connect a channel the way a browser does; return the page it ends on."""
    start = client.post(f"/creator/channels/{platform}/connect/")
    assert start.status_code == 302, start
    back = stand_in.choose(start["Location"], **form)
    parts = urlsplit(back)
    assert (parts.netloc, parts.path) == ("testserver", f"/creator/channels/{platform}/callback/")
    return client.get(f"{parts.path}?{parts.query}", follow=True)
