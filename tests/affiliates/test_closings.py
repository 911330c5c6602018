"""Closings: balances of brands without adding up years, and never other than the sum."""

from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from affiliates import clock, closings, funding, invariants, ledger, night
from affiliates.ledger import Transfer
from affiliates.models import Closing, SettlementRun
from tests.affiliates.factories import NIGHT_OVER, PAID, make_brand, make_commission
from tests.properties import examples

pytestmark = pytest.mark.django_db


def move(brand, amount, source):
    ledger.post(
        [Transfer("test", ledger.CLEARING, ledger.brand(brand.pk), amount, "EUR", "test", source)],
        PAID,
    )


def summed(brand):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(CASE WHEN e.credit_id = a.id THEN amount ELSE -amount END), 0)"
            " FROM affiliates_ledgerentry e JOIN affiliates_account a ON a.id IN"
            " (e.credit_id, e.debit_id) WHERE a.kind = 'brand_balance' AND a.brand_id = %s",
            [brand.pk],
        )
        return int(cursor.fetchone()[0])


@settings(deadline=None, max_examples=examples(50))
@given(
    st.lists(st.tuples(st.integers(-(10**12), 10**12), st.booleans(), st.booleans()), max_size=12)
)
def test_a_balance_is_the_sum_whatever_was_closed_when(moves):
    one, other = make_brand(), make_brand()
    for n, (amount, first, closes) in enumerate(moves):
        move(one if first else other, amount, one.pk * 1000 + n)
        if closes:
            closings.close_all()
        for brand in (one, other):
            assert ledger.balance(ledger.brand(brand.pk), "EUR") == summed(brand)
            assert funding.of(brand).balance == summed(brand)
    assert invariants.check(["a closing is the sum of its account's entries"]) == {}


def test_a_night_closes_what_was_there_at_the_end_of_the_night_before():
    sale = make_commission()
    night.run(NIGHT_OVER)
    assert not Closing.objects.exists()  # entries of the last hour may still have neighbours
    SettlementRun.objects.update(completed_at=clock.now() - timedelta(hours=2))

    before = ledger.balance(ledger.brand(sale.brand_id), "EUR")
    make_commission(brand=sale.brand, at=NIGHT_OVER)
    night.run(NIGHT_OVER + timedelta(days=1))
    closing = Closing.objects.get(account__brand=sale.brand)
    assert closing.amount == before
    assert ledger.balance(ledger.brand(sale.brand_id), "EUR") == summed(sale.brand)


def test_closing_again_changes_nothing():
    brand = make_brand()
    move(brand, 500, 1)
    assert [closings.close_all(), closings.close_all()] == [1, 0]
    move(brand, -200, 2)
    assert closings.close_all() == 1
    assert list(Closing.objects.order_by("id").values_list("amount", flat=True)) == [500, 300]


def test_a_wrong_closing_is_told():
    brand = make_brand()
    move(brand, 500, 1)
    closings.close_all()
    Closing.objects.update(amount=501)
    name = "a closing is the sum of its account's entries"
    assert invariants.check([name]) == {name: [Closing.objects.get().pk]}
