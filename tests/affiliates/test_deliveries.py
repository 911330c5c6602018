"""Messages reach endpoints signed, in order, at least once; the slow and the false cost nobody else."""

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend as LocMemBackend
from django.utils import timezone

from affiliates import deliveries, endpointletters, endpoints
from affiliates.models import Delivery, Endpoint
from config.lib import outbound
from shop.models import Membership
from tests.affiliates.factories import make_brand, make_creator, make_user, sign_in
from tests.affiliates.receivers import receiver

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def there(settings):
    with receiver() as found:
        settings.PRIVATE_WEBHOOKS_TO = found.url
        yield found


@pytest.fixture
def brand():
    return make_brand()


def listen(owner, url, at=NOW, kinds=("commission.born",)):
    side = owner._meta.model_name
    by = make_user()
    if side == "brand":
        Membership.objects.create(user=by, brand=owner)
    return endpoints.add(url, kinds, at, by=by, **{side: owner})


def write(endpoint, name="x", subject="s", at=NOW, **facts):
    uid = uuid4()
    facts = {
        "kind": "commission.born",
        "data": {"n": name},
        "created_at": at,
        "next_at": at,
    } | facts
    return Delivery.objects.create(endpoint=endpoint, uid=uid, name=name, subject=subject, **facts)


def state(row):
    row.refresh_from_db()
    return row.state, row.tries, row.status, row.note


def test_a_message_is_signed_as_standard_webhooks_says(there, brand, tmp_path):
    endpoint = listen(brand, f"{there.url}/ok")
    row = write(endpoint, data={"amount": {"amount": 342, "currency": "EUR"}, "word": "é"})
    begun = int(time.time())

    assert deliveries.send(NOW) == 1

    assert state(row) == ("delivered", 1, 204, "ok")
    ((path, headers, body),) = there.got
    assert (path, headers["content-type"], headers["webhook-id"]) == (
        "/ok", "application/json", str(row.uid)
    )  # fmt: skip
    assert json.loads(body) == {
        "type": "commission.born", "timestamp": "2026-11-20T12:00:00Z", "data": row.data,
    }  # fmt: skip
    assert begun <= int(headers["webhook-timestamp"]) <= time.time()
    key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
    told = f"{row.uid}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert _python_says(endpoint.secret, headers, body)
    assert not _python_says(endpoint.secret, headers, body + b" ")
    assert not _python_says(endpoints.new_secret(), headers, body)
    assert _shell_says(endpoint.secret, headers, body, tmp_path) == f"v1,{wanted}"


def _python_says(secret, headers, body) -> bool:
    """Run the snippet of the docs page."""
    found = {}
    with open("templates/affiliates/snippets/verify.py.txt") as file:
        exec(file.read(), found)  # noqa: S102
    return found["is_from_thousand"](secret, headers, body)


def _shell_says(secret, headers, body, folder) -> str:
    (folder / "body.json").write_bytes(body)
    with open("templates/affiliates/snippets/verify.sh.txt") as file:
        return subprocess.run(
            ["sh"], input=file.read(), cwd=folder, text=True, capture_output=True, check=True,
            env={
                "SECRET": secret, "ID": headers["webhook-id"], "AT": headers["webhook-timestamp"],
                "PATH": "/usr/local/bin:/usr/bin:/bin",
            },
        ).stdout.strip()  # fmt: skip


def test_a_new_secret_overlaps_the_old_one_for_a_day(there, brand):
    endpoint = listen(brand, f"{there.url}/ok")
    old, new = endpoint.secret, endpoints.rotate(endpoint, NOW)
    for n, at in enumerate((NOW, NOW + timedelta(hours=25))):
        write(endpoint, name=str(n), subject=str(n), at=at)
        deliveries.send(at)

    signed = [headers["webhook-signature"].split() for _path, headers, _body in there.got]
    assert [len(words) for words in signed] == [2, 1]
    for (_path, headers, body), words in zip(there.got, signed, strict=True):
        made = endpoints.sign(new, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
        assert words[0] == made
    _path, headers, body = there.got[0]
    assert signed[0][1] == endpoints.sign(
        old, headers["webhook-id"], int(headers["webhook-timestamp"]), body
    )
    assert Endpoint.objects.filter(secret__contains=new).count() == 0  # sealed


@pytest.mark.parametrize(
    ("path", "status", "note"),
    [("/bad", 500, "answer"), ("/moved", 302, "redirect"), ("/no", 400, "answer")],
)
def test_what_is_no_2xx_is_tried_again(there, brand, path, status, note):
    there.answers = {"/bad": 500, "/moved": 302, "/no": 400}
    endpoint = listen(brand, there.url + path)
    row = write(endpoint)

    assert [deliveries.send(NOW), deliveries.send(NOW)] == [1, 0]

    assert state(row) == ("waiting", 1, status, note)
    assert 26 < (row.next_at - NOW).total_seconds() < 34
    assert [at for at, _headers, _body in there.got] == [path]  # and nothing elsewhere
    there.answers = {}
    assert deliveries.send(row.next_at) == 1
    assert state(row) == ("delivered", 2, 204, "ok")
    assert there.ids() == [str(row.uid)] * 2


def test_ten_tries_in_72_hours_then_a_dead_letter_a_pause_and_a_mail(there, brand):
    there.answers = {"/down": 503}
    endpoint = listen(brand, f"{there.url}/down")
    first, second = (
        write(endpoint, name=str(n), subject=str(n), at=at)
        for n, at in enumerate((NOW, NOW + timedelta(hours=60)))
    )
    at = NOW
    while state(first)[0] == "waiting":
        deliveries.send(at)
        at = min(Delivery.objects.waiting().values_list("next_at", flat=True), default=at)

    assert state(first) == ("dead", 10, 503, "answer")
    last = first.done_at - NOW
    assert timedelta(hours=64) < last < timedelta(hours=80)  # 72, with chance in each wait
    assert state(second)[0] == "dead"
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.paused_at) == ("paused", first.done_at)
    assert [endpointletters.send_waiting(), endpointletters.send_waiting()] == [1, 0]
    assert [one.to for one in mail.outbox] == [[endpoint.kept_by.email]]
    assert f"/brand/{brand.slug}/webhooks/{endpoint.pk}/" in mail.outbox[0].body
    there.answers = {}
    endpoints.switch(endpoint, True, at)
    assert endpoints.replay(endpoint, at) == 2
    deliveries.send(at)
    assert state(first) == ("delivered", 1, 204, "ok")
    assert there.ids()[-2:] == [str(first.uid), str(second.uid)]


def test_the_waits_add_up_to_72_hours():
    assert sum(deliveries.BACK_OFF) == 72 * 3_600
    assert len(deliveries.BACK_OFF) == deliveries.TRIES - 1
    for n, wait_s in enumerate(deliveries.BACK_OFF, 1):
        assert abs(deliveries.wait(n).total_seconds() / wait_s - 1) <= deliveries.JITTER


def test_one_that_is_gone_is_paused_at_once(there, brand):
    there.answers = {"/gone": 410}
    endpoint = listen(brand, f"{there.url}/gone")
    write(endpoint)
    deliveries.send(NOW)
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.tells) == ("paused", True)


def test_about_one_thing_the_second_message_waits_for_the_first(there, brand):
    there.answers = {"/a": 500}
    endpoint = listen(brand, f"{there.url}/a")
    born, settled = write(endpoint, "born"), write(endpoint, "settled")
    other = write(endpoint, "other", subject="t")
    deliveries.send(NOW)
    assert [state(row)[1] for row in (born, settled, other)] == [1, 0, 0]
    there.answers = {}
    born.refresh_from_db()
    deliveries.send(born.next_at)
    assert [state(row)[0] for row in (born, settled, other)] == ["delivered"] * 3
    order = there.ids()
    assert order.index(str(settled.uid)) > order.index(str(born.uid))


def test_a_worker_that_died_after_claiming_loses_nothing(there, brand):
    endpoint = listen(brand, f"{there.url}/ok")
    row = write(endpoint)
    assert len(deliveries.claim(NOW)) == 1  # and died
    assert deliveries.send(NOW) == 0
    assert deliveries.send(NOW + deliveries.LEASE) == 1
    assert state(row) == ("delivered", 2, 204, "ok")


def test_slow_receivers_are_cut_off_and_delay_nobody_else(there, monkeypatch):
    monkeypatch.setattr(deliveries, "TOTAL_S", 0.6)
    slow = [listen(make_brand(), f"{there.url}/trickle") for _ in range(4)]
    quick = listen(make_brand(), f"{there.url}/ok")
    rows = [write(one) for one in slow]
    good = [write(quick, str(n), subject=str(n)) for n in range(30)]
    deliveries.send(NOW)

    assert there.said_all == 0  # nobody listened to the end
    assert {state(row) for row in rows} == {("waiting", 1, None, "silent")}
    assert {state(row) for row in good} == {("delivered", 1, 204, "ok")}
    assert there.got[-1][0] != "/trickle"


def test_an_answer_without_end_is_taken_by_its_first_line(there, brand):
    there.answers = {"/long": 200}
    row = write(listen(brand, f"{there.url}/long"))
    deliveries.send(NOW)
    assert state(row) == ("delivered", 1, 200, "ok")


def test_one_endpoint_has_one_request_at_a_time(there, brand):
    endpoint = listen(brand, f"{there.url}/ok")
    for n in range(8):
        write(endpoint, str(n), subject=str(n))
    assert deliveries.send(NOW) == 8
    assert there.most_open == 1


def test_nobody_listens(brand, settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.PRIVATE_WEBHOOKS_TO = f"http://127.0.0.1:{closed.getsockname()[1]}"
        row = write(listen(brand, f"{settings.PRIVATE_WEBHOOKS_TO}/x"))
        deliveries.send(NOW)
    assert state(row) == ("waiting", 1, None, "silent")


def test_a_name_that_lies_about_its_address_reaches_nobody(there, brand, monkeypatch):
    """Public when it was added, ours when it is called: asked once, and that address is used."""
    endpoint = listen(brand, "https://rebind.example/x")
    row = write(endpoint)
    port, asked = int(there.url.rpartition(":")[2]), []
    real = socket.getaddrinfo

    def lies(host, *args, **more):
        if host != "rebind.example":
            return real(host, *args, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lies)
    deliveries.send(NOW)
    assert state(row) == ("waiting", 1, None, "address")
    assert (there.got, asked) == ([], ["rebind.example"])


@pytest.mark.parametrize(
    "url",
    [
        "http://mill.example/x", "https://mill.example:8443/x", "https://a:b@mill.example/x",
        "https://localhost/x", "https://mill/x", "ftp://mill.example/", "https://", "mill.example",
        "https://mill.example/#x", "https://mill.example/ x", "https://[::1/",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(endpoints.BadAddress):
        endpoints.checked(url)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "https://169.254.169.254/", "https://[::ffff:7f00:1].example/"]
)
def test_an_address_in_a_private_network_is_refused_when_it_is_called(url):
    with pytest.raises(outbound.OutboundError):
        outbound.request("POST", url, body=b"{}", read_body=False, total_s=2)


def test_nothing_goes_to_who_is_suspended_or_was_switched_off(there, brand):
    endpoint = listen(brand, f"{there.url}/ok")
    row = write(endpoint)
    brand.status = "suspended"
    brand.save()
    assert deliveries.send(NOW) == 0
    brand.status = "active"
    brand.save()
    endpoints.switch(endpoint, False, NOW)
    assert (deliveries.send(NOW), state(row)) == (0, ("dead", 0, None, "off"))


def test_a_brands_endpoint_hears_while_its_keeper_is_an_owner(there, brand, client):
    endpoint, owner = listen(brand, f"{there.url}/hook"), make_user()
    write(endpoint)
    Membership.objects.filter(user=endpoint.kept_by).update(role="member")
    assert deliveries.send(NOW) == 0

    Membership.objects.create(user=owner, brand=brand)
    sign_in(client, owner)
    page = client.get(endpointletters.page_of(endpoint)).content.decode()
    assert "so it hears nothing" in page and endpoint.kept_by.email in page
    old = endpoint.secret
    assert endpoints.take_over(endpoint, NOW, by=owner) != old
    assert deliveries.send(NOW) == 1
    Endpoint.objects.update(kept_by=None)
    write(endpoint, "y")
    assert deliveries.send(NOW) == 0


def test_who_waited_longest_is_served_first(brand, there):
    rows = [listen(brand, f"{there.url}/hook") for _n in range(3)]
    for n, row in enumerate(rows):
        write(row, f"n{n}")
        Endpoint.objects.filter(pk=row.pk).update(served_at=NOW - timedelta(minutes=n))
    turns = [job.endpoint.pk for job in deliveries.claim(NOW)]
    assert turns == [row.pk for row in reversed(rows)]


def test_one_address_that_takes_nothing_now_stops_nobody_and_brings_nothing_twice(
    brand, settings, mailoutbox
):
    owners = [make_user(email=f"{name}@mill.example") for name in ("ann", "later", "zoe")]
    for owner in owners:
        Membership.objects.create(user=owner, brand=brand)
    endpoint = endpoints.add(
        "https://mill.example/", ["commission.born"], NOW, by=owners[0], brand=brand
    )
    Endpoint.objects.filter(pk=endpoint.pk).update(state="paused", paused_at=NOW, tells=True)
    settings.EMAIL_BACKEND = "tests.affiliates.test_deliveries.LaterMail"

    assert [endpointletters.send_waiting(), endpointletters.send_waiting()] == [1, 0]
    assert [one.to for one in mailoutbox] == [["ann@mill.example"], ["zoe@mill.example"]]


class LaterMail(LocMemBackend):
    """A mail server that answers 450 to one address."""

    def send_messages(self, messages):
        if any("later@mill.example" in one.to for one in messages):
            raise SMTPRecipientsRefused({"later@mill.example": (450, b"later")})
        return super().send_messages(messages)


def test_what_is_old_goes(there, brand):
    endpoint = listen(brand, f"{there.url}/ok")
    done = write(endpoint, "1", state="delivered", next_at=None, done_at=NOW)
    waits = write(endpoint, "2")
    late = NOW + timedelta(days=31)
    assert deliveries.tidy(late) == 1
    assert not Delivery.objects.filter(pk=done.pk).exists()
    assert state(waits) == ("dead", 0, None, "old")
    assert deliveries.tidy(late + timedelta(days=31)) == 1


def test_five_endpoints_and_no_more():
    creator = make_creator()
    for n in range(5):
        listen(creator, f"https://mill.example/{n}", at=timezone.now())
    with pytest.raises(endpoints.TooMany):
        listen(creator, "https://mill.example/6", at=timezone.now())
