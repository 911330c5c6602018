"""What browsers tell of our content policy: short, counted, one scrubbed line, nothing else."""

import json
import logging

import pytest
from django.conf import settings

from config import violations

pytestmark = pytest.mark.django_db
HERE = settings.SITE_URL


def old(directive="script-src-elem", blocked="https://evil.example/x.js?who=1", page="/rules/"):
    facts = {"effective-directive": directive, "blocked-uri": blocked, "document-uri": HERE + page}
    return json.dumps({"csp-report": facts | {"script-sample": "secret words"}})


def new(*pages):
    body = {"effectiveDirective": "img-src", "blockedURL": "data", "disposition": "enforce"}
    rows = [{"type": "csp-violation", "body": body | {"documentURL": HERE + one}} for one in pages]
    return json.dumps([*rows, {"type": "deprecation", "body": {"id": "x"}}])


def send(client, body, kind="application/csp-report", **more):
    return client.post("/violations/", body, content_type=kind, **more).status_code


def said(caplog):
    return [one.getMessage() for one in caplog.records if one.name == violations.__name__]


def test_pages_tell_browsers_where_to_send_it(client):
    answer = client.get("/rules/")
    policy = answer.headers["Content-Security-Policy"]
    assert "report-uri /violations/" in policy and "report-to policy" in policy
    assert answer.headers["Reporting-Endpoints"] == 'policy="/violations/"'
    assert "Reporting-Endpoints" not in client.get("/healthz").headers


def test_both_forms_become_one_line_without_what_is_private(client, caplog):
    caplog.set_level(logging.WARNING)
    token = "/orders/Qm9vdHMgYW5kIGNhdHMgYW5kIG1vcmUgMDEyMzQ1Njc/"
    assert send(client, old(page=f"{token}?code=8213")) == 204
    assert send(client, new("/rules/", "/rules/"), "application/reports+json") == 204

    assert said(caplog) == [
        "content policy: script-src-elem refused https://evil.example on /orders/<str:token>/",
        "content policy: img-src refused data on /rules/",
    ]


@pytest.mark.parametrize(
    "body",
    [
        old(page="").replace(HERE, "https://elsewhere.example"),
        old(page="/no/such/page/"),
        old().replace("document-uri", "another-uri"),
        json.dumps([]),
        json.dumps([{"type": "csp-violation", "body": "x"}, 3, None]),
    ],
)
def test_what_is_about_no_page_of_ours_is_dropped(client, caplog, body):
    assert send(client, body) == 204
    assert said(caplog) == []


@pytest.mark.parametrize("blocked", ["http://[::1", "x\ny://z", "https://a b/", "javascript:x", 7])
def test_nothing_that_a_stranger_writes_gets_into_the_line(client, caplog, blocked):
    facts = json.loads(old(directive="img-src\nlevel=ERROR"))
    facts["csp-report"]["blocked-uri"] = blocked
    assert send(client, json.dumps(facts)) == 204
    (line,) = said(caplog)
    assert line.startswith("content policy: img-src refused ") and "\n" not in line
    assert len(line) < 200


def test_what_is_too_long_or_not_a_report_is_refused(client, caplog):
    assert send(client, "x" * (violations.MOST_BYTES + 1)) == 413
    assert send(client, old(), "text/plain") == 415
    assert send(client, "{") == 400
    assert send(client, '"words"') == 400
    assert send(client, "[" * 10_000) == 400
    assert client.get("/violations/").status_code == 405
    assert said(caplog) == []


def test_one_connection_and_all_together_have_their_measure(client, caplog, monkeypatch):
    monkeypatch.setattr(violations, "EACH", 3)
    monkeypatch.setattr(violations, "ALL", 5)
    seen = [send(client, old()) for _n in range(4)]
    seen += [send(client, old(), REMOTE_ADDR=f"192.0.2.{n}") for n in range(4)]

    assert seen == [204, 204, 204, 429, 204, 204, 429, 429]
    assert len(said(caplog)) == 5


def test_all_addresses_of_one_household_are_one_connection(client, monkeypatch):
    monkeypatch.setattr(violations, "EACH", 2)
    seen = [send(client, old(), REMOTE_ADDR=f"2001:db8:0:1::{n}") for n in range(3)]
    seen += [send(client, old(), REMOTE_ADDR="2001:db8:0:2::1")]
    seen += [send(client, old(), REMOTE_ADDR=f"::ffff:192.0.2.{n}") for n in range(3)]

    assert seen == [204, 204, 429, 204, 204, 204, 204]


def test_without_redis_nothing_is_taken(client, caplog, settings):
    away = settings.CACHES["strict"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = settings.CACHES | {"strict": away}
    assert send(client, old()) == 429
    assert said(caplog) == []
