"""Passports that creators bring from other markets: looked at, kept, shown as that market's word.

    bring(creator, document, at)     check one and keep it; Refused says why not
    recheck(at)                      ask the issuers again, daily: what was withdrawn is shown no more

Only issuers that an admin has listed are asked, at their own address, over the guarded way out.
Nothing of it is counted anywhere: not in money, ranking, enrolment or any score.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from affiliates import passports
from affiliates.models import PassportEvidence, PassportIssuer
from affiliates.passportform import NotAPassport, Said, read, read_list
from config.lib import jws, outbound
from creators.channels import MANUAL
from creators.models import Channel, Creator, Platform

logger = logging.getLogger(__name__)
KEYS_S = 3_600
SLACK = timedelta(minutes=5)  # between two clocks
LIST_BYTES = 4_000_000
AGAIN = timedelta(hours=20)
PER_ISSUER = 2_000  # passports that are looked at again in one go
Keys = Mapping[str, Ed25519PublicKey]
# Platforms whose ids are made for one app, so that two markets know one account by two ids.
OWN_IDS = {Platform.TIKTOK}


class Refused(Exception):
    """A passport is not kept; `code` says why: form, ours, issuer, silent, signature, key, early,
    expired, revoked, channel, taken.
    """

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(f"{code} {about}".strip())
        self.code, self.about = code, about


# ------------------------------------------------------------ one passport


def bring(creator: Creator, document: bytes, at: datetime) -> PassportEvidence:
    """Check a passport and keep it for her. Raises Refused."""
    try:
        claimed = read(jws.content(document))
    except (jws.BadDocument, NotAPassport) as error:
        raise Refused("form", str(error)) from error
    if claimed.issuer == passports.issuer():
        raise Refused("ours")
    issuer = PassportIssuer.objects.filter(origin=claimed.issuer, is_active=True).first()
    if issuer is None:
        raise Refused("issuer", claimed.issuer)
    said = _checked(document, issuer, at)
    channel = _hers(creator, said)
    if channel is None:
        raise Refused("channel")
    values = {
        "creator": creator, "channel": channel, "document": document.decode(), "facts": said.facts,
        "issued_at": said.issued_at, "expires_at": said.expires_at, "brought_at": at,
        "checked_at": at,
    }  # fmt: skip
    try:
        with transaction.atomic():
            row, new = PassportEvidence.objects.get_or_create(
                issuer=issuer, uid=said.uid, defaults=values
            )
    except IntegrityError as error:  # the channel went at this very moment
        raise Refused("channel") from error
    if not new and row.creator_id != creator.pk:
        raise Refused("taken")
    return row


def _checked(document: bytes, issuer: PassportIssuer, at: datetime) -> Said:
    """Return what a passport says that `issuer` signed and that holds at `at`. Raises Refused."""
    try:
        said = read(_opened(issuer, document, passports.KIND))
    except jws.UnknownKey as error:
        raise Refused("key", issuer.name) from error
    except (jws.BadDocument, NotAPassport) as error:
        raise Refused("signature", issuer.name) from error
    if said.issuer != issuer.origin:
        raise Refused("signature", issuer.name)
    if said.issued_at > at + SLACK:
        raise Refused("early")
    if said.expires_at <= at:
        raise Refused("expired")
    if said.uid in revoked_by(issuer, at):
        raise Refused("revoked", issuer.name)
    return said


def _hers(creator: Creator, said: Said) -> Channel | None:
    """Return a channel of the passport that she has verified here too."""
    for channel in creator.channels.verified().order_by("pk"):
        for named in said.channels:
            if named.platform == channel.platform and _is_same(
                channel, named.account, named.handle
            ):
                return channel
    return None


def _is_same(channel: Channel, account: str, handle: str) -> bool:
    if channel.external_id == account:
        return True
    by_hand = channel.external_id.startswith(MANUAL) or account.startswith(MANUAL)
    by_handle = by_hand or channel.platform in OWN_IDS
    return by_handle and channel.handle.lstrip("@").lower() == handle.lstrip("@").lower()


def forget(creator: Creator, pk: int | None = None) -> int:
    """Delete what she brought, or one of it; return how many."""
    rows = creator.evidence.all()
    return (rows.filter(pk=pk) if pk else rows).delete()[0]


def of(creator: Creator, at: datetime) -> list[PassportEvidence]:
    """Return what other markets say of her that holds now, newest first. One query."""
    return list(creator.evidence.live(at).select_related("issuer"))


# ------------------------------------------------------------ what issuers publish


def keys_of(issuer: PassportIssuer, afresh: bool = False) -> Keys:
    """Return the keys of an issuer by id: those pinned by hand, else those it publishes, which we
    remember for an hour. Raises Refused("silent").
    """
    if issuer.keys:
        return _named(issuer.keys)
    slot = f"passport-keys:{issuer.pk}:{issuer.origin}"
    known = None if afresh else cache.get(slot)
    if known is None:
        answer = _ask(issuer, passports.KEYS_PATH, jws.MAX_BYTES)
        try:
            told = jws.plain(answer)
        except jws.BadDocument as error:
            raise Refused("silent", issuer.name) from error
        if not isinstance(told, dict) or told.get("issuer") != issuer.origin:
            raise Refused("silent", issuer.name)
        known = told.get("keys")
        cache.set(slot, known, KEYS_S)
    return _named(known)


def _opened(issuer: PassportIssuer, document: bytes, kind: str, most: int = jws.MAX_BYTES) -> bytes:
    """Return what an issuer signed; a key that we do not know may be new since we asked."""
    try:
        return jws.opened(document, keys_of(issuer), kind, most)
    except jws.UnknownKey:
        return jws.opened(document, keys_of(issuer, afresh=True), kind, most)


def _named(keys: object) -> Keys:
    """Return the usable ones of some JWK by their thumbprint; what they call themselves is ignored."""
    found = {}
    for key in keys if isinstance(keys, list) else []:
        try:
            public = jws.public_of(key)
        except jws.BadDocument:
            continue  # a key of another kind, which signs something else
        found[jws.jwk(public)["kid"]] = public
    return found


def revoked_by(issuer: PassportIssuer, at: datetime) -> frozenset[uuid.UUID]:
    """Return the numbers that an issuer has withdrawn. Raises Refused("silent") unless its list is
    there, signed and of today.
    """
    document = _ask(issuer, passports.LIST_PATH, LIST_BYTES)
    try:
        told = read_list(_opened(issuer, document, passports.LIST_KIND, LIST_BYTES))
    except (jws.BadDocument, NotAPassport) as error:
        raise Refused("silent", issuer.name) from error
    if told.issuer != issuer.origin or told.issued_at > at + SLACK or told.expires_at <= at:
        raise Refused("silent", issuer.name)
    return told.revoked


def _ask(issuer: PassportIssuer, path: str, max_bytes: int) -> bytes:
    own = bool(settings.PRIVATE_ISSUERS_FROM) and issuer.origin == settings.PRIVATE_ISSUERS_FROM
    try:
        answer = outbound.request(
            "GET", f"{issuer.origin}/{path}", max_bytes=max_bytes, allow_private=own
        )
    except outbound.OutboundError as error:
        logger.warning("passports of %s: %s", issuer.origin, error)
        raise Refused("silent", issuer.name) from error
    if answer.status != 200:
        logger.warning("passports of %s: it answered %s", issuer.origin, answer.status)
        raise Refused("silent", issuer.name)
    return answer.body


# ------------------------------------------------------------ again, each day


def recheck(at: datetime) -> int:
    """Look again at what is shown; return how many are shown no more.

    An issuer that does not answer changes nothing: its passports run out by themselves.
    """
    due = PassportEvidence.objects.filter(
        refused="", expires_at__gt=at, checked_at__lte=at - AGAIN, issuer__is_active=True
    )
    gone = 0
    for issuer in PassportIssuer.objects.filter(pk__in=due.values("issuer")):
        gone += _again(issuer, due.filter(issuer=issuer), at)
    PassportEvidence.objects.filter(expires_at__lte=at).delete()
    return gone


def _again(issuer: PassportIssuer, due: QuerySet[PassportEvidence], at: datetime) -> int:
    try:
        withdrawn, keys = revoked_by(issuer, at), keys_of(issuer, afresh=True)
    except Refused:
        return 0
    rows = list(due.order_by("checked_at")[:PER_ISSUER])
    for row in rows:
        row.checked_at = at
        if row.uid in withdrawn:
            row.refused = PassportEvidence.Refused.WITHDRAWN
        elif jws.key_id(row.document.encode()) not in keys:
            row.refused = PassportEvidence.Refused.KEY
    PassportEvidence.objects.bulk_update(rows, ["checked_at", "refused"])
    return sum(bool(row.refused) for row in rows)
