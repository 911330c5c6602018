"""Our fee: at least its minimum, and that only in the minimum's own currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliates import fees, ledger
from affiliates.models import FeePolicy
from shop import refunds
from tests.affiliates import factories as money

pytestmark = pytest.mark.usefixtures("books")


@pytest.mark.django_db
@pytest.mark.parametrize(("currency", "fee"), [("EUR", 100), ("JPY", 71), ("USD", 71)])
def test_a_minimum_is_of_one_currency(currency, fee):
    brand = money.make_brand(currency=currency)
    FeePolicy.objects.create(
        brand=brand, rate_bp=250, base="all", minimum=100, effective_from=money.PAID
    )
    order = money.make_order({"brand": brand, "price": 3450}, currency=currency)
    assert ledger.balance(ledger.REVENUE, currency) == fee
    refunds.refund(order, at=money.PAID)
    assert ledger.balance(ledger.REVENUE, currency) == 0


@given(
    st.integers(0, 10**9), st.integers(0, 5000), st.integers(0, 10**6),
    st.sampled_from(["EUR", "USD", "JPY", "KWD"]),
)  # fmt: skip
def test_a_fee_is_never_more_than_the_line_nor_less_than_its_share(net, bp, minimum, currency):
    policy = FeePolicy(rate_bp=bp, minimum=minimum, minimum_currency="EUR")
    fee = fees.fee_of(net, bp, policy.minimum_in(currency))
    assert 0 <= fee <= net
    assert fee == fees.fee_of(net, bp) or currency == "EUR"
    assert fee >= fees.fee_of(net, bp)
