"""Keys to the API: made by a person, shown once, known here by their hash alone.

    make(name, scopes, at, by=…, brand=…) -> (ApiToken, word)
    find(word, at) -> ApiToken            # raises NoToken, Stopped
    revoke(token, at)

A token belongs to a brand or a creator and does what its scopes say. It ends when it is revoked or
expires, and opens nothing while its brand, creator or maker is suspended or closed, or its maker
is no owner of the brand any more.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from affiliates.models import ApiToken
from creators.models import Creator
from shop.models import Brand

PREFIX = "thd_"  # so that leaks of it are found by searching
MOST = 20  # live tokens of one brand or creator
DAYS = (30, 90, 365)
NOTED_EVERY = timedelta(minutes=1)

# scope -> (what it lets a program do, whose it may be)
BRAND, CREATOR, BOTH = "brand", "creator", "both"
SCOPES = {
    "products:read": (gettext_noop("Read products"), BRAND),
    "stock:read": (gettext_noop("Read stock"), BRAND),
    "stock:write": (gettext_noop("Set stock"), BRAND),
    "collaborations:read": (gettext_noop("Read collaborations"), BRAND),
    "creators:read": (gettext_noop("Search creators"), BRAND),
    "orders:read": (gettext_noop("Read orders"), BRAND),
    "conversions:write": (gettext_noop("Report orders of our own shop"), BRAND),
    "links:read": (gettext_noop("Read links"), CREATOR),
    "links:write": (gettext_noop("Take links"), CREATOR),
    "clicks:read": (gettext_noop("Read clicks by day"), CREATOR),
    "commissions:read": (gettext_noop("Read commissions"), CREATOR),
    "statements:read": (gettext_noop("Read statements"), BOTH),
}


class NoToken(Exception):
    """Nobody's token: unknown, expired or revoked."""


class Stopped(Exception):
    """The token's brand, creator or maker is suspended or closed, or its maker no owner any more."""


class TooMany(Exception):
    """A brand or creator has as many live tokens as it may have."""


def scopes_for(whose: str) -> list[str]:
    """Return the scopes that a token of a `brand` or `creator` may have."""
    return [scope for scope, (_said, who) in SCOPES.items() if who in (BOTH, whose)]


def digest(word: str) -> str:
    """Return what is kept of a token: it has 256 random bits, so a plain hash hides it."""
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()


@transaction.atomic
def make(
    name: str, scopes: Iterable[str], at: datetime, *, days: int | None, by: AbstractBaseUser,
    **whose: Brand | Creator,
) -> tuple[ApiToken, str]:  # fmt: skip
    """Make a token of a `brand` or a `creator`; return it and the word that opens. Raises TooMany."""
    (owner,) = whose.values()
    type(owner).objects.select_for_update(of=("self",)).get(pk=owner.pk)
    if ApiToken.objects.live(at).filter(**whose).count() >= MOST:
        raise TooMany(f"{owner} has {MOST} tokens")
    word = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        name=name, start=word[:12], digest=digest(word), scopes=sorted(scopes), made_by=by,
        created_at=at, expires_at=at + timedelta(days=days) if days else None, **whose,
    )  # fmt: skip
    return row, word


def revoke(token: ApiToken, at: datetime) -> bool:
    """End a token at once; False: it was ended before."""
    return bool(ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at))


def find(word: str, at: datetime) -> ApiToken:
    """Return the token that a word opens, with its owner. Raises NoToken, Stopped. One query.

    That it was used is written down once a minute.
    """
    rows = ApiToken.objects.live(at).with_maker()
    rows = rows.select_related("brand__category", "creator__user", "made_by")
    row = rows.filter(digest=digest(word)).first() if word.startswith(PREFIX) else None
    if row is None:
        raise NoToken
    if _is_stopped(row):
        raise Stopped(str(row))
    if row.last_used_at is None or row.last_used_at < at - NOTED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=at - NOTED_EVERY)
        ApiToken.objects.filter(stale, pk=row.pk).update(last_used_at=at)
    return row


def _is_stopped(row: ApiToken) -> bool:
    if row.brand is not None:  # a key of somebody who may not make one any more is none
        return not row.is_owners or row.brand.is_stopped
    maker_gone = row.made_by is not None and not row.made_by.is_active
    return maker_gone or row.creator.is_stopped
