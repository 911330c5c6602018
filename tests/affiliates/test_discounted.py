"""From a discount code to the creator's balance and back, to the cent, counted a second time here."""

from datetime import timedelta
from fractions import Fraction
from itertools import count

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from affiliates import invariants, ledger, settlement
from affiliates.models import Attribution, Commission
from shop import cart as carts
from shop import orders, refunds
from shop.models import BrandOrder, OrderLine
from tests.affiliates.factories import deliver, make_brand, make_collaboration, make_creator
from tests.shop.factories import make_variant, tell
from tests.shop.test_discounts import bag_with, make_code, place

pytestmark = pytest.mark.django_db
RATES = {"standard": 2_100, "reduced": 900}
N = count(1)

lines = st.lists(
    st.tuples(st.integers(50, 30_000), st.integers(1, 7), st.sampled_from(sorted(RATES))),
    min_size=1, max_size=3,
)  # fmt: skip
codes = st.one_of(st.integers(1, 9_000), st.integers(1, 50_000).map(lambda n: -n), st.none())
baskets = st.lists(
    st.tuples(lines, codes, st.integers(100, 8_000), st.sampled_from([0, 495])),
    min_size=1, max_size=2,
)  # fmt: skip


def cents(exact: Fraction) -> int:
    """Round half up."""
    return int(exact + Fraction(1, 2))


def off(code: int | None, goods: int) -> int:
    """What a code takes off: a share in basis points, or (negative) an amount."""
    if code is None:
        return 0
    return min(cents(Fraction(goods * code, 10_000)) if code > 0 else -code, goods * 9 // 10)


def net(line: OrderLine) -> int:
    return line.gross - cents(Fraction(line.gross * line.tax_bp, 10_000 + line.tax_bp))


def codes_of(order, basket) -> list[int | None]:
    """The code of each part, in the order of the parts."""
    brands = sorted(BrandOrder.objects.filter(order=order).values_list("brand", flat=True))
    by_brand = dict(zip(brands, (code for _wanted, code, *_rest in basket), strict=True))
    parts = BrandOrder.objects.filter(order=order).order_by("pk")
    return [by_brand[part.brand_id] for part in parts]


def sell_and_give_back(basket, back, *, late):
    creator, variants, words = make_creator(), {}, f"C{next(N)}"
    rates, cart = {}, bag_with()
    for wanted, code, rate_bp, shipping in basket:
        brand = make_brand(country="NL", shipping_price=shipping, made_by="itself")
        make_collaboration(brand, rate_bp=rate_bp)
        rates[brand.pk] = rate_bp
        for price, quantity, tax in wanted:
            variant = make_variant(brand=brand, price=price, stock=99, tax_class=tax)
            variants[variant.pk] = price, quantity, RATES[tax]
            carts.add(cart, variant, quantity)
        if code:
            facts = {"rate_bp": code} if code > 0 else {"amount": -code}
            make_code(brand, words, **facts)
    if any(code for _wanted, code, _rate, _shipping in basket):
        carts.add_discount(cart, words)
    order = place(cart)
    sold = list(OrderLine.objects.filter(brand_order__order=order).select_related("brand_order"))
    for line in sold:
        brand_id = line.brand_order.brand_id
        Attribution.objects.create(
            order_line=line, creator=creator, rule="newest_click", rate_bp=rates[brand_id],
            collaboration=make_collaboration(line.brand_order.brand), created_at=timezone.now(),
        )  # fmt: skip

    # the discount: whole at each brand, split over its lines, and the VAT within what is left
    for part, code in zip(order.parts.order_by("pk"), codes_of(order, basket), strict=True):
        mine = [line for line in sold if line.brand_order_id == part.pk]
        goods = sum(line.listed for line in mine)
        assert sum(line.discount for line in mine) == off(code, goods)
        for line in mine:
            price, quantity, tax_bp = variants[line.variant_id]
            exact = Fraction(off(code, goods) * line.listed, goods)
            assert (line.listed, line.tax_bp) == (price * quantity, tax_bp)
            assert abs(line.discount - exact) < 1 and line.net == net(line)

    paid = orders.total(order)
    tell(order, "captured", reference=f"ch-{order.number}", amount=paid)
    at = timezone.now()
    deliver(order, at)
    owed = {line.pk: cents(Fraction(net(line) * rates[line.brand_order.brand_id], 10_000))
            for line in sold}  # fmt: skip
    made = Commission.objects.filter(creator=creator)
    assert dict(made.values_list("order_line", "amount")) == owed
    assert set(made.values_list("order_line", "base")) == {(row.pk, net(row)) for row in sold}

    # refunds before or after the night leave what the kept part of the net earns
    night = at + timedelta(days=17)
    if late:
        settlement.settle(night)
        assert ledger.balance(ledger.creator(creator.pk), "EUR") == sum(owed.values())
    left = paid
    for amount in back:
        if amount < left:
            refunds.refund(order, at=night if late else at, amount=amount)
            left -= amount
    kept = {
        line.pk: cents(Fraction((line.net - line.refunded) * rates[line.brand_order.brand_id], 10_000))
        for line in OrderLine.objects.filter(pk__in=owed).select_related("brand_order")
    }  # fmt: skip
    settlement.settle(night + timedelta(days=1))
    assert ledger.balance(ledger.creator(creator.pk), "EUR") == sum(kept.values())
    refunds.refund(order, at=night + timedelta(days=2))
    settlement.settle(night + timedelta(days=3))

    assert ledger.balance(ledger.creator(creator.pk), "EUR") == 0
    assert sum(row.amount for row in order.refunds.all()) == paid
    assert sum(orders.left_of(part) for part in order.parts.all()) == 0
    assert invariants.check() == {}


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(basket=baskets, back=st.lists(st.integers(1, 20_000), max_size=3), late=st.booleans())
def test_what_a_code_takes_off_is_in_no_commission_and_all_of_it_goes_back(basket, back, late):
    with transaction.atomic():
        sell_and_give_back(basket, back, late=late)
        transaction.set_rollback(True)
