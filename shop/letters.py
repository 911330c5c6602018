"""Letters about orders: written down in the transaction of the fact they tell, posted by a task.

    write(kind, ...)      once for each address, however often it is called
    send_waiting(at)      posts what is not posted yet; a mail server that is away is asked again

What a letter says is made when it is posted, in the language of whom it goes to.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import translation

from config.lib import post
from shop import orderletters, troubleletters
from shop.models import Brand, Membership, Order, OrderLetter

logger = logging.getLogger(__name__)
AT_ONCE = 200
WORDS: dict[str, Callable[[OrderLetter], EmailMultiAlternatives]] = {
    **troubleletters.WORDS,
    **orderletters.WORDS,
}


def write(kind: str, about: int, order: Order, at: datetime, brand: Brand | None = None) -> None:
    """Have a letter of `kind` posted: to the shopper, or with `brand` to each of its team."""
    if kind not in WORDS:
        raise ValueError(f"no letter is called {kind}")
    to = [order.email] if order.email else []
    if brand is not None:
        team = Membership.objects.filter(brand=brand).exclude(user__email="")
        to = list(team.order_by("pk").values_list("user__email", flat=True))
    rows = [
        OrderLetter(kind=kind, about=about, order=order, brand=brand, to=one, written_at=at)
        for one in to
    ]
    OrderLetter.objects.bulk_create(rows, ignore_conflicts=True)


def send_waiting(at: datetime) -> int:
    """Post letters that wait; return how many went out. Each is one transaction."""
    sent = 0
    for pk in list(OrderLetter.objects.waiting().values_list("pk", flat=True)[:AT_ONCE]):
        try:
            sent += _post(pk, at)
        except OSError:
            logger.exception("the mail server is away; the letters wait")
            break
    return sent


@transaction.atomic
def _post(pk: int, at: datetime) -> bool:
    rows = OrderLetter.objects.waiting().select_for_update(skip_locked=True, of=["self"])
    row = rows.filter(pk=pk).select_related("order", "brand").first()
    if row is None:
        return False
    try:
        with transaction.atomic(), translation.override(_language(row)):
            row.refused = not post.send(WORDS[row.kind](row))
        row.sent_at = at
    except OSError:
        raise
    except Exception:  # one that cannot be written stops nobody; the admin's list shows it
        logger.exception("the letter %s could not be written", row)
        row.attempts += 1
    row.save(update_fields=["sent_at", "refused", "attempts"])
    return row.sent_at is not None and not row.refused


def _language(row: OrderLetter) -> str:
    if row.brand is None:
        return row.order.language
    return "nl" if row.brand.country in {"NL", "BE"} else "en"
