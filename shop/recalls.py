"""A recall takes a product off the shop and tells everybody who bought it, each once.

Source: Regulation (EU) 2023/988 (general product safety), art. 35 and 36: directly, under the
words "product safety recall", with what is dangerous, what to do, and whom to ask.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q

from shop import products
from shop.models import Order, OrderLetter, Product, Recall

KIND = "recall"
AT_ONCE = 2_000


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
def make(product: Product, hazard: str, todo: str, by: AbstractBaseUser, at: datetime) -> Recall:
    """Call a product back: it is off the shop, and a letter waits for each who bought it."""
    made = Recall.objects.create(
        product=product, hazard=hazard.strip(), todo=todo.strip(), made_by=by, made_at=at
    )
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
