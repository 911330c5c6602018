"""Messages between a brand and a creator: plain text, within limits, until one of them blocks.

    send(...)           who may write, and how much before the other side answers
    threads(...)        all threads of a side, newest first, with what is unread
    open_thread(...)    one thread; what was unread is read now
    block, unblock      each side for itself
    hide(...)           a report was upheld: nobody is shown it any more

A brand's threads are seen by everybody who acts for it, and by no other brand.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from affiliates import outreach
from affiliates.models import Message, Thread
from creators.models import Creator
from shop.models import Brand

UNANSWERED = 5  # messages in a row before the other side has ever answered
NEW_A_WEEK = 10  # brands that a creator writes to first
LATEST = 200  # messages that a page of a thread shows


class Blocked(Exception):
    """One of the two wants no more messages."""


class WaitForAnswer(Exception):
    """So many messages went unanswered that the next one waits for an answer."""


class TooMany(Exception):
    """The sender has written to as many strangers as she may this week."""


class NotReachable(Exception):
    """The other side is not in the market: a closed brand, a creator who is not listed."""


@transaction.atomic
def send(
    brand: Brand, creator: Creator, text: str, *, by: AbstractBaseUser, from_brand: bool,
    at: datetime,
) -> Message:  # fmt: skip
    """Send a message. Raises Blocked, WaitForAnswer, TooMany, NotReachable, ValueError (empty),
    outreach.QuotaReached.
    """
    text = text.replace("\x00", "").strip()[:2_000]
    if not text:
        raise ValueError("a message has words")
    row = Thread.objects.select_for_update().filter(brand=brand, creator=creator).first()
    if row is not None and row.is_blocked:
        raise Blocked(str(row))
    if row is None or row.started_by_brand is None:
        row = _start(brand, creator, from_brand, at)
    is_first_side = row.started_by_brand == from_brand
    if is_first_side and row.answered_at is None:
        sent = Message.objects.filter(brand=brand, creator=creator, from_brand=from_brand)
        if sent.count() >= UNANSWERED:
            raise WaitForAnswer(str(row))
    if not is_first_side and row.answered_at is None:
        row.answered_at = at
    row.last_at = at
    row.save(update_fields=["last_at", "answered_at"])
    return Message.objects.create(
        brand=brand, creator=creator, sender=by, from_brand=from_brand, text=text, sent_at=at
    )


def _start(brand: Brand, creator: Creator, from_brand: bool, at: datetime) -> Thread:
    if not may_reach(brand, creator, from_brand):
        raise NotReachable(f"{brand} and {creator}")
    if from_brand:
        outreach.take(brand, [creator.pk], at)
    else:
        Creator.objects.select_for_update(of=("self",)).get(pk=creator.pk)
        new = creator.threads.filter(started_by_brand=False, started_at__gt=at - outreach.WEEK)
        if new.count() >= NEW_A_WEEK:
            raise TooMany(str(creator))
    begun = {"started_by_brand": from_brand, "started_at": at, "last_at": at}
    made, _new = Thread.objects.select_for_update().get_or_create(
        brand=brand, creator=creator, defaults=begun
    )
    if made.is_blocked:
        raise Blocked(str(made))
    if made.started_by_brand is None:
        Thread.objects.filter(pk=made.pk).update(**begun)
        made.refresh_from_db()
    return made


def may_reach(brand: Brand, creator: Creator, from_brand: bool) -> bool:
    """Say whether one may write to the other first."""
    if from_brand:
        return Creator.objects.filter(pk=creator.pk, directoryentry__is_listed=True).exists()
    return brand.status == Brand.Status.ACTIVE and creator.is_enrolled


def _with_last(rows: QuerySet[Thread], unread: QuerySet[Message]) -> QuerySet[Thread]:
    pair = {"brand": OuterRef("brand"), "creator": OuterRef("creator")}
    newest = Message.objects.shown().filter(**pair).order_by("-sent_at", "-id")
    counted = unread.filter(**pair).order_by().values("brand").annotate(n=Count("pk"))
    return rows.annotate(
        last_text=Subquery(newest.values("text")[:1]),
        last_from_brand=Subquery(newest.values("from_brand")[:1]),
        unread=Coalesce(Subquery(counted.values("n")), 0),
    ).order_by("-last_at", "-id")


def of_brand(brand: Brand) -> QuerySet[Thread]:
    """Return a brand's threads with their newest message, newest first."""
    rows = Thread.objects.filter(brand=brand).select_related("creator")
    return _with_last(rows, Message.objects.unread_by_brand())


def of_creator(creator: Creator) -> QuerySet[Thread]:
    """Return a creator's threads with their newest message, newest first."""
    rows = Thread.objects.filter(creator=creator).select_related("brand")
    return _with_last(rows, Message.objects.unread_by_creator())


def between(brand: Brand, creator: Creator) -> list[Message]:
    """Return the newest messages of a thread, oldest first."""
    rows = Message.objects.filter(brand=brand, creator=creator).select_related("sender")
    return list(rows.order_by("-sent_at", "-id")[:LATEST])[::-1]


def read(brand: Brand, creator: Creator, *, by_brand: bool, at: datetime) -> int:
    """Mark what one side had not read; return how many."""
    rows = Message.objects.filter(brand=brand, creator=creator)
    unread = rows.unread_by_brand() if by_brand else rows.unread_by_creator()
    return unread.update(read_at=at)


@transaction.atomic
def block(brand: Brand, creator: Creator, *, by_brand: bool, at: datetime) -> None:
    """Take no more messages of the other side from `at` on; a creator gets no invitations either."""
    row, _new = Thread.objects.select_for_update().get_or_create(
        brand=brand, creator=creator,
        defaults={"started_by_brand": None, "started_at": at, "last_at": at},
    )  # fmt: skip
    field = _block_of(by_brand)
    setattr(row, field, getattr(row, field) or at)
    row.save(update_fields=[field])


def unblock(brand: Brand, creator: Creator, *, by_brand: bool) -> int:
    """Take messages again; the other side's block stays."""
    rows = Thread.objects.filter(brand=brand, creator=creator)
    return rows.update(**{_block_of(by_brand): None})


def _block_of(by_brand: bool) -> str:
    return "blocked_by_brand_at" if by_brand else "blocked_by_creator_at"


def hide(pk: int, at: datetime) -> int:
    """Take a message down; both sides see that there was one."""
    return Message.objects.filter(pk=pk, hidden_at=None).update(hidden_at=at)


def waiting_for(at: datetime, quiet: timedelta) -> QuerySet[Message]:
    """Return unread messages that lie for at least `quiet`, of threads that nobody blocked."""
    blocked = Thread.objects.filter(brand=OuterRef("brand"), creator=OuterRef("creator")).filter(
        Q(blocked_by_brand_at__isnull=False) | Q(blocked_by_creator_at__isnull=False)
    )
    rows = Message.objects.shown().filter(read_at=None, sent_at__lte=at - quiet)
    return rows.annotate(is_blocked=Subquery(blocked.values("pk")[:1])).filter(is_blocked=None)
