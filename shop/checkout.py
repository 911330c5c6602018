"""From bag to order: one transaction that takes the stock, freezes the prices, makes the order."""

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, transaction

from config.lib.locks import was_locked
from shop import bag as bags
from shop import discounts, orders, stock, terms
from shop.bag import Bag, BagPart
from shop.models import Brand, BrandOrder, Cart, Order, OrderLine, Terms

RESERVED_FOR = timedelta(minutes=35)  # a little longer than a payment page lives


class EmptyBag(Exception):
    """There is nothing to order."""


class CannotSell(Exception):
    """A line of the bag cannot be sold as it is; the bag tells which and why."""


class Busy(Exception):
    """Others hold what is ordered, for longer than a shopper waits; nothing was stored."""


class PriceChanged(Exception):
    """The total is not the one that the shopper saw."""


class DoesNotShip(Exception):
    """A brand does not ship to the country."""

    def __init__(self, brand: Brand) -> None:
        super().__init__(f"{brand} does not ship there")
        self.brand = brand


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who orders, and where it goes."""

    email: str
    name: str
    address: str
    postal_code: str
    city: str
    country: str
    phone: str = ""
    language: str = "en"
    user: Any = None


def key_for(cart: Cart) -> str:
    """Return the key that makes one order of this bag as it is now, whoever asks how often."""
    if not cart.checkout_key:
        Cart.objects.filter(pk=cart.pk, checkout_key=None).update(
            checkout_key=secrets.token_urlsafe(32)
        )
        cart.refresh_from_db(fields=["checkout_key"])
    return cart.checkout_key


def place(
    cart: Cart, buyer: Buyer, *, checkout_key: str, total: int, referral: dict, at: datetime
) -> Order:
    """Make the order of a bag; a second call with the same key returns the first one's order.

    `total` is what the shopper saw. Stock is reserved for RESERVED_FOR; nothing is stored
    when anything is wrong. Raises EmptyBag, CannotSell, PriceChanged, DoesNotShip,
    Busy, discounts.Refused.
    """
    if order := Order.objects.filter(checkout_key=checkout_key).first():
        return _updated(order, buyer, referral)
    try:
        return _place(cart, buyer, checkout_key, total, referral, at)
    except stock.SoldOut as error:
        raise CannotSell(str(error)) from error
    except IntegrityError:  # the same key at the same moment: the other one made it
        if order := Order.objects.filter(checkout_key=checkout_key).first():
            return order
        raise
    except OperationalError as error:
        if was_locked(error):
            raise Busy(f"bag {cart.pk} waited too long") from error
        raise


@transaction.atomic
def _updated(order: Order, buyer: Buyer, referral: dict) -> Order:
    """The shopper came back and corrected where it goes, or the code; a paid order stays."""
    _check_ships([part.brand for part in order.parts.select_related("brand")], buyer)
    asked = {"code": referral.get("code", ""), "code_is": referral.get("code_is", {})}
    told = (order.referral or {}) | asked
    pending = Order.objects.filter(pk=order.pk, status=Order.Status.PENDING)
    changed = pending.update(referral=told, **_fields(buyer))
    order.refresh_from_db()
    if changed:
        discounts.move(order)
    return order


def _fields(buyer: Buyer) -> dict[str, Any]:
    return {
        "buyer": buyer.user,
        "email": buyer.email,
        "name": buyer.name,
        "address": buyer.address,
        "postal_code": buyer.postal_code,
        "city": buyer.city,
        "country": buyer.country,
        "phone": buyer.phone,
        "language": buyer.language,
    }


@transaction.atomic
def _place(
    cart: Cart, buyer: Buyer, checkout_key: str, total: int, referral: dict, at: datetime
) -> Order:
    try:
        cart = Cart.objects.select_for_update().get(pk=cart.pk)
    except Cart.DoesNotExist as error:
        raise EmptyBag("the bag is gone") from error
    if order := Order.objects.filter(checkout_key=checkout_key).first():
        return order
    bag = bags.contents(cart, at)
    _check(bag, buyer, total)
    quantities: Counter[int] = Counter()
    for line in bag.lines:
        quantities[line.variant.pk] += line.priced.quantity
    stock.reserve(quantities, at)
    token = orders.token_of(checkout_key)
    order = Order.objects.create(
        number=orders.new_number(),
        checkout_key=checkout_key,
        token_hash=orders.hash_token(token),
        currency=bag.currency,
        referral=referral,
        placed_at=at,
        expires_at=at + RESERVED_FOR,
        **_fields(buyer),
    )
    for part in bag.parts:
        _place_part(order, part)
    discounts.use(order, bag.applied, at)
    terms.accept(Terms.Kind.SHOPPER, at, order=order)
    Cart.objects.filter(pk=cart.pk).update(checkout_key=checkout_key)
    return order


def _check(bag: Bag, buyer: Buyer, total: int) -> None:
    if not bag.lines:
        raise EmptyBag("the bag is empty")
    if bag.problems:
        raise CannotSell(f"{len(bag.problems)} lines cannot be sold")
    _check_ships([part.brand for part in bag.parts], buyer)
    if bag.total != total:
        raise PriceChanged(f"{bag.total} instead of {total}")


def _check_ships(brands: Iterable[Brand], buyer: Buyer) -> None:
    for brand in brands:
        if brand.ships_to and buyer.country not in brand.ships_to:
            raise DoesNotShip(brand)


def _place_part(order: Order, part: BagPart) -> None:
    brand_order = BrandOrder.objects.create(
        order=order,
        brand=part.brand,
        seller=seller_of(part.brand),
        discount_code=part.applied.code if part.off and part.applied else "",
        delivery_name=part.way.name,
        delivery_days_from=part.way.days_from,
        delivery_days_to=part.way.days_to,
        shipping_gross=part.shipping,
        shipping_tax=part.shipping_tax,
        shipping_standard=part.ways[0].cost(part.listed) if part.way.name else None,
        return_days=part.brand.return_days,
    )
    OrderLine.objects.bulk_create(
        OrderLine(
            brand_order=brand_order,
            variant=line.variant,
            title=line.product.title,
            options=line.variant.options,
            withdrawal=line.product.withdrawal,
            quantity=line.priced.quantity,
            unit_price=line.priced.unit_price,
            discount=line.priced.discount,
            tax_bp=line.priced.tax_bp,
            gross=line.priced.gross,
            tax=line.priced.tax,
            touch=line.line.touch,
        )
        for line in part.lines
    )


def seller_of(brand: Brand) -> dict[str, str | bool]:
    """Return the trader as she is today, to be kept with the order."""
    names = ["name", "legal_name", "address", "postal_code", "city", "country", "email", "phone"]
    names += ["register_number", "vat_number", "vat_known"]
    facts = {name: getattr(brand, name) for name in names}
    return facts | {"returns_to": brand.returns_to, "pays_return": brand.pays_return}


def drop_earlier(cart: Cart, total: int, at: datetime) -> list[Order]:
    """Cancel unpaid orders of this bag that are not what she orders now, and return them.

    Those made of the bag as it was before, and one of it as it is that costs something else
    than `total`. One whose bank works on it stays: it is as good as paid.
    """
    keys = [key for key in (cart.replaces, cart.checkout_key) if key]
    rows = Order.objects.filter(
        checkout_key__in=keys, status=Order.Status.PENDING, processing_at=None
    )
    stale = [
        order for order in rows
        if order.checkout_key == cart.replaces or orders.total(order) != total
    ]  # fmt: skip
    gone = [order for order in stale if orders.cancel(order, at, only_idle=True)]
    if gone:
        cart.refresh_from_db()
    return gone
