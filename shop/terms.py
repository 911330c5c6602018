"""Terms: one version is in force, the next is announced at least 15 days ahead.

in_force(kind, at)          what holds
missing(kind, at, ...)      what somebody still has to accept, if anything
accept(kind, at, ...)       keeps which version, and when; again changes nothing
publish(row, by=..., at=...)   announces a draft; from then on nobody changes it
changes(old, new)           what differs, line by line and word by word
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from shop.models import Acceptance, Brand, Order, Terms
from shop.models.terms import NOTICE_DAYS

NOTICE = timedelta(days=NOTICE_DAYS)


class NotPublishable(Exception):
    """A version cannot be published as it stands; the message says why, to an admin."""


def in_force(kind: str, at: datetime) -> Terms | None:
    return Terms.objects.in_force(at).filter(kind=kind).first()


def missing(
    kind: str, at: datetime, *, user: AbstractBaseUser | None = None, brand: Brand | None = None
) -> Terms | None:  # fmt: skip
    """Return the version in force that `user` (or anyone for `brand`) has not accepted, if any."""
    who = {"brand": brand} if brand else {"user": user}
    agreed = Exists(Acceptance.objects.filter(terms=OuterRef("pk"), **who))
    terms = Terms.objects.in_force(at).filter(kind=kind).annotate(is_agreed=agreed).first()
    return None if terms is None or terms.is_agreed else terms


def unsigned(kind: str, at: datetime, user_ids: Collection[int]) -> set[int]:
    """Return which of these users have not accepted the version in force, as `missing` says it."""
    terms = in_force(kind, at)
    if terms is None:
        return set()
    agreed = Acceptance.objects.filter(terms=terms, user__in=user_ids)
    return set(user_ids).difference(agreed.values_list("user", flat=True))


def accept(
    kind: str, at: datetime, *, user: AbstractBaseUser | None = None, brand: Brand | None = None,
    order: Order | None = None,
) -> Acceptance | None:  # fmt: skip
    """Keep that somebody agrees to the version in force; again changes nothing."""
    terms = in_force(kind, at)
    if terms is None:
        return None
    known = Acceptance.objects.filter(terms=terms, user=user, brand=brand, order=order).first()
    return known or Acceptance.objects.create(
        terms=terms, user=user, brand=brand, order=order, accepted_at=at
    )


@transaction.atomic
def publish(row: Terms, *, by: AbstractBaseUser, at: datetime) -> Terms:
    """Announce a draft for its date. Raises NotPublishable."""
    row = Terms.objects.select_for_update().get(pk=row.pk)
    if row.published_at is not None:
        raise NotPublishable(_("It is published already."))
    before = Terms.objects.published().filter(kind=row.kind).order_by("-version").first()
    if row.version != (before.version + 1 if before else 1):
        raise NotPublishable(_("Versions are numbered one after another."))
    if before and row.effective_from < at + NOTICE:
        said = _(
            "A new version is announced at least %d days before it holds. Choose a later date."
        )
        raise NotPublishable(said % NOTICE_DAYS)
    if before and row.effective_from <= before.effective_from:
        raise NotPublishable(_("The version before it would begin later."))
    row.published_at, row.published_by = at, by
    row.save(update_fields=["published_at", "published_by"])
    return row


def versions(kind: str) -> list[Terms]:
    """Return the published versions of a kind, the newest first."""
    return list(Terms.objects.published().filter(kind=kind).order_by("-version"))


# ------------------------------------------------------------------ what differs


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison: `parts` are (op, text), op one of "same", "new", "gone"."""

    op: str  # same, new, gone, changed
    parts: list[tuple[str, str]]


def changes(old: str, new: str) -> list[Line]:
    """Return the lines of `new` with what was taken out, added and reworded since `old`."""
    before, after = old.strip().splitlines(), new.strip().splitlines()
    found: list[Line] = []
    for op, a, b, c, d in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        if op == "equal":
            found += [Line("same", [("same", text)]) for text in after[c:d]]
            continue
        paired = min(b - a, d - c)
        found += [Line("changed", list(_words(before[a + n], after[c + n]))) for n in range(paired)]
        found += [Line("gone", [("gone", text)]) for text in before[a + paired : b]]
        found += [Line("new", [("new", text)]) for text in after[c + paired : d]]
    return found


def _words(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield what stayed, went and came in one line, word by word."""
    before, after = re.findall(r"\S+\s*", old), re.findall(r"\S+\s*", new)
    for op, a, b, c, d in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        if op == "equal":
            yield "same", "".join(after[c:d])
            continue
        if b > a:
            yield "gone", "".join(before[a:b])
        if d > c:
            yield "new", "".join(after[c:d])
