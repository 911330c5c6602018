"""Stripe's gateway against a local stand-in for its API, over real HTTP."""

import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
import time_machine
from django.utils import timezone

from config.lib import stripe
from shop import gateways, payback, payers, payments, paypages, refunds
from shop.models import Payment
from tests.shop.factories import AT, make_order, make_variant

SECRET = "whsec_test"


class Api(BaseHTTPRequestHandler):
    """Answers like Stripe; an Idempotency-Key gets the same answer, and takes no other words."""

    seen: list[tuple[str, dict, str]] = []
    keys: dict[str, dict] = {}
    fail = False
    pages: list[dict] = []
    paid_by: dict = {"type": "ideal", "ideal": {"bank": "ing"}}

    def refuse(self, code):
        self.send_response(400)
        self.end_headers()
        self.wfile.write(json.dumps({"error": {"code": code}}).encode())

    def do_GET(self):
        self.seen.append((self.path, {}, ""))
        path, _mark, query = self.path.partition("?")
        answer = {"id": path.rsplit("/")[-1], "fee": 82, "currency": "eur"}
        if path == "/v1/balance_transactions":
            answer = self.pages[1 if "starting_after" in query else 0]
        if "payment_intents" in path:
            charge = {"id": "ch_1", "payment_method_details": self.paid_by}
            asked = parse_qs(query).get("expand[]") == ["latest_charge"]
            answer["latest_charge"] = charge if asked else "ch_1"
        self.send_response(500 if Api.fail else 200)
        self.end_headers()
        self.wfile.write(json.dumps({} if Api.fail else answer).encode())

    def do_POST(self):
        fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        key = self.headers["Idempotency-Key"]
        self.seen.append((self.path, {k: v[0] for k, v in fields.items()}, key))
        if self.keys.setdefault(key, fields) != fields:
            self.refuse("idempotency_error")
            return
        answer = {"id": f"re_{key}"} if "refund" in self.path else {
            "id": f"cs_{key}", "url": f"https://checkout.stripe.com/c/{key}",
        }  # fmt: skip
        self.send_response(500 if Api.fail else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"error": {"code": "oops"}} if Api.fail else answer).encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def api(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.STRIPE_API_URL = f"http://127.0.0.1:{server.server_port}"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test", SECRET
    settings.PAYMENT_GATEWAY = "stripe"
    Api.seen.clear()
    Api.keys.clear()
    Api.fail = False
    yield Api
    server.shutdown()
    server.server_close()


def event(kind, thing, event_id="evt_1"):
    body = {"id": event_id, "type": kind, "created": int(time.time()), "data": {"object": thing}}
    raw = json.dumps(body).encode()
    return {"Stripe-Signature": stripe.sign(raw, SECRET, int(time.time()))}, raw


def paid(order, **changes):
    return {
        "id": "cs_1", "object": "checkout.session", "payment_status": "paid",
        "payment_intent": "pi_1", "amount_total": 3450, "currency": "eur",
        "client_reference_id": order.number, "metadata": {"order": order.number},
    } | changes  # fmt: skip


@pytest.mark.django_db
def test_an_order_is_paid_and_refunded(api, client):
    order = make_order((make_variant(price=3450), 1), paid=False)
    started = paypages.begin(
        order, return_url="https://x.example/o", cancel_url="https://x.example/c"
    )
    assert started.url.startswith("https://checkout.stripe.com/")
    path, fields, key = api.seen[0]
    assert (path, key.rpartition("-")[0]) == ("/v1/checkout/sessions", f"{order.number}-0")
    assert fields["line_items[0][price_data][unit_amount]"] == "3450"
    assert fields["metadata[order]"] == order.number

    headers, raw = event("checkout.session.completed", paid(order, payment_status="unpaid"))
    assert (
        client.post("/hooks/stripe/", raw, "application/json", headers=headers).status_code == 200
    )
    order.refresh_from_db()
    assert (order.status, (order.expires_at - AT).days > 3) == ("pending", True)
    headers, raw = event("checkout.session.async_payment_succeeded", paid(order), "evt_2")
    assert (
        client.post("/hooks/stripe/", raw, "application/json", headers=headers).status_code == 200
    )
    order.refresh_from_db()
    assert order.status == "paid"

    made = refunds.refund(order, at=AT, amount=1000)
    payback.send_back(AT)
    assert api.seen[-1][1] == {
        "payment_intent": "pi_1", "amount": "1000", "metadata[refund]": made.reference,
    }  # fmt: skip
    refund = {"id": "re_9", "object": "refund", "status": "succeeded", "payment_intent": "pi_1",
              "amount": 1000, "currency": "eur", "metadata": {"refund": made.reference}}  # fmt: skip
    headers, raw = event("refund.created", refund, "evt_3")
    client.post("/hooks/stripe/", raw, "application/json", headers=headers)
    assert Payment.objects.filter(kind="refund").count() == 1


CARD = {"type": "card", "card": {"fingerprint": "fp_1", "last4": "4242"}}
SEPA = {"type": "sepa_debit", "sepa_debit": {"fingerprint": "fp_1"}}
IDEAL = {"type": "ideal", "ideal": {"bank": "ing", "iban_last4": "4300"}}


@pytest.mark.django_db
@pytest.mark.parametrize(("paid_by", "mark"), [(CARD, "fp_1"), (SEPA, "fp_1"), (IDEAL, "")])
def test_it_is_asked_once_who_paid(api, client, monkeypatch, paid_by, mark):
    monkeypatch.setattr(Api, "paid_by", paid_by)
    order = make_order((make_variant(price=3450), 1), paid=False)
    headers, raw = event("checkout.session.completed", paid(order))
    client.post("/hooks/stripe/", raw, "application/json", headers=headers)
    assert api.seen == []  # a message is answered at once
    now = timezone.now()

    api.fail = True
    assert payers.ask(now) == 0
    api.fail = False
    assert [payers.ask(now), payers.ask(now)] == [1, 0]

    order.refresh_from_db()
    assert order.payment_fingerprint == (payers.keyed(mark) if mark else "")
    assert api.seen[-1][0] == "/v1/payment_intents/pi_1?expand%5B%5D=latest_charge"


@pytest.mark.django_db
def test_an_open_payment_page_is_opened_again_minutes_later(api):
    order = make_order((make_variant(price=3450), 1), paid=False)
    asked = {"return_url": "https://x.example/o", "cancel_url": "https://x.example/c"}
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False) as clock:
        first = paypages.begin(order, **asked)
        clock.shift(600)
        order.email = "corrected@people.example"
        assert paypages.begin(order, **asked) == first
        assert len(api.seen) == 1

        clock.shift(1_200)  # that page is over at Stripe
        assert paypages.begin(order, **asked).reference != first.reference


@pytest.mark.django_db
def test_a_page_whose_answer_was_lost_is_asked_for_again(api):
    order = make_order((make_variant(price=3450), 1), paid=False)
    asked = {"return_url": "https://x.example/o", "cancel_url": "https://x.example/c"}
    api.fail = True
    with pytest.raises(gateways.NoAnswer):
        paypages.begin(order, **asked)
    api.fail = False
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        assert paypages.begin(order, **asked).url


@pytest.mark.django_db
def test_no_answer_leaves_the_refund_owed(api):
    order = make_order((make_variant(price=3450), 1), paid=False)
    headers, raw = event("checkout.session.completed", paid(order))
    payments.receive(gateways.named("stripe").parse(headers, raw))
    refunds.refund(order, at=AT, amount=1000)
    api.fail = True

    assert payback.send_back(AT) == 0
    api.fail = False
    assert (payback.send_back(AT), payback.send_back(AT)) == (1, 0)


@pytest.mark.django_db
def test_a_dispute_finds_its_order_by_the_charge(api):
    order = make_order((make_variant(price=3450), 1), paid=False)
    for kind, thing, event_id in [
        ("checkout.session.completed", paid(order), "e1"),
        ("charge.dispute.funds_withdrawn",
         {"id": "dp_1", "object": "dispute", "payment_intent": "pi_1", "amount": 3450, "currency": "eur"}, "e2"),
    ]:  # fmt: skip
        headers, raw = event(kind, thing, event_id)
        payments.receive(gateways.named("stripe").parse(headers, raw))

    assert order.disputes.values_list("reference", "state").get() == ("dp_1", "withdrawn")


@pytest.mark.parametrize("header", ["", "t=1,v1=abc", "v1=abc", "t=x,v1="])
def test_unsigned_messages_are_refused(api, header):
    with pytest.raises(gateways.BadMessage):
        gateways.named("stripe").parse({"Stripe-Signature": header}, b"{}")


def test_a_provider_that_is_down_is_no_answer(api):
    api.fail = True

    with pytest.raises(gateways.NoAnswer):
        gateways.named("stripe").refund(charge="pi", amount=1, currency="EUR", key="k")
