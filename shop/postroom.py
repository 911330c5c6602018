"""Posts the letters about orders that wait, in the language of whom each goes to."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.utils import translation

from config.lib import post
from shop import orderletters, readers, troubleletters
from shop.models import OrderLetter

logger = logging.getLogger(__name__)
AT_ONCE = 200
TO_MANY = ("recall",)  # one cause, a letter to each who bought it
PAUSE = timedelta(minutes=1)  # times the square of the attempts: the last is 14 hours later
WORDS: dict[str, Callable[[OrderLetter], EmailMultiAlternatives]] = {
    **troubleletters.WORDS,
    **orderletters.WORDS,
}


def send_waiting(at: datetime) -> int:
    """Post letters that wait; return how many went out. Each is one transaction."""
    sent = 0
    for pk, attempts, written_at in _next():
        if attempts and at < written_at + PAUSE * attempts**2:
            continue
        try:
            sent += _post(pk, at)
        except post.NotNow as error:
            logger.warning("letter %s is taken later: %s", pk, error)
            OrderLetter.objects.filter(pk=pk).update(attempts=F("attempts") + 1)
        except OSError:
            logger.exception("the mail server is away; the letters wait")
            break
    return sent


def _next() -> list[tuple[int, int, datetime]]:
    """Return whose turn it is: a recall of thousands holds up no receipt, and is not held up.

    A quarter is kept for recalls; they also get what the others leave.
    """
    rows = OrderLetter.objects.waiting().values_list("pk", "attempts", "written_at")
    many = list(rows.filter(kind__in=TO_MANY)[:AT_ONCE])
    single = list(rows.exclude(kind__in=TO_MANY)[:AT_ONCE])
    kept = min(len(many), max(AT_ONCE // 4, AT_ONCE - len(single)))
    return single[: AT_ONCE - kept] + many[:kept]


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
    known = dict(readers.readers(row.brand))
    return known.get(row.to) or readers.usual(row.brand)
