"""Letters about orders: written down in the transaction of the fact they tell, posted by a task.

What a letter says is made when `postroom` posts it; a mail server that is away is asked again.
"""

from datetime import datetime

from shop.models import Brand, Membership, Order, OrderLetter


def write(kind: str, about: int, order: Order, at: datetime, brand: Brand | None = None) -> None:
    """Have a letter of `kind` posted: to the shopper, or with `brand` to each of its team.

    Once for each address, however often it is called.
    """
    to = [order.email] if order.email else []
    if brand is not None:
        team = Membership.objects.filter(brand=brand).exclude(user__email="")
        to = list(team.order_by("pk").values_list("user__email", flat=True))
    rows = [
        OrderLetter(kind=kind, about=about, order=order, brand=brand, to=one, written_at=at)
        for one in to
    ]
    OrderLetter.objects.bulk_create(rows, ignore_conflicts=True)
