"""What the log holds: one id per request, the pattern of its address, and nothing private."""

import io
import json
import logging
import random
import time

import pytest
from celery.signals import before_task_publish, task_prerun
from hypothesis import given
from hypothesis import strategies as st

from config import logs, sentry

pytestmark = pytest.mark.django_db
ID = "0123456789abcdef"
PRIVATE = {
    "mail": "noor.bakes+tag@mail.example",
    "card": "4242 4242 4242 4242",
    "account": "NL91 ABNA 0417 1643 00",
    "password": "correct-horse-7",
}


def handler_of(formatter: logging.Formatter) -> logging.StreamHandler:
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(formatter)
    handler.addFilter(logs.WithRequest())
    return handler


@pytest.fixture
def written():
    """Reads what was logged as JSON since the test began."""
    facts = logs.config("INFO", "json", requests=True)["formatters"]["json"]
    handler = handler_of(
        logs.Json(facts["fmt"], facts["datefmt"], "{", rename_fields=facts["rename_fields"])
    )
    loggers = [logging.getLogger(name) for name in ("", "django", "config.logs")]
    levels = [one.level for one in loggers]
    for one in loggers[:2]:
        one.addHandler(handler)
    loggers[2].setLevel("INFO")
    yield lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    for one, level in zip(loggers, levels, strict=True):
        one.removeHandler(handler)
        one.setLevel(level)


def test_a_request_is_one_record_with_its_id_and_the_pattern_of_its_address(client, written):
    answer = client.get("/orders/Zr4w-hXq81LmPq0TgYvB2c/")

    record = next(one for one in written() if one["logger"] == "config.logs")
    assert record["request_id"] == answer["X-Request-ID"]
    assert record["status"] == answer.status_code
    assert record["route"]
    assert "Zr4w-hXq81LmPq0TgYvB2c" not in json.dumps(written())
    assert record["at"].endswith("Z") and record["ms"] >= 0


def test_who_meets_an_error_reads_the_number_that_finds_it(client, written, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("config.views.health.look", lambda *_args: 1 / 0)
    answer = client.get("/readyz")

    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.text
    assert "division" not in answer.text and "ZeroDivision" not in answer.text
    error = next(one for one in written() if one["logger"] == "django.request")
    assert error["request_id"] == answer["X-Request-ID"]
    assert "ZeroDivisionError" in error["exc_info"]


def test_the_id_of_a_request_is_kept_where_it_looks_like_a_bank_account(written):
    mark = logs.current.set("ac44bb1c52e44134a974cbf7acb8ac05")
    logging.getLogger("config").warning("paid to NL91ABNA0417164300")
    logs.current.reset(mark)
    [said] = written()
    assert (said["request_id"], said["message"]) == (
        "ac44bb1c52e44134a974cbf7acb8ac05",
        "paid to [account]",
    )


def test_only_a_proxy_of_ours_names_a_request(client, settings):
    assert client.get("/healthz", headers={"x-request-id": ID})["X-Request-ID"] != ID
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert client.get("/healthz", headers={"x-request-id": ID})["X-Request-ID"] == ID
    bad = client.get("/healthz", headers={"x-request-id": "a b\tc<script>"})["X-Request-ID"]
    assert logs.GIVEN.fullmatch(bad)


def test_a_task_carries_the_id_of_the_request_that_sent_it():
    mark = logs.current.set(ID)
    headers = {}
    before_task_publish.send(sender="a task", headers=headers)
    logs.current.reset(mark)

    class Task:
        request = headers

    mark = logs.current.set("")
    task_prerun.send(sender="a task", task=Task, task_id="7")
    assert logs.current.get() == ID
    Task.request = {}
    task_prerun.send(sender="a task", task=Task, task_id="7")
    assert logs.current.get() == "7"  # of beat's tasks, the task's own
    logs.current.reset(mark)


def test_nothing_that_people_send_is_in_the_log(client, written):
    rng = random.Random(1)
    for n in range(200):
        words = {name: value for name, value in PRIVATE.items() if rng.random() < 0.7}
        path = rng.choice(["/", "/accounts/login/", "/creator/join/", "/nothing/here/", "/cart/"])
        send = client.get if n % 2 else client.post
        send(path, words | {"token": "t0p-s3cret"})

    said = json.dumps(written())
    assert len(written()) >= 200
    assert [one for one in (*PRIVATE.values(), "t0p-s3cret") if one in said] == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Key (email)=(noor@mail.example) exists", "Key (email)=([mail]) exists"),
        (
            "check\nDETAIL:  Failing row contains (7, A. Person, Road 1).",
            "check\nDETAIL: [kept back]",
        ),
        ("to nl91abna0417164300, noor%40mail.example", "to [account], [mail]"),
        ("GET /x?token=abc&page=2", "GET /x?token=[kept back]&page=2"),
        ("Not Found: /orders/b3Fx_9aZ-lkQ0pVnM2/", "Not Found: /orders/[token]/"),
        (
            "/shop/mill-of-zaandam-demo/tin-for-9-cakes/",
            "/shop/mill-of-zaandam-demo/tin-for-9-cakes/",
        ),
        ("paid to NL91ABNA0417164300 now", "paid to [account] now"),
        ("card 4242424242424242.", "card [number]."),
        ("order 1234567890123456", "order 1234567890123456"),  # no card: its check digit is wrong
        ("/v19/me?access_token=EAAB1x&id=7", "/v19/me?access_token=[kept back]&id=7"),
        ("client_secret=s3cret&x=1", "client_secret=[kept back]&x=1"),
        ("Authorization: Bearer thd_abc.DEF-123", "Authorization: [kept back] [kept back]"),
        ("a bearer abcDEF123456 of ours", "a bearer [kept back] of ours"),
        ("{'api_key': 'one two', 'n': 1}", "{'api_key': [kept back], 'n': 1}"),
        ('{"refresh_token": "1//0g", "n": 1}', '{"refresh_token": [kept back], "n": 1}'),
        (r'"{\"token\": \"abcd\"}"', r'"{\"token\": [kept back]\"}"'),
        ("Cookie: a=b; csrftoken=c; d=e\nHost: x", "Cookie: [kept back]\nHost: x"),
        ("__Host-session=8sdf7sd8; ", "__Host-session=[kept back]; "),
        ("redis://:s3cret@10.0.0.1:6379/0 away", "redis://:[kept back]@10.0.0.1:6379/0 away"),
        ("postgres://thousand:s3cret@db/x", "postgres://thousand:[kept back]@db/x"),
        ("sk_live_51Habcdefgh whsec_abcdefgh1 thd_abcdefghij", "[token] [token] [token]"),
        (
            "keyword: mug, barcode: 12, status code 404",
            "keyword: mug, barcode: 12, status code 404",
        ),
    ],
)
def test_what_is_private_is_kept_back(text, left):
    assert logs.scrub(text) == left


def test_what_a_stranger_sends_does_not_make_the_log_slow():
    """Anybody's host name or address stands in some records. What the patterns take grows with its
    length; with the square of it the first of these alone took half a minute of CPU.
    """
    words = ["a", "a-", "a.", "/A1", "1-", "a@", "key=", "'key': \"", "pass_", "://a:", "%40", "A1"]
    begun = time.process_time()  # of this process alone, whoever else works on the machine
    for word in words:
        logs.scrub(word * (64_000 // len(word)))
    assert time.process_time() - begun < 15


@given(st.text())
def test_a_line_stays_one_line_whatever_was_typed(text):
    handler = handler_of(logs.Line("{levelname} {message}", style="{"))
    handler.handle(logging.makeLogRecord({"msg": "%s", "args": (text,), "levelname": "INFO"}))

    assert handler.stream.getvalue().count("\n") == 1
    assert "\r" not in handler.stream.getvalue()


def test_an_error_goes_to_sentry_without_who_and_what():
    event = {
        "user": {"id": 1}, "breadcrumbs": {"values": ["GET /order/token/"]},
        "request": {"method": "POST", "url": "https://x/order/token/", "data": PRIVATE,
                    "headers": {"Cookie": "session=1"}, "cookies": {"session": "1"}},
        "exception": {"values": [{"type": "ValueError", "value": "noor@mail.example is taken"}]},
        "logentry": {"message": "%s failed", "formatted": "noor@mail.example failed"},
    }  # fmt: skip

    said = sentry.clean(event)

    assert said["request"] == {"method": "POST"}
    assert "token" not in json.dumps(said)
    assert said["exception"]["values"][0]["value"] == "[mail] is taken"
    assert said["logentry"] == {"message": "[mail] failed"}
