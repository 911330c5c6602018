"""What is taken back carries the VAT of the sale that it takes back."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from affiliates import ledger, settlement
from affiliates.models import Commission, LedgerEntry, SettlementLine
from config.lib.money import half_up
from shop import refunds
from shop.models import Brand
from tests import harness
from tests.affiliates import factories as money
from tests.conftest import SERVERS
from tests.properties import examples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
DUTCH = {"country": "NL", "vat_number": "NL1B01"}
REVERSE = {"country": "DE", "vat_number": "DE136695976", "vat_known": "DE136695976"}
NEXT = money.NIGHT_OVER + timedelta(days=1)


def moves(brand, **facts):
    Brand.objects.filter(pk=brand.pk).update(**facts)


def vat_held() -> int:
    return ledger.balance(ledger.VAT, "EUR")


@pytest.mark.parametrize(("then", "now"), [(DUTCH, REVERSE), (REVERSE, DUTCH)])
def test_a_reversal_follows_its_sale_and_not_what_the_brand_is_now(then, now):
    brand = money.make_brand(**then)
    sale = money.make_commission(brand=brand, price=34500)
    settlement.settle(money.NIGHT_OVER)
    moves(brand, **now)
    refunds.refund(sale.order_line.brand_order.order, at=money.NIGHT_OVER)
    settlement.settle(NEXT)

    assert sum(SettlementLine.objects.values_list("vat", flat=True)) == 0
    assert vat_held() == 0


def test_new_sales_beside_it_have_the_vat_of_now():
    brand, creator = money.make_brand(**DUTCH), money.make_creator()
    sale = money.make_commission(creator, brand, price=34500)
    settlement.settle(money.NIGHT_OVER)
    moves(brand, **REVERSE)
    refunds.refund(sale.order_line.brand_order.order, at=money.NIGHT_OVER, amount=17250)
    money.make_commission(creator, brand, price=69000, delivered=money.DELIVERED)
    settlement.settle(NEXT)

    newest = SettlementLine.objects.first()
    assert (newest.amount, newest.vat) == (6843 - 1710, -half_up(1710, 2100))
    back = LedgerEntry.objects.get(source_id=newest.pk, kind="settlement_vat")
    assert (back.debit.kind, back.amount) == ("vat", 359)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("then", "now"), [(DUTCH, REVERSE), (REVERSE, DUTCH)])
def test_a_sale_that_settled_before_this_was_kept_is_read_from_its_entry(then, now):
    brand = money.make_brand(**then)
    sale = money.make_commission(brand=brand, price=34500)
    settlement.settle(money.NIGHT_OVER)
    with (
        harness.connect(SERVERS, connection.settings_dict["NAME"]) as own,
        own.transaction(),
    ):
        own.execute("SET LOCAL session_replication_role = replica")
        own.execute("UPDATE affiliates_commission SET vat_bp = NULL")
    moves(brand, **now)
    refunds.refund(sale.order_line.brand_order.order, at=money.NIGHT_OVER)
    settlement.settle(NEXT)
    assert vat_held() == 0


def test_the_vat_of_a_settled_sale_and_line_stays():
    money.make_commission(price=34500)
    settlement.settle(money.NIGHT_OVER)
    assert Commission.objects.get().vat_bp == 2100
    for model, field in ((Commission, "vat_bp"), (SettlementLine, "vat")):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**{field: 1})


@settings(
    max_examples=examples(8),
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([DUTCH, REVERSE]), st.integers(100, 90_000)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_when_all_is_refunded_no_vat_is_left(steps):
    with transaction.atomic():
        brand, creator = money.make_brand(), money.make_creator()
        sales = []
        for n, (status, price) in enumerate(steps):
            moves(brand, **status)
            sales.append(money.make_commission(creator, brand, price=price))
            settlement.settle(money.NIGHT_OVER + timedelta(days=n))
        for n, sale in enumerate(reversed(sales), len(steps)):
            at = money.NIGHT_OVER + timedelta(days=n)
            refunds.refund(sale.order_line.brand_order.order, at=at - timedelta(days=1))
            settlement.settle(at)
        assert ledger.balance(ledger.creator(creator.pk), "EUR") == 0
        assert sum(SettlementLine.objects.values_list("vat", flat=True)) == 0
        transaction.set_rollback(True)
