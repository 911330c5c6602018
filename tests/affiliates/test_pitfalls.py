"""What broke in comparable systems, each with the test that catches it here.

| what broke | the test |
| --- | --- |
| P1 several commissions for one order | `test_twenty_payments_at_once_bear_one_commission_per_line` |
| P2 a commission for an order that is not paid | `test_nothing_is_earned_until_it_is_paid` |
| P3 partial refunds | `test_machine.py`, `test_refunds.py::test_any_history_keeps_the_books` |
| P4 a refund at today's rate | `test_refunds.py::test_a_refund_at_an_old_rate_keeps_that_rate` |
| P5 a refund after the payout | `test_a_refund_after_the_payout_is_taken_once_and_carried` |
| P6 refund and dispute take twice | `test_refunds.py::test_refund_and_chargeback_never_take_twice` |
| P7 two refunds exceed the payment | `test_two_refunds_at_once_never_exceed_the_payment` |
| P8 two workers, one commission | `test_settlement.py::test_settlements_at_the_same_moment`, `test_storm.py` |
| P9 a payout's total drifts | `test_invariants.py` ("a payout equals the lines it claims") |
| P10 netting strands rows | `test_a_night_that_nets_to_nothing_or_less_strands_nothing` |
| P11 paid first, claimed after | `test_connect.py::test_a_process_that_dies_in_the_call_leaves_it_to_be_asked_about` |
| P12 a timeout taken for a failure | `test_connect.py::test_an_unknown_outcome_is_asked_about_and_never_sent_under_a_new_key` |
| P13 a key that replays an error | `test_connect.py::test_a_replayed_error_gives_way_to_the_next_attempt_once_the_key_is_old` |
| P14 a failed payout is a dead end | `test_payouts.py::test_what_comes_to_nothing_gives_the_money_back` |
| P15 lost between commit and queue | `test_connect.py::test_what_never_arrived_is_sent_again_under_the_same_key` |
| P16 two payouts race | `test_payouts.py::test_two_builds_at_once_pay_once` |
| P17 a task fires again and again | `test_clockwork.py::test_fifty_calls_for_one_night_are_one` |
| P18 the boundary of a night | `test_clockwork.py::test_a_change_night_settles_what_is_due_in_it_and_nothing_else` |
| P19 the clock is read twice | `test_clockwork.py::test_a_night_that_is_late_takes_only_what_was_due_in_it` |
| P20 rates as floats | `test_rates_are_whole_numbers_to_the_last_cent`, `test_machine.py` |
| P21 no decimals, or three | `test_a_sale_in_any_currency_from_order_to_bank` |
| P22 an unclear base | `test_the_base_is_what_was_paid_without_tax_and_shipping` |
| P23 the rate of today shown for an old sale | `test_an_old_sale_shows_the_rate_that_it_was_sold_at` |
| P24 buying from oneself | `test_commissions.py::test_her_own_purchase_earns_nothing` and the one after it |
| P25 a banned creator earns | `test_attribution.py::test_the_table`, `…test_a_creator_banned_after_the_order_is_held` |
| P34 deleting a user | `test_deleting_a_user_leaves_the_money` |
| P35 many accounts | `test_ledger.py::test_twenty_thousand_accounts_open_in_one_statement` |
| P36 two orders of one bag | `tests/shop/test_stock.py::test_one_bag_ordered_eight_times_at_once_is_one_order` |
| P37 counters race | `test_nothing_of_money_is_counted_up` |
| P38 a status and nothing else | `test_a_sale_says_when_it_clears_and_what_went_back_of_it` |
"""

from datetime import timedelta
from functools import partial

import pytest
from django.db.models import ProtectedError

from affiliates import bookings, collaborations, commissions, ledger, payouts, settlement
from affiliates.models import Account, Commission, Payout, SettlementLine
from config.lib import money
from config.lib.money import half_up
from shop import orders, pricing, refunds
from tests.affiliates.factories import (
    DELIVERED,
    NIGHT_OVER,
    PAID,
    deliver,
    make_brand,
    make_commission,
    make_creator,
    make_order,
    make_payable,
    make_user,
    pay,
    sign_in,
)
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
LATER = NIGHT_OVER + timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_twenty_payments_at_once_bear_one_commission_per_line():
    creator, brand = make_creator(), make_brand()
    line = {"brand": brand, "creator": creator}
    order = make_order(line, line, paid=False)
    payment = pay(order)

    at_once(*[lambda: orders.mark_paid(order, payment, PAID)] * 20)
    at_once(*[lambda: bookings.paid(order, PAID)] * 20)
    assert Commission.objects.count() == 2
    assert ledger.balance(ledger.CLEARING, "EUR") == -6900


def test_nothing_is_earned_until_it_is_paid():
    order = make_order({"brand": make_brand(), "creator": make_creator()}, paid=False)
    assert Commission.objects.count() == 0
    pay(order)
    assert Commission.objects.count() == 1


def to_the_bank():
    admins = [make_user(is_staff=True), make_user(is_staff=True)]
    for batch in payouts.build(NIGHT_OVER):
        payouts.approve(batch, admins[0], NIGHT_OVER)
        payouts.export(batch, admins[1], NIGHT_OVER)
        payouts.confirm_batch(batch, NIGHT_OVER)


def test_a_refund_after_the_payout_is_taken_once_and_carried():
    sale = make_commission(price=34500)
    make_payable(sale.creator)
    settlement.settle(NIGHT_OVER)
    to_the_bank()
    refunds.refund(sale.order_line.brand_order.order, at=NIGHT_OVER)
    for n in range(3):
        settlement.settle(LATER + timedelta(days=n))

    assert ledger.balance(ledger.creator(sale.creator_id), "EUR") == -sale.amount
    assert payouts.build(LATER) == []
    make_commission(sale.creator, sale.brand, price=69000)
    settlement.settle(LATER + timedelta(days=40))
    (batch,) = payouts.build(LATER + timedelta(days=40))
    assert batch.payouts.get().amount == half_up(57025, 1200) - sale.amount


@pytest.mark.django_db(transaction=True)
def test_two_refunds_at_once_never_exceed_the_payment():
    order = make_order({"brand": make_brand(), "creator": make_creator(), "price": 1000})
    job = partial(refunds.refund, order, at=DELIVERED, amount=600)
    got = at_once(job, job, may_raise=(refunds.TooMuch,))

    assert [isinstance(one, refunds.TooMuch) for one in got].count(True) == 1
    assert order.refunds.get().amount == 600


@pytest.mark.parametrize(("back", "left"), [(-10, 0), (-15, -5), (-1, 9)])
def test_a_night_that_nets_to_nothing_or_less_strands_nothing(back, left):
    creator, brand = make_creator(), make_brand()
    for amount in (10, back):
        commissions.adjust(creator, brand.pk, amount, "EUR", "netting", PAID)
    settlement.settle(PAID + timedelta(days=1))

    assert SettlementLine.objects.get().amount == left
    assert not Commission.objects.exclude(state="settled").exists()
    assert ledger.balance(ledger.creator(creator.pk), "EUR") == left


@pytest.mark.parametrize(
    ("net", "rate_bp", "expected"),
    [
        (3, 2000, 1),
        (15, 1000, 2),
        (500, 290, 15),
        (1, 1, 0),
        (10**12, 8000, 8 * 10**11),
        (5, 1000, 1),
    ],
)
def test_rates_are_whole_numbers_to_the_last_cent(net, rate_bp, expected):
    assert half_up(net, rate_bp) == expected
    sale = make_commission(price=net, tax_bp=0, rate_bp=max(rate_bp, 1)) if net < 10**9 else None
    assert sale is None or sale.amount == expected


# currency, price, what the page and the file say of the commission
CURRENCIES = [
    ("EUR", 34500, "€34.21"),
    ("JPY", 34500, "¥3,421"),
    ("KWD", 345000, "KWD\u00a034.215"),
]


@pytest.mark.parametrize(("currency", "price", "shown"), CURRENCIES)
def test_a_sale_in_any_currency_from_order_to_bank(client, currency, price, shown):
    brand = make_brand(currency=currency)
    sale = make_commission(brand=brand, price=price)
    make_payable(sale.creator)
    sign_in(client, sale.creator.user, second_factor=False)
    assert money.display(sale.amount, currency) == shown
    assert shown in client.get("/creator/earnings/").content.decode()

    settlement.settle(NIGHT_OVER)
    to_the_bank()
    payout = Payout.objects.get()
    assert (payout.state, payout.currency, payout.amount) == ("paid", currency, sale.amount)
    assert ledger.balance(ledger.BANK, currency) == sale.amount
    assert sum(ledger.balance(ledger.Owner(a.kind, a.brand_id, a.creator_id), currency)
               for a in Account.objects.filter(currency=currency)) == 0  # fmt: skip
    statement = b"".join(client.get("/creator/earnings/statement.csv").streaming_content).decode()
    assert str(money.decimal(sale.amount, currency)) in statement


def test_the_base_is_what_was_paid_without_tax_and_shipping():
    """3 × €34.50 less €10.01 off the two lines together, shipping €4.95."""
    gross = [3 * 3450, 999]
    off = money.split(1001, gross)
    creator, brand = make_creator(), make_brand()
    order = make_order(
        {"brand": brand, "creator": creator, "quantity": 3, "discount": off[0]},
        {"brand": brand, "creator": creator, "price": 999, "discount": off[1]},
        shipping=495,
    )
    lines = list(order.parts.get().lines.order_by("id"))

    assert sum(off) == 1001
    assert [line.gross for line in lines] == [10350 - off[0], 999 - off[1]]
    for line in lines:
        priced = pricing.Priced(line.quantity, line.unit_price, line.discount, line.tax_bp)
        sale = Commission.objects.get(order_line=line)
        assert sale.base == line.net == priced.gross - priced.tax
        assert sale.amount == half_up(line.net, 1200)
    assert orders.total(order) == 10350 + 999 - 1001 + 495


def test_an_order_of_many_brands_pays_each_of_its_own():
    creators, brands = [make_creator(), make_creator()], [make_brand(), make_brand(), make_brand()]
    order = make_order(
        *[{"brand": brand, "creator": creator, "price": 1000 + n}
          for n, brand in enumerate(brands) for creator in creators], shipping=300,
    )  # fmt: skip
    deliver(order)
    settlement.settle(NIGHT_OVER)

    lines = SettlementLine.objects.order_by("creator_id", "brand_id")
    net = [half_up(half_up_net(1000 + n), 1200) for n in range(3)]
    assert [line.amount for line in lines] == net * 2


def half_up_net(gross: int) -> int:
    return gross - money.tax_within(gross, 2100)


def test_an_old_sale_shows_the_rate_that_it_was_sold_at(client):
    sale = make_commission()
    collaborations.change_rate(sale.collaboration, 3000, PAID + timedelta(days=1))
    client.force_login(sale.creator.user)

    page = client.get("/creator/earnings/").content.decode().replace("\u00a0", " ")

    assert "12% of €28.51" in page or "12 % of €28.51" in page
    assert "30%" not in page and "30 %" not in page


def test_a_sale_says_when_it_clears_and_what_went_back_of_it(client):
    sale = make_commission()
    refunds.refund(sale.order_line.brand_order.order, at=DELIVERED, amount=1725)
    client.force_login(sale.creator.user)

    page = client.get("/creator/earnings/").content.decode()

    assert "19 Nov" in page  # the night that settles it
    assert "It was €3.42; part of the order went back on 4 Nov." in page and "€1.71" in page


def test_deleting_a_user_leaves_the_money():
    sale = make_commission(price=34500)
    settlement.settle(NIGHT_OVER)
    user = sale.creator.user
    for row in (user, sale.creator, sale.brand):
        with pytest.raises(ProtectedError):
            row.delete()
    assert ledger.balance(ledger.creator(sale.creator_id), "EUR") == sale.amount


def test_nothing_of_money_is_counted_up():
    """No table keeps a running total: a balance is the sum of its entries."""
    columns = {field.column for field in Account._meta.concrete_fields}
    assert columns == {"id", "kind", "brand_id", "creator_id", "currency"}
