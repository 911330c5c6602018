"""What is in a shopper's bag, brand by brand, and what it costs at a moment."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from django.utils import timezone
from django.utils.translation import gettext as _

from shop import delivery, discounts, pricing, stocklevels, storefront
from shop.delivery import Way
from shop.discounts import Applied
from shop.models import Brand, Cart, CartLine, Order, OrderLine, Product, TaxRate, Variant
from shop.models.brands import SellsAt
from shop.pricing import Priced

MOST_OF_ONE = 99


@dataclass(slots=True)
class BagLine:
    """One line of a bag with today's price; `problem` tells the shopper why it cannot be sold."""

    line: CartLine
    priced: Priced
    problem: str = ""

    @property
    def variant(self) -> Variant:
        return self.line.variant

    @property
    def product(self) -> Product:
        return self.line.variant.product


@dataclass
class BagPart:
    """What comes from one brand, in one parcel."""

    brand: Brand
    ways: list[Way]
    way: Way
    lines: list[BagLine] = field(default_factory=list)
    applied: Applied | None = None

    @cached_property
    def goods(self) -> int:
        return sum(line.priced.gross for line in self.lines)

    @property
    def off(self) -> int:
        """What a discount code takes off."""
        return sum(line.priced.discount for line in self.lines)

    @property
    def listed(self) -> int:
        """The goods before the discount: a code must not make the delivery cost something."""
        return self.goods + self.off

    @cached_property
    def shipping(self) -> int:
        return self.way.cost(self.listed)

    @cached_property
    def shipping_tax(self) -> int:
        return pricing.shipping_tax(self.shipping, [line.priced for line in self.lines])

    @property
    def choices(self) -> list[tuple[Way, int]]:
        """Every way with what it costs for these goods; empty when there is nothing to choose."""
        return [(way, way.cost(self.listed)) for way in self.ways] if len(self.ways) > 1 else []

    @property
    def free_at(self) -> int:
        """How much more makes shipping free; 0 when it is or never will be."""
        free_from = self.way.free_from
        return max(free_from - self.listed, 0) if self.shipping and free_from else 0


@dataclass
class Bag:
    """All of a bag. Amounts are minor units of `currency`, VAT included."""

    cart: Cart
    currency: str
    parts: list[BagPart]

    @property
    def lines(self) -> list[BagLine]:
        return [line for part in self.parts for line in part.lines]

    @property
    def count(self) -> int:
        return sum(line.priced.quantity for line in self.lines)

    @property
    def shipping(self) -> int:
        return sum(part.shipping for part in self.parts)

    @property
    def tax(self) -> int:
        goods = sum(line.priced.tax for line in self.lines)
        return goods + sum(part.shipping_tax for part in self.parts)

    @property
    def goods(self) -> int:
        return sum(part.goods for part in self.parts)

    @property
    def listed(self) -> int:
        return sum(part.listed for part in self.parts)

    @property
    def applied(self) -> list[Applied]:
        """The discount codes in the bag, also those that take nothing off."""
        return [part.applied for part in self.parts if part.applied]

    @property
    def total(self) -> int:
        return self.goods + self.shipping

    @property
    def problems(self) -> list[BagLine]:
        return [line for line in self.lines if line.problem]


def contents(cart: Cart, at: datetime) -> Bag:
    """Return a bag with prices, taxes, discounts and pictures of `at`.

    Four queries; one more while it is being ordered, two where a discount code was typed.
    """
    rows = cart.lines.select_related(
        "variant__product__brand", "variant__product__category",
        "variant__stocked__stockroom__integration",
    )  # fmt: skip
    options = "variant__product__brand__delivery_options"
    rows = list(rows.prefetch_related(storefront.pictures("variant__product__images"), options))
    day = timezone.localdate(at)
    held = held_for(cart)
    rates = _rates({row.variant.product.brand.country for row in rows}, day)
    parts: dict[int, BagPart] = {}
    for row in sorted(rows, key=lambda row: (row.variant.product.brand.name, row.pk)):
        product = row.variant.product
        tax_bp = rates.get((product.brand.country, product.tax_class))
        priced = Priced(row.quantity, row.variant.price, 0, tax_bp or 0)
        problem = problem_of(row.variant, row.quantity, at, held[row.variant_id])
        if tax_bp is None:
            problem = problem or _("This product cannot be sold right now.")
        if product.brand_id not in parts:
            ways = delivery.ways(product.brand)
            way = delivery.chosen(ways, cart.delivery, product.brand)
            parts[product.brand_id] = BagPart(product.brand, ways, way)
        part = parts[product.brand_id]
        part.lines.append(BagLine(row, priced, problem))
    _discount(parts, cart.discounts, at)
    currency = rows[0].variant.product.currency if rows else cart.currency
    return Bag(cart, currency, list(parts.values()))


def _discount(parts: dict[int, BagPart], typed: Mapping[str, str], at: datetime) -> None:
    """Make the lines of each brand whose code was typed cheaper."""
    words = {brand: typed[str(brand)] for brand in parts if str(brand) in typed}
    found = {(one.brand_id, one.code): one for one in discounts.find(words.values(), words)}
    for brand, word in words.items():
        part, code = parts[brand], found.get((brand, word))
        if code is None:
            part.applied = Applied(None, word, problem=_("It has ended."))
            continue
        prices = [(line.product, line.priced.gross) for line in part.lines]
        shares, problem = discounts.shares(code, prices, at)
        for line, share in zip(part.lines, shares, strict=True):
            line.priced = replace(line.priced, discount=share)
        part.applied = Applied(code, word, sum(shares), problem)


def held_for(cart: Cart) -> Counter[int]:
    """Return what an unpaid order of this very bag holds, by variant: it is not sold out to her."""
    held: Counter[int] = Counter()
    if keys := [key for key in (cart.checkout_key, cart.replaces) if key]:
        lines = OrderLine.objects.filter(
            brand_order__order__checkout_key__in=keys,
            brand_order__order__status=Order.Status.PENDING,
            brand_order__order__processing_at=None,
        )
        for variant, quantity in lines.values_list("variant", "quantity"):
            held[variant] += quantity
    return held


def _rates(countries: set[str], day: date) -> dict[tuple[str, str], int]:
    """Return the VAT rates (basis points) of countries on `day` by (country, class)."""
    rows = TaxRate.objects.filter(country__in=countries, effective_from__lte=day)
    ordered = rows.order_by("effective_from")
    return {(row.country, row.tax_class): row.rate_bp for row in ordered}


def problem_of(variant: Variant, quantity: int, at: datetime, held: int = 0) -> str:
    """Return why a variant cannot be sold in this quantity, `held` of them hers; empty: it can."""
    product = variant.product
    sold = product.status == Product.Status.ACTIVE and product.brand.status == Brand.Status.ACTIVE
    if not sold or product.category.is_blocked:
        return _("This product is no longer sold.")
    if product.currency != product.brand.currency:  # delivery and discounts are in the brand's
        return _("This product cannot be sold right now.")
    if not variant.is_active:
        return _("This choice is no longer sold. Please pick another one.")
    if product.sells_at == SellsAt.OWN_SHOP:
        return _("This product is sold in the brand's own shop.")
    if not stocklevels.is_fresh(variant, at):
        return _("The brand's shop has not told us for a day how many are left. Try again later.")
    if quantity > MOST_OF_ONE:
        return _("You can order at most 99 pieces.")
    if variant.available is not None and variant.available + held < quantity:
        if variant.available + held <= 0:
            return _("Sold out. Please take it out of your bag.")
        return _("Only %(n)d left. Please order fewer.") % {"n": variant.available + held}
    return ""
