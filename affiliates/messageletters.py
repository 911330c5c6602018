"""The digest of unread messages: one mail a day at the most, and only of what is new in it."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates import messages
from affiliates.letters import Letter
from affiliates.models import Message, MessageDigest
from creators import profiles
from shop import readers
from shop.models import Membership

logger = logging.getLogger(__name__)
QUIET = timedelta(hours=1)  # who reads it at once needs no mail
A_DAY = timedelta(days=1)
LOOKS_BACK = timedelta(days=14)  # what lies unread for longer was told of, or nobody reads it
AT_ONCE = 2_000
SHOWN = 80  # characters of a message
LINES = 20


@dataclass
class Digest:
    """What one person has not read: how many, the first (from whom, its beginning), and where."""

    language: str
    path: str
    newest: datetime
    n: int = 0
    rows: list[tuple[str, str]] = field(default_factory=list)  # the first LINES


def send(at: datetime) -> int:
    """Mail everybody who has unread messages that she was not told of; return how many."""
    sent = 0
    for user_id, digest in _waiting(at).items():
        try:
            sent += _tell(user_id, digest, at)
        except OSError:  # this address or the server refused it; the next call tries again
            logger.exception("user %s could not be told of messages", user_id)
    return sent


def _waiting(at: datetime) -> dict[int, Digest]:
    """Return what each person has not read of the last LOOKS_BACK, oldest first, however much.

    Left out is who had her mail of the day already, or has read of all of it in one.
    """
    found: dict[int, Digest] = {}
    rows = messages.waiting_for(at, QUIET).filter(sent_at__gt=at - LOOKS_BACK)
    ids = list(rows.order_by("sent_at", "id").values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        some = Message.objects.filter(pk__in=ids[start : start + AT_ONCE])
        unread = list(some.select_related("brand", "creator__user").order_by("sent_at", "id"))
        teams: dict[int, list[Membership]] = defaultdict(list)
        brands = {row.brand_id for row in unread}
        for one in Membership.objects.filter(brand__in=brands).select_related("brand"):
            teams[one.brand_id].append(one)
        for row in unread:
            for user_id, language, path in _readers(row, teams):
                digest = found.setdefault(user_id, Digest(language, path, row.sent_at))
                digest.newest, digest.n = row.sent_at, digest.n + 1
                if len(digest.rows) < LINES:
                    name = row.brand.name if row.from_brand else row.creator.display_name
                    digest.rows.append((name, _beginning(row.text)))
    told = dict(MessageDigest.objects.filter(user__in=found).values_list("user_id", "sent_at"))
    return {pk: one for pk, one in found.items() if _is_due(one, told.get(pk), at)}


def _is_due(digest: Digest, last: datetime | None, at: datetime) -> bool:
    """Say whether there is something new since the last mail, which was a day ago."""
    return last is None or (last <= at - A_DAY and digest.newest + QUIET > last)


def _readers(row: Message, teams: dict[int, list[Membership]]) -> list[tuple[int, str, str]]:
    if row.from_brand:
        creator = row.creator
        if creator.user_id is None or creator.is_demo:
            return []
        path = reverse("affiliates:messages")
        return [(creator.user_id, profiles.mail_language(creator), path)]
    if row.brand.is_demo:
        return []
    path = reverse("affiliates:brand_messages", args=[row.brand.slug])
    team = teams[row.brand_id]
    return [(one.user_id, readers.language_of(one), path) for one in team]


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


@transaction.atomic
def _tell(user_id: int, digest: Digest, at: datetime) -> bool:
    """Send one digest, unless one went out today or nothing is new since the last one."""
    user = User.objects.select_for_update().filter(pk=user_id).exclude(email="").first()
    if user is None:
        return False
    last = MessageDigest.objects.filter(user=user).first()
    if last and not _is_due(digest, last.sent_at, at):  # by another call, meanwhile
        return False
    MessageDigest.objects.update_or_create(user=user, defaults={"sent_at": at})
    with translation.override(digest.language):
        _letter(user.email, digest).send()
    return True


def _letter(address: str, digest: Digest) -> Letter:
    n = digest.n
    title = ngettext(
        "You have %(n)d unread message", "You have %(n)d unread messages", n
    ) % {"n": n}  # fmt: skip
    return Letter(
        to=address,
        subject=title,
        title=title,
        paragraphs=[_("You get one such mail a day at the most.")],
        rows=digest.rows,
        url=settings.SITE_URL + digest.path,
        button=_("Read them"),
        why=_("You get this mail because somebody wrote to you on Thousand."),
    )
