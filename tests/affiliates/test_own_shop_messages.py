"""What own shops tell comes in any order and more than once: the end is the same."""

import os
from datetime import UTC, datetime, timedelta
from itertools import permutations

import psycopg
import pytest
from django.utils import timezone

from affiliates.models import Commission
from shop import ownorders, ownsales
from shop.models import Order, OrderLine, WebhookEvent
from tests.affiliates.own_shops import NOW, Shop, ended, paid, refund, sample, shipped, told
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def everything(number, landing):
    edit = {"id": 1, "order_id": number, "line_items": {"additions": [], "removals": []}}
    return [
        ("orders/paid", paid(number, quantity=2, total="69.00", landing_site=landing)),
        ("orders/edited", {"order_edit": edit}),
        ("refunds/create", refund(number, "20.00", of=number)),
        ("fulfillments/create", shipped(number)),
        ("fulfillment_events/create", {"id": 9, "fulfillment_id": 501, "order_id": number,
            "status": "delivered", "happened_at": (NOW + timedelta(days=3)).isoformat()}),
    ]  # fmt: skip


def test_any_order_of_messages_ends_the_same():
    shop = Shop()
    landing, ends = f"/mug?thousand={shop.click()}", []
    orders = list(permutations(range(5)))[:: 1 if os.environ.get("THOROUGH") else 11]
    for number, order in enumerate(orders, 1001):
        messages = everything(number, landing)
        for k in [*order, order[0]]:
            assert shop.send(*messages[k]).status_code == 200
        ends.append(ended(number))
    assert WebhookEvent.objects.count() == 5 * len(orders)
    assert len({repr(end) for end in ends}) == 1
    assert ends[0][:2] == (6900, 2000)
    assert ends[0][4] == NOW + timedelta(days=3)
    assert ends[0][5] == 405  # 10 % of 49.00 without its VAT


def test_a_parcel_that_was_cancelled_there_did_not_leave():
    """In any order of messages; the days of the carrier are counted from the one that did."""
    day = timedelta(days=1)
    again = shipped() | {"id": 502, "created_at": (NOW + 3 * day).isoformat()}
    messages = [
        ("orders/paid", paid()),
        ("fulfillments/create", shipped()),
        ("fulfillments/update",
         shipped() | {"status": "cancelled", "updated_at": (NOW + 2 * day).isoformat()}),
    ]  # fmt: skip
    for number, order in enumerate(permutations(messages), 1):
        shop = Shop()
        for topic, body in order:
            changed = {"order_id" if "order_id" in body else "id": number}
            assert shop.send(topic, body | changed).status_code == 200
        assert ended(number)[3:5] == (None, None)
        assert ownsales.assume_delivered(NOW + 6 * day) == 0
        shop.send("fulfillments/create", again | {"order_id": number})
        assert ended(number)[3] == NOW + 3 * day


def test_an_order_that_is_set_back_from_completed_has_not_left():
    shop, day = Shop("woocommerce"), timedelta(days=1)
    body = sample("woocommerce_order")
    body["meta_data"][1]["value"] = f"https://mill.example/?thousand={shop.click()}"
    at = datetime.fromisoformat(body["date_modified_gmt"]).replace(tzinfo=UTC)

    def send(status, days):
        moment = (at + days * day).isoformat()
        gone = {"date_completed_gmt": moment} if status == "completed" else {}
        shop.send("order.updated", body | gone | {"status": status, "date_modified_gmt": moment})
        return ended(body["id"])

    first = send("processing", 0)
    assert send("completed", 1)[3] is not None
    assert ownsales.assume_delivered(timezone.now() + 9 * day) == 1
    assert send("processing", 2) == first
    assert send("completed", 3)[3] is not None


def test_an_order_that_was_cancelled_for_want_of_money_counts_once_it_is_paid():
    """WooCommerce cancels what is not paid within the hour; a bank's answer may come later."""
    shop = Shop("woocommerce")
    body = sample("woocommerce_order")
    body["meta_data"][1]["value"] = f"https://mill.example/?thousand={shop.click()}"
    states = ["pending", "cancelled", "processing"]
    for number, order in enumerate(permutations(enumerate(states)), 500):
        for minutes, status in order:
            at = (NOW + timedelta(minutes=minutes)).isoformat()
            facts = {"id": number, "status": status, "date_modified_gmt": at, "date_paid": None}
            shop.send("order.updated", body | facts)
        gross, back = ended(number)[:2]
        assert (gross > 0, back) == (True, 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_order_that_is_taken_up_again_counts_again(order):
    shop = Shop("api")
    line = {"id": "1", "sku": "MUG", "quantity": 1, "total": "34.50", "tax": "5.99"}
    whole = {"id": "A-1", "currency": "EUR", "total": "34.50", "lines": [line], "paid": True,
             "cart": shop.click()}  # fmt: skip
    states = ["paid", "cancelled", "paid"]
    for k in order:
        at = (NOW + timedelta(minutes=k)).isoformat()
        shop.send(f"key-{k}", {"order": whole | {"status": states[k], "updated_at": at}})
    left = sum(row.gross - row.refunded_gross for row in OrderLine.objects.all())
    assert left == 3450
    assert sum(Commission.objects.live().values_list("amount", flat=True)) == 285


def test_a_message_twice_is_one_and_an_altered_one_is_refused():
    shop = Shop()
    head = {"X-Shopify-Event-Id": "e1"}
    assert told(shop.send("orders/paid", paid(), **head))[1] == "applied"
    first = ended(1001)
    body = paid()
    assert shop.send("orders/paid", body | {"total_price": "99.00"}, **head).status_code == 409
    for fresh in ("e2", "e3"):
        assert shop.send("orders/paid", body, **{"X-Shopify-Event-Id": fresh}).status_code == 200
    assert (Order.objects.count(), ended(1001)) == (1, first)


def test_one_refund_told_in_three_ways_counts_once():
    shop = Shop()
    shop.send("orders/paid", paid())
    shop.send("refunds/create", refund(back="20.00"))
    inside = refund(back="20.00")
    shop.send("orders/cancelled", paid(refunds=[inside]))
    shop.send("refunds/create", refund(back="20.00"), **{"X-Shopify-Event-Id": "again"})
    assert OrderLine.objects.get().refunded_gross == 2000


def in_both(shop, theirs):
    """Return a set of amounts as Shopify tells them to a shop in euros whose shopper paid in kronor."""
    return {"shop_money": {"amount": shop, "currency_code": "EUR"},
            "presentment_money": {"amount": theirs, "currency_code": "SEK"}}  # fmt: skip


@pytest.mark.parametrize("told_by", ["refunds/create", "orders/updated"])
@pytest.mark.parametrize(
    ("status", "pieces", "paid_back", "difference", "back"),
    [
        ("success", 1, "393.00", None, 3450),  # a piece
        ("pending", 1, "393.00", "34.50", 3450),  # on its way, as Shopify Payments tells it
        ("success", 1, "113.90", "24.50", 1000),  # a part of what the piece was
        ("success", 0, "113.90", "-10.00", 1000),  # for goodwill
    ],
)
def test_money_that_goes_back_in_the_shoppers_currency_counts_in_the_shops(
    told_by, status, pieces, paid_back, difference, back
):
    shop = Shop()
    bought = {"quantity": 3, "total": "103.50"}
    shop.send("orders/paid", paid(**bought, presentment_currency="SEK"))
    one = refund(back=paid_back) | {"total_duties_set": in_both("0.00", "0.00")}
    one["refund_line_items"] = pieces * [
        {"line_item_id": 11, "quantity": 1, "subtotal": 34.5, "total_tax": 0.0,
         "subtotal_set": in_both("34.50", "393.00")}
    ]  # fmt: skip
    one["transactions"][0] |= {"status": status, "currency": "SEK"}
    if difference:
        one["order_adjustments"] = [
            {"kind": "refund_discrepancy", "amount": difference, "tax_amount": "0.00",
             "amount_set": in_both(difference, paid_back)}
        ]  # fmt: skip
    later = (NOW + timedelta(seconds=9)).isoformat()
    whole = paid(**bought, refunds=[one], updated_at=later)
    answer = shop.send(told_by, one if told_by == "refunds/create" else whole)

    assert told(answer)[1] == "applied"
    assert OrderLine.objects.get().refunded_gross == back


def test_a_cancelled_order_earns_nothing_before_or_after_it_was_paid():
    shop = Shop()
    landing = f"/?thousand={shop.click()}"
    gone = {"cancelled_at": NOW.isoformat(), "financial_status": "refunded"}
    for number, kinds in ((1001, "pc"), (1002, "cp")):
        for kind in kinds:
            body = paid(number, landing_site=landing) | (gone if kind == "c" else {})
            shop.send("orders/cancelled" if kind == "c" else "orders/paid", body)
        assert ended(number)[1] == 3450
        assert ended(number)[5] == 0


# ------------------------------------------------------------------ kept first, and at one moment


def test_a_message_is_kept_and_answered_before_anything_is_done_with_it():
    shop = Shop()
    answer = shop.send("orders/paid", paid(), apply=False)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "kept")
    assert (answer.kept.outcome, Order.objects.count()) == ("", 0)
    assert [ownorders.apply_waiting(timezone.now()) for _n in range(2)] == [1, 0]
    assert Order.objects.count() == 1


def test_what_is_kept_but_not_applied_yet_is_not_counted_with_another():
    shop = Shop()
    wrong = shop.send("orders/paid", paid(currency="USD"), apply=False).kept
    right = shop.send("refunds/create", refund(), apply=False).kept
    ownorders.apply_one(right.pk)
    ownorders.apply_one(wrong.pk)
    right.refresh_from_db()
    assert (right.note, Order.objects.count()) == ("waiting", 0)


@pytest.mark.django_db(transaction=True)
def test_the_same_and_other_messages_at_one_moment_make_one_order():
    shop = Shop()
    landing = f"/?thousand={shop.click()}"
    bodies = [
        ("orders/paid", paid(quantity=2, total="69.00", landing_site=landing)),
        ("refunds/create", refund(back="20.00")),
        ("fulfillments/create", shipped()),
    ]
    jobs = [
        lambda topic=topic, body=body: shop.send(topic, body).status_code
        for topic, body in bodies for _n in range(3)
    ]  # fmt: skip
    assert set(at_once(*jobs)) == {200}
    while ownorders.apply_waiting(timezone.now()):
        pass
    assert (WebhookEvent.objects.count(), Order.objects.count()) == (3, 1)
    assert ended(1001)[:2] == (6900, 2000)
    assert ended(1001)[5] == 405


def _held(connection):
    """Return how many advisory locks a connection holds."""
    mine = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"
    return connection.execute(mine).fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_long_for_an_order_that_is_being_worked_on(monkeypatch):
    """The shop and a program of the brand have their answers while another still holds the order.

    Who waited for the lock would wait for ever: it is let go of only when both have been answered.
    """
    shop, program = Shop(), Shop("api")
    monkeypatch.setattr(ownorders, "PATIENCE_S", 1)
    order = {
        "id": "1001", "status": "paid", "currency": "EUR", "total": "34.50",
        "lines": [{"id": "1", "sku": "MUG", "quantity": 1, "total": "34.50", "tax": "5.99"}],
    }  # fmt: skip
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        for one in (shop, program):
            key = f"own-shop:{one.row.pk}:1001"
            other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        answer = shop.send("orders/paid", paid(), apply=False)
        assert (answer.status_code, answer.kept.outcome) == (200, "")  # it did not even try
        answer = program.send("key-1", {"order": order}, apply=False)
        assert (answer.status_code, answer.json()["outcome"]) == (202, "kept")  # it gave up
        assert _held(other) == 2
    ownorders.apply_waiting(timezone.now())
    assert Order.objects.count() == 2
    assert told(program.send("key-1", {"order": order}))[:2] == (200, "applied")
