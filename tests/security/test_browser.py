"""What every answer tells a browser, and which requests are refused before any page is asked."""

import json
import re

import pytest
from django.conf import settings as django_settings
from django.test import Client

from config import checks
from tests import live
from tests.affiliates.factories import make_user, sign_in
from tests.harness import ROOT

pytestmark = pytest.mark.django_db
PLAIN = sorted(
    route.pattern
    for route in checks.routes()
    if route.who == "public" and "GET" in route.methods and not set("<(") & set(route.pattern)
)


def test_no_page_hides_from_us_where_its_forms_are_sent_from():
    """With `no-referrer` a browser sends `Origin: null`, and we would refuse each of its forms."""
    pages = (ROOT / "templates").rglob("*.html")
    assert [page.name for page in pages if 'content="no-referrer"' in page.read_text()] == []


def test_every_public_page_has_the_headers_and_says_what_it_is(client):
    wrong = []
    for path in PLAIN:
        answer = client.get(path, headers={"origin": "https://evil.example"})
        kind = answer.headers.get("Content-Type", "")
        told = {
            "policy": "frame-ancestors 'none'" in answer.headers.get("Content-Security-Policy", ""),
            "objects": "object-src 'none'" in answer.headers.get("Content-Security-Policy", ""),
            "inline": "unsafe-" not in answer.headers.get("Content-Security-Policy", ""),
            "sniff": answer.headers.get("X-Content-Type-Options") == "nosniff",
            "referrer": answer.headers.get("Referrer-Policy") == "strict-origin-when-cross-origin",
            "opener": answer.headers.get("Cross-Origin-Opener-Policy") == "same-origin",
            "resource": answer.headers.get("Cross-Origin-Resource-Policy") == "same-origin",
            "features": "camera=()" in answer.headers.get("Permissions-Policy", ""),
            "cors": "Access-Control-Allow-Origin" not in answer.headers,
            "charset": not kind.startswith("text/") or "charset=utf-8" in kind,
            "kind": bool(kind) or not answer.content,
        }
        wrong += [(path, answer.status_code, name) for name, holds in told.items() if not holds]
    assert len(PLAIN) > 10
    assert wrong == []


def test_trace_is_refused_and_nothing_lists_a_directory(client):
    assert client.generic("TRACE", "/").status_code == 405
    assert client.generic("TRACE", "/admin/").status_code == 405
    for path in ("/static/", "/media/", "/media/pictures/", "/.git/config", "/.env", "/.git/HEAD"):
        assert client.get(path).status_code in {302, 404}, path
        assert client.get(path).headers.get("Location", "/accounts/").startswith("/accounts/")


def test_every_post_wants_the_token_of_a_page_but_messages_of_machines():
    """Whoever she is: signed in as staff with every right, and with objects or without in the address."""
    strict, open_, asked = Client(enforce_csrf_checks=True), set(), 0
    sign_in(strict, make_user(is_staff=True, is_superuser=True))
    for route in checks.routes():
        if "POST" not in route.methods or "(?" in route.pattern:
            continue
        path = re.sub(
            r"<(?:(\w+):)?\w+>", lambda one: "1" if one[1] == "int" else "a", route.pattern
        )
        asked += 1
        if strict.post(path).status_code != 403:
            open_.add(path)
    assert asked > 150
    assert {path for path in open_ if not path.startswith(("/hooks/", "/api/"))} == {
        "/violations/"  # browsers send it by themselves, and it changes nothing
    }
    assert any(path.startswith("/hooks/") for path in open_)


def test_signing_out_clears_what_the_browser_kept(client):
    client.force_login(make_user())
    assert client.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in client.get("/accounts/login/").headers


def test_a_forged_host_is_refused_and_mail_names_the_configured_site(client, mailoutbox):
    for host in ("evil.example", "testserver@evil.example", "testserver:80/evil"):
        assert client.get("/", HTTP_HOST=host).status_code == 400
    forged = [{"HTTP_X_FORWARDED_HOST": "evil.example"}, {"HTTP_HOST": "testserver:6666"},
              {"HTTP_X_FORWARDED_PROTO": "gopher"}, {"HTTP_HOST": "127.0.0.1"}]  # fmt: skip
    for headers in forged:
        user = make_user(password="kaap-duin-3381-wolk")
        Client().post("/accounts/password/reset/", {"email": user.email}, **headers)
        form = {"email": user.email, "password1": "zeven-wolken-boven-4711"}
        Client().post("/accounts/signup/", form, **headers)
    assert len(mailoutbox) == 2 * len(forged)
    for letter in mailoutbox:
        whole = letter.body + letter.alternatives[0].content
        assert f"{django_settings.SITE_URL}/accounts/" in letter.body
        assert not re.search(r"evil|:6666|testserver|gopher|//127\.0\.0\.1", whole)


def test_live_is_strict_about_tls_and_machines_are_not_sent_on():
    told, year = live.tells(), "max-age=31536000; includeSubDomains"

    assert (told["hsts"], told["debug"]) == ([31_536_000, True], False)
    assert (told["link"], told["sent"]) == (year, year)
    assert (told["person"], told["hook"], told["api"]) == (301, 403, 403)


def test_htmx_runs_nothing_that_an_answer_brings():
    told = (ROOT / "templates" / "base.html").read_text().partition("htmx-config")[2]
    config = json.loads(told.partition("content='")[2].partition("'")[0])
    assert {
        name: config[name]
        for name in ("selfRequestsOnly", "allowEval", "allowScriptTags", "historyCacheSize")
    } == {
        "selfRequestsOnly": True, "allowEval": False, "allowScriptTags": False,
        "historyCacheSize": 0,
    }  # fmt: skip
    assert django_settings.CSRF_COOKIE_HTTPONLY and django_settings.SESSION_COOKIE_HTTPONLY
    assert (django_settings.CSRF_COOKIE_SAMESITE, django_settings.SESSION_COOKIE_SAMESITE) == (
        "Lax",
        "Lax",
    )


def test_our_scripts_build_no_code_or_markup_out_of_text():
    for file in (ROOT / "static" / "js").glob("*.js"):
        text = file.read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                    "new Function", "postMessage", "__proto__"):  # fmt: skip
            assert way not in text, (file.name, way)
        kept = {line.strip() for line in text.splitlines() if "localStorage" in line}
        assert all("theme" in line for line in kept)
        assert "sessionStorage" not in text and "indexedDB" not in text
