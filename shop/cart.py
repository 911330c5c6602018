"""A shopper's bag: what is in it, and what that costs today."""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from shop import delivery, discounts, pricing, storefront
from shop.delivery import Way
from shop.discounts import Applied
from shop.models import Brand, Cart, CartLine, Order, OrderLine, Product, TaxRate, Variant
from shop.models.brands import SellsAt
from shop.pricing import Priced

MOST_OF_ONE = 99
MOST_LINES = 50


class CannotAdd(Exception):
    """A variant that cannot go into this bag; the text is for the shopper."""


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


def find(key: str | None) -> Cart | None:
    """Return the bag with this key."""
    return Cart.objects.filter(key=key).first() if key else None


def new() -> Cart:
    """Create an empty bag with a random key."""
    return Cart.objects.create(key=secrets.token_urlsafe(32))


@transaction.atomic
def copy(cart: Cart) -> Cart:
    """Return a new bag with the same lines. What becomes of one bag never touches the other."""
    made = new()
    made.currency, made.creator_code = cart.currency, cart.creator_code
    made.delivery, made.discounts = cart.delivery, cart.discounts
    made.save()
    facts = cart.lines.values("variant_id", "quantity", "touch")
    CartLine.objects.bulk_create(CartLine(cart=made, **line) for line in facts)
    return made


def count(cart: Cart | None) -> int:
    """Return how many pieces are in a bag."""
    return sum(cart.lines.values_list("quantity", flat=True)) if cart else 0


@transaction.atomic
def add(cart: Cart, variant: Variant, quantity: int, touch: str = "") -> CartLine:
    """Put pieces of a variant into a bag. Raises CannotAdd.

    `touch` says which creator's link the shopper came by; the newest one of a line counts.
    """
    cart = Cart.objects.select_for_update().get(pk=cart.pk)
    product = variant.product
    currencies = set(cart.lines.values_list("variant__product__currency", flat=True))
    held = _held(cart)[variant.pk]
    if problem := _problem(variant, quantity, held):
        raise CannotAdd(problem)
    if currencies - {product.currency}:
        message = _(
            "Your bag is in %(one)s and this is in %(two)s. Please finish that order first."
        )
        raise CannotAdd(message % {"one": cart.currency, "two": product.currency})
    line = cart.lines.filter(variant=variant).first()
    if line is None:
        if cart.lines.count() >= MOST_LINES:
            raise CannotAdd(_("Your bag is full. Please order this first."))
        line = CartLine(cart=cart, variant=variant, quantity=0)
    if problem := _problem(variant, line.quantity + quantity, held):
        raise CannotAdd(problem)
    line.quantity += quantity
    line.touch = touch or line.touch
    line.save()
    _changed(cart, product.currency)
    return line


@transaction.atomic
def set_quantities(cart: Cart, quantities: Mapping[int, int]) -> None:
    """Set how many of each line (by id) are wanted; 0 takes a line out."""
    cart = Cart.objects.select_for_update().get(pk=cart.pk)
    for line in cart.lines.filter(pk__in=list(quantities)):
        wanted = quantities[line.pk]
        if wanted <= 0:
            line.delete()
        elif wanted != line.quantity:
            line.quantity = min(wanted, MOST_OF_ONE)
            line.save(update_fields=["quantity"])
    _changed(cart, cart.currency)


def keep_code(cart: Cart, code: str) -> None:
    """Remember the creator's code that was typed, for when the shopper comes back."""
    if cart.creator_code != code:
        cart.creator_code = code
        cart.save(update_fields=["creator_code", "updated_at"])


@transaction.atomic
def choose_delivery(cart: Cart, choices: Mapping[int, int]) -> bool:
    """Keep the chosen ways (option id by brand id) with the bag; return whether any changed."""
    row = Cart.objects.select_for_update().get(pk=cart.pk)
    wanted = row.delivery | {str(brand): way for brand, way in choices.items()}
    before = {brand: row.delivery.get(brand, delivery.STANDARD) for brand in wanted}
    if wanted == before:
        return False
    row.delivery = wanted
    row.save(update_fields=["delivery"])
    _changed(row, row.currency)
    cart.refresh_from_db()
    return True


@transaction.atomic
def add_discount(cart: Cart, word: str) -> list[str]:
    """Put a discount code into a bag; return the names of the brands in it whose code it is.

    Of each brand the last code counts.
    """
    row = Cart.objects.select_for_update().get(pk=cart.pk)
    brands = set(row.lines.values_list("variant__brand", flat=True))
    found = discounts.find([word], brands)
    if found:
        _keep_discounts(cart, row, row.discounts | {str(one.brand_id): one.code for one in found})
    return [one.brand.name for one in found]


@transaction.atomic
def drop_discount(cart: Cart, code: str) -> None:
    """Take a discount code out of a bag."""
    row = Cart.objects.select_for_update().get(pk=cart.pk)
    kept = {brand: one for brand, one in row.discounts.items() if one != code}
    _keep_discounts(cart, row, kept)


def _keep_discounts(cart: Cart, row: Cart, wanted: dict[str, str]) -> None:
    if wanted != row.discounts:
        row.discounts = wanted
        row.save(update_fields=["discounts"])
        _changed(row, row.currency)
        cart.refresh_from_db()


def _changed(cart: Cart, currency: str) -> None:
    """An order made of the bag as it was is not this bag's any more."""
    if cart.checkout_key and Order.objects.filter(checkout_key=cart.checkout_key).exists():
        cart.replaces = cart.checkout_key
    cart.currency, cart.checkout_key = currency, None
    cart.save(update_fields=["currency", "checkout_key", "replaces", "updated_at"])


def _held(cart: Cart) -> Counter[int]:
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


def contents(cart: Cart, at: datetime) -> Bag:
    """Return a bag with prices, taxes, discounts and pictures of `at`.

    Four queries; one more while it is being ordered, two where a discount code was typed.
    """
    rows = cart.lines.select_related("variant__product__brand", "variant__product__category")
    options = "variant__product__brand__delivery_options"
    rows = list(rows.prefetch_related(storefront.pictures("variant__product__images"), options))
    day = timezone.localdate(at)
    held = _held(cart)
    rates = _rates({row.variant.product.brand.country for row in rows}, day)
    parts: dict[int, BagPart] = {}
    for row in sorted(rows, key=lambda row: (row.variant.product.brand.name, row.pk)):
        product = row.variant.product
        tax_bp = rates.get((product.brand.country, product.tax_class))
        priced = Priced(row.quantity, row.variant.price, 0, tax_bp or 0)
        problem = _problem(row.variant, row.quantity, held[row.variant_id])
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


def _rates(countries: set[str], day: date) -> dict[tuple[str, str], int]:
    """Return the VAT rates (basis points) of countries on `day` by (country, class)."""
    rows = TaxRate.objects.filter(country__in=countries, effective_from__lte=day)
    ordered = rows.order_by("effective_from")
    return {(row.country, row.tax_class): row.rate_bp for row in ordered}


def _problem(variant: Variant, quantity: int, held: int = 0) -> str:
    """Return why a variant cannot be sold in this quantity, `held` of them hers; empty: it can."""
    product = variant.product
    if product.status != Product.Status.ACTIVE or product.brand.status != Brand.Status.ACTIVE:
        return _("This product is no longer sold.")
    if not variant.is_active:
        return _("This choice is no longer sold. Please pick another one.")
    if product.sells_at == SellsAt.OWN_SHOP:
        return _("This product is sold in the brand's own shop.")
    if quantity > MOST_OF_ONE:
        return _("You can order at most 99 pieces.")
    if variant.available is not None and variant.available + held < quantity:
        if variant.available + held <= 0:
            return _("Sold out. Please take it out of your bag.")
        return _("Only %(n)d left. Please order fewer.") % {"n": variant.available + held}
    return ""
