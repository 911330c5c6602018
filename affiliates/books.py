"""Checks the books, tells admins what offends, and keeps payouts back while anything does.

An offence stops payouts (`require_balance`), never the site.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from affiliates import invariants
from affiliates.models import BooksCheck
from config.lib import alarms

logger = logging.getLogger(__name__)
CHECK_AGAIN = timedelta(hours=1)  # while nobody asks for it
AGAIN = timedelta(hours=24)  # the same offences are mailed once a day


class OutOfBalance(Exception):
    """The newest check of the books found offences; the message names them."""


def check(at: datetime) -> dict[str, list[int]]:
    """Run every invariant, store and mail what offends; return it (empty: all hold)."""
    begun = time.monotonic()
    offences = invariants.check()
    row = BooksCheck(checked_at=at, seconds=time.monotonic() - begun, offences=offences)
    for name, ids in offences.items():
        logger.error("check_books: %s: %s", name, ids)
    row.alerted = bool(offences) and not _told_lately(offences, at) and _alert(row)
    row.save()
    return offences


def require_balance() -> None:
    """Raise OutOfBalance while the newest check has offences."""
    newest = BooksCheck.objects.first()
    if newest and newest.offences:
        said = _("The books do not balance, so nothing is paid out: %s")
        raise OutOfBalance(said % "; ".join(newest.offences))


def broke_lately(at: datetime) -> bool:
    """Say whether the newest check found offences less than an hour ago: too soon for another."""
    newest = BooksCheck.objects.first()
    return bool(newest and newest.offences and at - CHECK_AGAIN < newest.checked_at <= at)


def _told_lately(offences: dict[str, list[int]], at: datetime) -> bool:
    last = BooksCheck.objects.filter(alerted=True, checked_at__gt=at - AGAIN).first()
    return last is not None and last.offences == offences


def _alert(row: BooksCheck) -> bool:
    """Mail admins what offends; return whether that went out."""
    lines = [f"{name}: {', '.join(map(str, ids))}" for name, ids in row.offences.items()]
    url = settings.SITE_URL + reverse("admin:affiliates_bookscheck_changelist")
    body = (
        f"check_books found offences at {row.checked_at:%Y-%m-%d %H:%M} UTC.\n"
        "No payout is built, approved or exported until a check finds none.\n\n"
        + "\n".join(lines)
        + f"\n\n{url}\n"
    )
    subject = f"The books do not balance: {len(row.offences)} broken"
    return alarms.tell_admins(subject, body)
