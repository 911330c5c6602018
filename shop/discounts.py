"""Discount codes of brands: what one takes off, who may still use it, and each use counted.

A brand pays its discount itself: the line's gross is after it, so the VAT within, our fee and the
creator's commission are too. A code touches the lines of its own brand only. Uses are counted by
an update under the code's row lock when the order is placed, and given back when it is cancelled.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from config.lib import local, money
from shop.models import Brand, DiscountCode, DiscountUse, Order, Product

MOST_OFF_BP = 9_000  # of the lines it is on; an order of nothing could not be paid
MOST_CODES = 200  # of one brand


class Refused(Exception):
    """A code that cannot be used on this order; the text is for the shopper."""


class Taken(Exception):
    """The brand has a code of this spelling already."""


class TooMany(Exception):
    """The brand has as many codes as it may have."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A code in a bag: what it takes off, or (`problem`, for the shopper) why it does not."""

    discount: DiscountCode | None
    code: str
    off: int = 0
    problem: str = ""

    @property
    def words(self) -> str:
        """What the code gives, such as `10%` or `€5.00`."""
        return gives(self.discount) if self.discount else ""


def gives(discount: DiscountCode) -> str:
    """Return what a code takes off: `10%` or `€5.00`."""
    if discount.amount is not None:
        return money.display(discount.amount, discount.brand.currency, local.code())
    whole = discount.rate_bp % 100 == 0
    return f"{local.decimal(discount.rate_bp / 100, 0 if whole else 2)}%"


def off(rate_bp: int | None, amount: int | None, prices: Sequence[int]) -> list[int]:
    """Return what a code takes off each of `prices` (minor units), by largest remainder. Pure.

    At most nine tenths of them all.
    """
    goods = sum(prices)
    wanted = money.half_up(goods, rate_bp) if amount is None else amount
    return money.split(min(wanted, goods * MOST_OFF_BP // money.FULL), prices)


def find(words: Iterable[str], brand_ids: Iterable[int]) -> list[DiscountCode]:
    """Return the codes of these brands that are spelled like one of `words`."""
    rows = DiscountCode.objects.words([word.strip() for word in words if word.strip()])
    rows = rows.filter(brand__in=list(brand_ids)).select_related("brand")
    return list(rows.prefetch_related("products").order_by("pk"))


def shares(
    discount: DiscountCode, lines: Sequence[tuple[Product, int]], at: datetime
) -> tuple[list[int], str]:
    """Return what a code takes off each (product, price) of its brand, and why it does not."""
    nothing = [0] * len(lines)
    if problem := _closed(discount, at):
        return nothing, problem
    only = {product.pk for product in discount.products.all()}
    prices = [price if not only or one.pk in only else 0 for one, price in lines]
    if not any(prices):
        return nothing, _("It is for other products of this brand.")
    lacks = discount.minimum - sum(price for _product, price in lines)
    if lacks > 0:
        language = local.code()
        facts = [money.display(one, discount.brand.currency, language)
                 for one in (discount.minimum, lacks)]  # fmt: skip
        said = _("It counts from %(minimum)s of %(brand)s: %(lacks)s more.")
        return nothing, said % {"minimum": facts[0], "lacks": facts[1], "brand": discount.brand}
    return off(discount.rate_bp, discount.amount, prices), ""


def _closed(discount: DiscountCode, at: datetime) -> str:
    if discount.starts_at > at:
        return _("It does not count yet.")
    if discount.stopped_at or (discount.ends_at and discount.ends_at <= at):
        return _("It has ended.")
    return _("It has been used up.") if discount.is_used_up else ""


def shopper_of(email: str) -> str:
    """Return a keyed mark of whose address it is; `a+b@x` is the same person as `A@x`."""
    name, _at, host = email.strip().lower().rpartition("@")
    person = f"{name.partition('+')[0]}@{host}"
    key = b"discount:" + settings.SECRET_KEY.encode()
    return hmac.new(key, person.encode(), hashlib.sha256).hexdigest()


def use(order: Order, applied: Iterable[Applied], at: datetime) -> None:
    """Count the codes of an order that is being placed. Raises Refused; needs a transaction."""
    used = sorted((one for one in applied if one.off), key=lambda one: one.discount.pk)
    for one in used:
        rows = DiscountCode.objects.filter(pk=one.discount.pk, stopped_at=None)
        rows = rows.filter(Q(ends_at=None) | Q(ends_at__gt=at))
        free = rows.filter(Q(most_uses=None) | Q(used__lt=F("most_uses")))
        if not free.update(used=F("used") + 1):
            why = _("It has been used up.") if rows.exists() else _("It has ended.")
            raise Refused(f"{one.code}: {why}")
        shopper = shopper_of(order.email)
        _check_shopper(one.discount, shopper, order)
        DiscountUse.objects.create(
            discount=one.discount, order=order, shopper=shopper, amount=one.off
        )


def _check_shopper(discount: DiscountCode, shopper: str, order: Order) -> None:
    """Needs the code's row lock, so that two orders of one shopper follow each other."""
    most = discount.most_per_shopper
    mine = discount.uses.filter(shopper=shopper).exclude(order=order)
    if most is not None and mine.count() >= most:
        why = _("You have used it as often as you may.")
        raise Refused(f"{discount.code}: {why}")


@transaction.atomic
def move(order: Order) -> None:
    """An unpaid order is another person's now: count its codes for her. Raises Refused."""
    shopper = shopper_of(order.email)
    for row in order.discount_uses.exclude(shopper=shopper).order_by("discount"):
        discount = DiscountCode.objects.select_for_update().get(pk=row.discount_id)
        _check_shopper(discount, shopper, order)
        row.shopper = shopper
        row.save(update_fields=["shopper"])


def release(order: Order) -> None:
    """Give the uses of a cancelled order back; needs a transaction."""
    for row in list(order.discount_uses.order_by("discount")):
        DiscountCode.objects.filter(pk=row.discount_id).update(used=F("used") - 1)
        row.delete()


@transaction.atomic
def make(discount: DiscountCode, products: Iterable[Product] = ()) -> DiscountCode:
    """Store a new code, for `products` or for all. Raises Taken, TooMany."""
    brand = Brand.objects.select_for_update().get(pk=discount.brand_id)
    if brand.discount_codes.count() >= MOST_CODES:
        raise TooMany(f"{brand} has {MOST_CODES} codes")
    try:
        with transaction.atomic():
            discount.save()
    except IntegrityError as error:
        if find([discount.code], [brand.pk]):
            raise Taken(discount.code) from error
        raise
    discount.products.set(products)
    return discount


def stop(discount: DiscountCode, at: datetime) -> bool:
    """End a code now; orders that were placed keep it. Return whether this call did."""
    rows = DiscountCode.objects.filter(pk=discount.pk, stopped_at=None)
    return bool(rows.update(stopped_at=at))


def of_brand(brand: Brand) -> list[DiscountCode]:
    """Return a brand's codes, newest first, with `given`: what it took off paid orders."""
    paid = Q(uses__order__status=Order.Status.PAID)
    rows = brand.discount_codes.prefetch_related("products").select_related("brand")
    return list(rows.annotate(given=Sum("uses__amount", filter=paid))[:MOST_CODES])
