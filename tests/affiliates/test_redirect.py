"""/go/<code>: one trip to Redis in front of Django, and Django when that is not enough."""

from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from affiliates import clickbuffer, linkcache, links, redirect, referral
from affiliates.models import Link
from tests.affiliates.test_links import enrolled, offered
from tests.properties import examples

pytestmark = pytest.mark.django_db

PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
IN_APP = [
    PERSON + " Instagram 300.0.0.1",
    PERSON + " musical_ly_34.1.0 BytedanceWebview/d8a21c6",
    PERSON + " [FBAN/FBIOS;FBAV/440.0.0]",
]
BOTS = [
    "",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "curl/8.4.0",
]


def call(code, method="GET", **headers):
    """Ask the short cut with Django behind it; return status and headers."""
    seen = {}

    def start_response(status, fields, exc_info=None):
        seen.update(status=int(status.split()[0]), fields=fields)

    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": f"/go/{code}", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": PERSON,
        "wsgi.input": BytesIO(), "wsgi.url_scheme": "http", "SCRIPT_NAME": "", "QUERY_STRING": "",
        "HTTP_HOST": "testserver", **headers,
    }  # fmt: skip
    environ = {key: value for key, value in environ.items() if value is not None}
    list(redirect.wrap(WSGIHandler())(environ, start_response))
    return seen["status"], dict(seen["fields"])


@pytest.fixture(autouse=True)
def _connection_of_the_test():
    """Keep the test's connection open over requests, as Django's own test client does."""
    signals = (request_started, request_finished)
    for each in signals:
        each.disconnect(close_old_connections)
    yield
    for each in signals:
        each.connect(close_old_connections)


@pytest.fixture
def link():
    return links.take(enrolled(), offered(), at=timezone.now())


def cookie_of(fields):
    return fields.get("Set-Cookie", "").partition(";")[0].partition("=")[2]


def recorded():
    return linkcache.client().xlen("clicks")


def test_a_person_lands_on_the_product_with_a_cookie(link, settings):
    for _ in ("from PostgreSQL", "from Redis"):
        begun = timezone.now()
        status, fields = call(link.code)

        assert (status, fields["Location"]) == (302, settings.SITE_URL + link.destination)
        assert fields["Cache-Control"] == "no-store, private"
        assert "Cookie" in fields["Vary"]
        assert "HttpOnly" in fields["Set-Cookie"]
        assert "SameSite=Lax" in fields["Set-Cookie"]
        (seen,) = referral.read(cookie_of(fields))
        assert (seen.link_id, seen.rate_bp) == (link.pk, 1200)
        assert begun.replace(microsecond=0) <= seen.clicked_at <= timezone.now()
    assert recorded() == 2


def test_the_warm_path_asks_no_sql(link, django_assert_num_queries):
    call(link.code)
    with django_assert_num_queries(0):
        assert call(link.code)[0] == 302


@pytest.mark.parametrize("agent", IN_APP)
def test_in_app_browsers_are_people(link, agent):
    call(link.code)
    assert "Set-Cookie" in call(link.code, HTTP_USER_AGENT=agent)[1]


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    "headers",
    [{"HTTP_USER_AGENT": agent} for agent in BOTS]
    + [
        {"HTTP_SEC_PURPOSE": "prefetch;prerender"},
        {"HTTP_PURPOSE": "prefetch"},
        {"method": "HEAD"},
    ],
)
def test_machines_are_sent_on_and_not_counted(link, headers, warm):
    if warm:
        links.resolve(link.code, timezone.now())
    status, fields = call(link.code, **headers)
    assert (status, "Set-Cookie" in fields, recorded()) == (302, False, 0)


@pytest.mark.parametrize("dest", ["image", "iframe", "script", "empty"])
def test_what_is_embedded_gets_no_cookie(link, dest):
    links.resolve(link.code, timezone.now())
    status, fields = call(link.code, HTTP_SEC_FETCH_DEST=dest)
    assert (status, "Set-Cookie" in fields) == (302, False)


def test_without_redis_the_cookie_is_set_all_the_same(link, monkeypatch):
    nobody = clickbuffer.Stream("unix:///nowhere/clicks.sock")
    monkeypatch.setattr(redirect, "server", lambda: nobody)
    status, fields = call(link.code)
    assert (status, referral.read(cookie_of(fields))[0].link_id) == (302, link.pk)


def test_an_unknown_code_is_a_friendly_404():
    assert call("zzzzzzzzzz")[0] == call("what")[0] == call("a" * 500)[0] == 404


def test_a_link_that_is_off_shows_what_is_like_it(link):
    links.resolve(link.code, timezone.now())
    links.deactivate(link, timezone.now())
    linkcache.forget([link.code])  # at commit
    status, fields = call(link.code)
    assert (status, "touches=" in fields.get("Set-Cookie", "")) == (410, False)


def test_the_destination_is_the_rows_and_nothing_elses(link, settings):
    links.resolve(link.code, timezone.now())
    status, fields = call(
        link.code, QUERY_STRING="next=//evil.example", HTTP_HOST="evil.example",
        HTTP_X_FORWARDED_HOST="evil.example",
    )  # fmt: skip
    assert (status, fields["Location"]) == (302, settings.SITE_URL + link.destination)


def test_a_line_break_never_reaches_a_header(link):
    Link.objects.filter(pk=link.pk).update(destination="/shop/x/\r\nSet-Cookie: a=b")
    status, fields = call(link.code)
    assert "\n" not in fields["Location"]
    assert status == 302


def test_an_own_shop_learns_the_click(link):
    Link.objects.filter(pk=link.pk).update(destination="https://own.example/a?x=1&thousand={click}")
    for _ in range(2):
        _status, fields = call(link.code)
        seen = referral.read(cookie_of(fields))[0]
        told = parse_qs(urlsplit(fields["Location"]).query)
        assert fields["Location"].startswith("https://own.example/a?x=1&thousand=")
        assert referral.from_stamp(told["thousand"][0]) == seen  # signed: nobody makes one up


@hypothesis_settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cookie=st.text(max_size=300), code=st.text(max_size=14))
def test_whatever_is_sent_is_no_error(link, cookie, code):
    sent = cookie.encode("utf-8", "surrogatepass").decode("latin-1")
    assert call(link.code, HTTP_COOKIE=f"touches={sent}")[0] == 302
    assert call(code.encode("utf-8", "surrogatepass").decode("latin-1"))[0] in (301, 302, 400, 404)


def test_the_alias_leads_where_the_link_leads(client, link, settings):
    links.name(link, "lamp")
    response = client.get(f"/@{link.creator.handle}/lamp", headers={"user-agent": PERSON})
    assert response.headers["Location"] == settings.SITE_URL + link.destination
    assert referral.read(response.cookies["touches"].value)[0].link_id == link.pk


def test_the_page_of_the_product_says_who_earns(client, link):
    client.get(f"/go/{link.code}", headers={"user-agent": PERSON})
    page = client.get(link.destination)
    assert link.creator.display_name in page.content.decode()
    client.cookies["touches"] = client.cookies["touches"].value[:-2] + "xx"
    assert link.creator.display_name not in client.get(link.destination).content.decode()


def test_a_key_of_before_still_reads_the_cookie(link, settings):
    _status, fields = call(link.code)
    with override_settings(SECRET_KEY="n" * 50, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert referral.read(cookie_of(fields))
    with override_settings(SECRET_KEY="n" * 50, SECRET_KEY_FALLBACKS=[]):
        assert referral.read(cookie_of(fields)) == []
