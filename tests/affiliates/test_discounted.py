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
from shop.models import OrderLine
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


class Sale:
    """An order of a basket, each line of which is credited to one creator, not paid yet."""

    def __init__(self, basket):
        self.creator, word, cart = make_creator(), f"C{next(N)}", bag_with()
        self.rates, self.prices, codes = {}, {}, {}
        for wanted, code, rate_bp, shipping in basket:
            brand = make_brand(country="NL", shipping_price=shipping, made_by="itself")
            make_collaboration(brand, rate_bp=rate_bp)
            self.rates[brand.pk], codes[brand.pk] = rate_bp, code
            for price, quantity, tax in wanted:
                variant = make_variant(brand=brand, price=price, stock=99, tax_class=tax)
                self.prices[variant.pk] = price * quantity, RATES[tax]
                carts.add(cart, variant, quantity)
            if code:
                facts = {"rate_bp": code} if code > 0 else {"amount": -code}
                make_code(brand, word, **facts)
        if any(codes.values()):
            carts.add_discount(cart, word)
        self.order = place(cart)
        self.codes = {part.pk: codes[part.brand_id] for part in self.order.parts.all()}
        self._credit()

    def lines(self):
        rows = OrderLine.objects.filter(brand_order__order=self.order)
        return list(rows.select_related("brand_order"))

    def _credit(self):
        for line in self.lines():
            brand = line.brand_order.brand
            Attribution.objects.create(
                order_line=line, creator=self.creator, rule="newest_click",
                rate_bp=self.rates[brand.pk], collaboration=make_collaboration(brand),
                created_at=timezone.now(),
            )  # fmt: skip

    def pay_and_deliver(self) -> int:
        paid = orders.total(self.order)
        tell(self.order, "captured", reference=f"ch-{self.order.number}", amount=paid)
        deliver(self.order, timezone.now())
        return paid

    def give_back(self, amounts, at) -> None:
        """Refund what is less than all that is left."""
        left = orders.total(self.order)
        for amount in amounts:
            if amount < left:
                refunds.refund(self.order, at=at, amount=amount)
                left -= amount

    def earned(self) -> dict[int, int]:
        """What each line's net earns, of what was not given back."""
        rows = [(line, self.rates[line.brand_order.brand_id]) for line in self.lines()]
        return {
            line.pk: cents(Fraction((net(line) - line.refunded) * rate_bp, 10_000))
            for line, rate_bp in rows
        }

    def balance(self) -> int:
        return ledger.balance(ledger.creator(self.creator.pk), "EUR")


def badly_split(sale: Sale) -> list[OrderLine]:
    """Return the lines that bear another part of their brand's code than their own."""
    wrong = []
    for pk, code in sale.codes.items():
        mine = [line for line in sale.lines() if line.brand_order_id == pk]
        goods = sum(line.listed for line in mine)
        if sum(line.discount for line in mine) != off(code, goods):
            wrong += mine
        for line in mine:
            exact = Fraction(off(code, goods) * line.listed, goods)
            facts = (line.listed, line.tax_bp) == sale.prices[line.variant_id]
            if not facts or abs(line.discount - exact) >= 1 or line.net != net(line):
                wrong.append(line)
    return wrong


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(basket=baskets, back=st.lists(st.integers(1, 20_000), max_size=3), late=st.booleans())
def test_what_a_code_takes_off_is_in_no_commission_and_all_of_it_goes_back(basket, back, late):
    """Refunds before or after the night leave what the kept part of the net earns."""
    with transaction.atomic():
        sale = Sale(basket)
        assert badly_split(sale) == []

        paid, owed, at = sale.pay_and_deliver(), sale.earned(), timezone.now()
        night = at + timedelta(days=17)
        made = Commission.objects.filter(creator=sale.creator)
        assert dict(made.values_list("order_line", "amount")) == owed
        assert set(made.values_list("order_line", "base")) == {
            (line.pk, net(line)) for line in sale.lines()
        }

        if late:
            settlement.settle(night)
            assert sale.balance() == sum(owed.values())
        sale.give_back(back, at=night if late else at)
        settlement.settle(night + timedelta(days=1))
        assert sale.balance() == sum(sale.earned().values())

        refunds.refund(sale.order, at=night + timedelta(days=2))
        settlement.settle(night + timedelta(days=3))
        assert sale.balance() == 0
        assert sum(row.amount for row in sale.order.refunds.all()) == paid
        assert sum(orders.left_of(part) for part in sale.order.parts.all()) == 0
        assert invariants.check() == {}
        transaction.set_rollback(True)
