"""A creator's passport: what she did here, signed, for another market to read.

    offer(creator, at)                       what a passport could say now
    issue(creator, fields, channels, at)     sign one, with what she consents to
    withdraw(creator, pk, at)                her consent ends: it is on the list of those that do not hold
    sweep(at)                                withdraw those whose channel is no longer hers
    revoked(at)                              that list, signed

The document is described in docs/passport.md. Its payload names the issuer, a number, the days
between which it holds (90), her channels, and per field that she chose what is known.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from affiliates import clock, passportfacts, passportkeys
from affiliates.models import Passport, RevokedPassport
from config.lib import jws
from creators.models import Channel, Creator

VERSION = 1
KIND, LIST_KIND = "thousand-passport", "thousand-passport-revocations"
KEYS_PATH = ".well-known/thousand-passports.json"
LIST_PATH = ".well-known/thousand-passports-revoked.json"
VALID = timedelta(days=90)
MOST = 10  # that hold at a time
EVERY = timedelta(minutes=15)  # how often the list is dated anew
LIST_VALID = timedelta(hours=24)


class NotIssued(Exception):
    """No passport can be made of what was chosen; `code`: channel, field, many."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Offer:
    """What a passport could say of a creator now."""

    channels: list[Channel]
    facts: passportfacts.Facts


def offer(creator: Creator, at: datetime) -> Offer:
    channels = list(creator.channels.verified().order_by("pk"))
    return Offer(channels, passportfacts.of(creator, at))


def issuer() -> str:
    return settings.SITE_URL


@transaction.atomic
def issue(
    creator: Creator, fields: Collection[str], channel_ids: Collection[int], at: datetime
) -> Passport:
    """Sign what she chose. Raises NotIssued, and NoKey where this market signs none."""
    seed = passportkeys.seed()
    Creator.objects.select_for_update().get(pk=creator.pk)
    found = offer(creator, at)
    channels = [one for one in found.channels if one.pk in set(channel_ids)]
    said = {name: found.facts.said[name] for name in fields if name in found.facts.said}
    if not channels:
        raise NotIssued("channel")
    if len(said) < len(set(fields)):
        raise NotIssued("field")
    if creator.passports.live(at).count() >= MOST:
        raise NotIssued("many")
    uid = uuid.uuid4()
    at = at.replace(microsecond=0)
    document = jws.seal(jws.canonical(_payload(uid, channels, said, at)), seed, KIND)
    row = Passport.objects.create(
        uid=uid, creator=creator, fields=sorted(said), document=document.decode(),
        key_id=jws.key_id(document), issued_at=at, expires_at=at + VALID,
    )  # fmt: skip
    row.channels.set(channels)
    return row


def _payload(
    uid: uuid.UUID, channels: list[Channel], said: dict[str, dict[str, int]], at: datetime
) -> dict[str, object]:
    return {
        "version": VERSION,
        "id": str(uid),
        "issuer": issuer(),
        "issued_at": stamp(at),
        "expires_at": stamp(at + VALID),
        "since": clock.local_day(at - passportfacts.WINDOW).isoformat(),
        "channels": [
            {
                "platform": one.platform,
                "account": one.external_id,
                "handle": one.handle,
                "verified_on": clock.local_day(one.verified_at or at).isoformat(),
            }
            for one in channels
        ],
        "facts": said,
    }


def stamp(at: datetime) -> str:
    """Return a moment as a document writes it: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(row: Passport) -> Any:
    """Return what a passport of ours says."""
    return jws.plain(jws.content(row.document.encode()))


# ------------------------------------------------------------ the end of one


@transaction.atomic
def withdraw(creator: Creator, pk: int, at: datetime) -> bool:
    """Let a passport hold no longer, and forget what it said; False: it did not hold."""
    row = creator.passports.select_for_update().filter(pk=pk, revoked_at=None).first()
    if row is None:
        return False
    _revoke(row, at)
    return True


def _revoke(row: Passport, at: datetime) -> None:
    RevokedPassport.objects.get_or_create(
        uid=row.uid, defaults={"revoked_at": at, "until": row.expires_at}
    )
    row.revoked_at, row.document = at, ""
    row.save(update_fields=["revoked_at", "document"])


def forget(creator: Creator, at: datetime) -> int:
    """Withdraw all of a creator who is erased, and delete them; return how many held."""
    rows = list(creator.passports.select_for_update().filter(revoked_at=None))
    for row in rows:
        _revoke(row, at)
    creator.passports.all().delete()
    return len(rows)


@transaction.atomic
def sweep(at: datetime, size: int = 500) -> int:
    """Withdraw passports that name a channel which is no longer verified; drop what is long over."""
    through = Passport.channels.through
    verified = Channel.objects.verified().filter(pk=OuterRef("channel"))
    lost = through.objects.filter(~Exists(verified), passport=OuterRef("pk"))
    named = through.objects.filter(passport=OuterRef("pk"))
    rows = Passport.objects.select_for_update(skip_locked=True).live(at)
    stale = list(rows.filter(Exists(lost) | ~Exists(named))[:size])
    for row in stale:
        _revoke(row, at)
    RevokedPassport.objects.filter(until__lte=at).delete()
    return len(stale)


# ------------------------------------------------------------ what is published


def revoked(at: datetime) -> bytes:
    """Return the list of passports that do not hold although their time is not over, signed.

    Dated to the quarter of an hour, so that it can be kept by whoever asks. Raises NoKey.
    """
    seconds = int(EVERY.total_seconds())
    dated = datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)
    rows = RevokedPassport.objects.filter(until__gt=at).order_by("uid")
    payload = {
        "version": VERSION,
        "issuer": issuer(),
        "issued_at": stamp(dated),
        "expires_at": stamp(dated + LIST_VALID),
        "revoked": [str(uid) for uid in rows.values_list("uid", flat=True)],
    }
    return jws.seal(jws.canonical(payload), passportkeys.seed(), LIST_KIND)


def where() -> dict[str, object]:
    """Return what is published at the well-known address: our keys, and where the list is."""
    return {
        "issuer": issuer(),
        "keys": passportkeys.published(),
        "revocations": f"{issuer()}/{LIST_PATH}",
    }
