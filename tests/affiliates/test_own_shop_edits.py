"""Orders that are changed in an own shop after they were paid: the commission follows."""

import json
from datetime import timedelta
from itertools import permutations

import pytest
from django.db.models import Sum
from django.utils import timezone

from affiliates import settlement
from affiliates.models import Commission
from shop import ownorders, ownshops
from shop.models import Order, OrderLine
from tests.affiliates.own_shops import NOW, Shop, paid, refund, sample, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def edit(number=1001, *, removed=(), added=(), of=800):
    """Return what Shopify tells of an edit: pieces by line, no money."""
    changes = {
        "additions": [{"id": line, "delta": delta} for line, delta in added],
        "removals": [{"id": line, "delta": delta} for line, delta in removed],
    }
    facts = {
        "id": of, "order_id": number, "app_id": None, "notify_customer": False, "staff_note": "",
        "created_at": NOW.isoformat(), "committed_at": (NOW + timedelta(seconds=of)).isoformat(),
        "line_items": changes, "discounts": {"line_item": {"additions": [], "removals": []}},
    }  # fmt: skip
    return {"order_edit": facts}


def bought(pieces, number=1001, **facts):
    return paid(number, quantity=pieces, total=f"{pieces * 34.5:.2f}", **facts)


def stands():
    """Return what is left of all lines, and what is earned on it."""
    sums = OrderLine.objects.aggregate(gross=Sum("gross"), back=Sum("refunded_gross"))
    earned = Commission.objects.live().aggregate(sum=Sum("amount"))["sum"]
    return sums["gross"] - sums["back"], earned


def landing(shop):
    return {"landing_site": f"/mug?thousand={shop.click()}"}


def test_pieces_that_are_taken_off_are_not_earned_on():
    shop = Shop()
    shop.send("orders/paid", bought(3, **landing(shop)))
    assert stands() == (10350, 855)
    assert told(shop.send("orders/edited", edit(removed=[(11, 1)]))) == (200, "applied", "")
    assert stands() == (6900, 570)
    shop.send("orders/edited", edit(removed=[(11, 1)]), **{"X-Shopify-Event-Id": "again"})
    assert stands() == (6900, 570)
    shop.send("orders/edited", edit(removed=[(11, 2)], of=801))
    assert stands() == (0, 0)


@pytest.mark.parametrize(
    "ways",
    [
        # the refund of the edit itself names the piece, and pays for it
        [refund(back="34.50", of=1)],
        # it names the piece without money, and the money comes later without naming it
        [refund(back="34.50", of=1) | {"transactions": []},
         refund(back="34.50", of=2) | {"refund_line_items": []}],
    ],
)  # fmt: skip
def test_an_edit_and_the_refund_that_pays_for_it_count_once_in_any_order(ways):
    shop, ends = Shop(), set()
    shown = landing(shop)
    messages = [("orders/paid", bought(3, **shown)), ("orders/edited", edit(removed=[(11, 1)]))]
    messages += [("refunds/create", way) for way in ways]
    for n, order in enumerate(list(permutations(range(len(messages))))[:: len(messages)]):
        number = 2000 + n
        for k in (*order, order[0]):
            topic, body = messages[k]
            text = json.dumps(body).replace("1001", str(number))
            shop.send(topic, json.loads(text))
        line = OrderLine.objects.get(brand_order__order__events__about=str(number),
                                     brand_order__order__events__kind="orders/paid")  # fmt: skip
        ends.add((line.gross, line.refunded_gross))
    assert ends == {(10350, 3450)}
    earned = Commission.objects.live().values("order_line").annotate(sum=Sum("amount"))
    assert set(earned.values_list("sum", flat=True)) == {570}


def test_a_return_after_an_edit_is_another_piece():
    shop = Shop()
    shop.send("orders/paid", bought(3, **landing(shop)))
    shop.send("orders/edited", edit(removed=[(11, 1)]))
    shop.send("refunds/create", refund(back="34.50", of=1) | {"transactions": []})
    shop.send("refunds/create", refund(back="34.50", of=2))
    assert stands() == (3450, 285)


def test_the_order_itself_tells_of_pieces_that_are_gone():
    shop = Shop()
    shop.send("orders/paid", bought(3, **landing(shop)))
    body = bought(3, updated_at=(NOW + timedelta(seconds=9)).isoformat())
    body["line_items"][0]["current_quantity"] = 1
    shop.send("orders/updated", body)
    shop.send("orders/edited", edit(removed=[(11, 2)]))
    assert stands() == (3450, 285)


def test_what_is_added_counts_when_it_is_paid():
    shop = Shop()
    shop.send("orders/paid", bought(1, **landing(shop)))
    note = told(shop.send("orders/edited", edit(added=[(11, 1), (12, 1)])))
    assert note == (200, "applied", "What was added counts when it is paid.")
    assert stands() == (3450, 285)
    body = bought(2, updated_at=(NOW + timedelta(seconds=9)).isoformat())
    unpaid = body | {"financial_status": "partially_paid"}
    shop.send("orders/updated", unpaid)
    assert stands() == (3450, 285)
    more = paid()["line_items"][0] | {"id": 12}
    shop.send(
        "orders/paid", body | {"line_items": [*body["line_items"], more], "total_price": "103.50"}
    )
    assert stands() == (10350, 855)
    assert sorted(OrderLine.objects.values_list("gross", "quantity")) == [(3450, 1)] * 3
    shop.send("orders/edited", edit(removed=[(11, 1)], of=802))
    assert stands() == (6900, 570)
    assert sorted(OrderLine.objects.values_list("refunded_gross", flat=True)) == [0, 0, 3450]


@pytest.mark.parametrize("first", ["orders/edited", "refunds/create", "orders/cancelled"])
def test_what_comes_before_the_order_was_paid_waits_for_it(first):
    shop = Shop()
    body = {
        "orders/edited": edit(removed=[(11, 1)]),
        "refunds/create": refund(),
        "orders/cancelled": bought(2, cancelled_at=NOW.isoformat(), financial_status="refunded"),
    }[first]
    waits = told(shop.send(first, body))
    assert waits[1] == ("applied" if first == "orders/cancelled" else "ignored")
    shop.send("orders/paid", bought(2, **landing(shop)))
    assert stands()[0] == (0 if first == "orders/cancelled" else 3450)
    assert stands()[1] in (285, 0, None)
    assert Order.objects.count() == 1


# ------------------------------------------------------------------ settled


def message(body, topic="orders/edited"):
    return ownshops.parse("shopify", {"X-Shopify-Topic": topic}, json.dumps(body).encode(), "EUR")


def test_a_settled_line_is_reversed_by_what_we_heard_in_time_and_by_nothing_later():
    shop = Shop()
    shop.send("orders/paid", bought(3, **landing(shop)))
    due = Commission.objects.get().due_at
    kept = ownorders.keep(
        shop.row, message(edit(removed=[(11, 1)])), "a" * 64, due - timedelta(hours=1)
    )
    settlement.settle(due + timedelta(days=1, hours=4))
    assert Commission.objects.get().state == "settled"
    ownorders.apply_one(kept.pk)
    rows = Commission.objects.order_by("pk").values_list("kind", "state", "amount")
    assert list(rows) == [("sale", "settled", 855), ("reversal", "pending", -285)]
    late = ownorders.keep(shop.row, message(edit(removed=[(11, 1)], of=801)), "b" * 64, due)
    assert ownorders.apply_one(late.pk).note == "too_late"
    assert stands() == (6900, 570)


# ------------------------------------------------------------------ other shops


def test_woocommerce_tells_the_order_as_it_is_and_we_follow():
    shop = Shop("woocommerce")
    body = sample("woocommerce_order")
    body["meta_data"][1]["value"] = f"https://mill.example/?thousand={shop.click()}"
    body["date_created_gmt"] = timezone.now().isoformat()

    def changed(seconds, **facts):
        line = body["line_items"][0] | facts
        at = (NOW + timedelta(seconds=seconds)).isoformat()
        more = {"line_items": [line], "date_modified_gmt": at, "total": "120.00"}
        assert told(shop.send("order.updated", body | more))[1:] == ("applied", "")
        return stands()[0]

    net, tax = float(body["line_items"][0]["total"]), float(body["line_items"][0]["total_tax"])
    half = {"quantity": 1, "total": f"{net / 2:.2f}", "total_tax": f"{tax / 2:.2f}"}
    whole = {"quantity": 2, "total": f"{net:.2f}", "total_tax": f"{tax:.2f}"}
    more = {"quantity": 3, "total": f"{net * 1.5:.2f}", "total_tax": f"{tax * 1.5:.2f}"}
    found = [changed(1, **whole), changed(3, **half), changed(2, **whole), changed(4, **more)]
    assert found == [6900, 3450, 3450, 10350]
    assert stands() == (10350, 855)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_api_order_as_it_last_is_whatever_comes_first(order):
    shop = Shop("api")

    def at(n, pieces):
        lines = [{"id": "1", "sku": "MUG", "quantity": pieces, "total": f"{pieces * 34.5:.2f}",
                  "tax": f"{pieces * 5.99:.2f}"}]  # fmt: skip
        return {
            "id": "A-1", "status": "paid", "currency": "EUR", "total": f"{pieces * 34.5:.2f}",
            "lines": lines, "cart": click, "updated_at": (NOW + timedelta(minutes=n)).isoformat(),
        }  # fmt: skip

    click = shop.click()
    bodies = [at(0, 1), at(1, 3), at(2, 2)]
    for k in order:
        shop.send(f"key-{k}", {"order": bodies[k]})
    assert stands()[0] == 6900
    assert abs(stands()[1] - 570) <= 1  # each row is rounded by itself


def test_a_line_that_is_left_out_is_gone():
    shop = Shop("api")
    line = {"id": "1", "sku": "MUG", "quantity": 1, "total": "34.50", "tax": "5.99"}
    order = {"id": "A-1", "status": "paid", "currency": "EUR", "total": "69.00",
             "lines": [line, line | {"id": "2"}], "cart": shop.click()}  # fmt: skip
    shop.send("key-1", {"order": order | {"updated_at": NOW.isoformat()}})
    later = (NOW + timedelta(minutes=1)).isoformat()
    shop.send("key-2", {"order": order | {"lines": [line], "updated_at": later}})
    assert stands() == (3450, 285)
    assert sorted(OrderLine.objects.values_list("external_id", "refunded_gross")) == [
        ("1", 0), ("2", 3450),
    ]  # fmt: skip
