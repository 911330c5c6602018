"""A recall takes a product off the shop and tells everybody who bought it, each once.

Source: Regulation (EU) 2023/988 (general product safety), art. 35 and 36: directly, under the
words "product safety recall", with what is dangerous, what to do, and whom to ask.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q

from shop import products
from shop.models import Order, OrderLetter, Product, Recall, Variant

KIND = "recall"
AT_ONCE = 2_000
TWICE_WITHIN = timedelta(minutes=15)  # the same words again are the same recall
MOST_A_DAY = 3  # of one product, by its brand


class TooMany(Exception):
    """A brand called this product back so often today that its buyers are not mailed again."""


def orders_of(product: Product) -> Iterator[Order]:
    """Yield the newest paid order of each address that bought it, here or in the brand's shop."""
    rows = Order.objects.filter(
        status=Order.Status.PAID, parts__lines__variant__product=product
    ).exclude(email="")
    rows = rows.order_by("email", "-placed_at").distinct("email").only("pk", "email")
    return rows.iterator(AT_ONCE)


def buyers(product: Product) -> int:
    """Return how many addresses bought it."""
    rows = Order.objects.filter(
        status=Order.Status.PAID, parts__lines__variant__product=product
    ).exclude(email="")
    return rows.values("email").distinct().count()


@transaction.atomic
def make(
    product: Product,
    hazard: str,
    todo: str,
    by: AbstractBaseUser,
    at: datetime,
    most: int | None = None,
) -> Recall:
    """Call a product back: it is off the shop, and a letter waits for each who bought it.

    Who pays meanwhile waits for the lock on what she buys, and `orders.mark_paid` then sees
    the recall. Pressed twice it is one. Raises TooMany beyond `most` in a day.
    """
    list(Variant.objects.select_for_update().filter(product=product).order_by("pk"))
    words = {"hazard": hazard.strip(), "todo": todo.strip()}
    before = Recall.objects.filter(product=product)
    if same := before.filter(**words, made_at__gt=at - TWICE_WITHIN).first():
        return same
    if most is not None and before.filter(made_at__gt=at - timedelta(days=1)).count() >= most:
        raise TooMany(f"{product} was called back {most} times in a day")
    made = Recall.objects.create(product=product, **words, made_by=by, made_at=at)
    products.hide(product, at)
    found = (
        OrderLetter(kind=KIND, about=made.pk, order=order, to=order.email, written_at=at)
        for order in orders_of(product)
    )
    while some := list(islice(found, AT_ONCE)):
        OrderLetter.objects.bulk_create(some, ignore_conflicts=True)
    return made


def reach(recall: Recall) -> dict[str, int]:
    """Return how many letters there are, how many went, and how many addresses took none."""
    rows = OrderLetter.objects.filter(kind=KIND, about=recall.pk)
    return rows.aggregate(
        all=Count("pk"),
        sent=Count("pk", filter=Q(sent_at__isnull=False, refused=False)),
        refused=Count("pk", filter=Q(refused=True)),
    )
