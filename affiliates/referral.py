"""What a shopper's cookie says about the creators she came by.

The cookie holds the last clicks per brand, signed; it is enough by itself at checkout.
The shop copies it unread (`shopper.Referral`): the clicks onto the order, a stamp onto the
line in the bag. Nothing but attribution and the advertisement line reads it.
"""

from __future__ import annotations

import logging
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.core.signing import BadSignature

from config.lib.signing import QuickSigner

logger = logging.getLogger(__name__)

COOKIE = f"{settings.COOKIE_PREFIX}touches"
DECLINED, ACCEPTED = "no", "yes"  # in place of clicks: the shopper's own choice
CARRIED_FOR = timedelta(hours=6)  # a click in an address or a form, without a cookie
MAX_AGE_S = 90 * 24 * 3600  # the longest window that a collaboration may have
BRANDS, PER_BRAND, MAX_BYTES = 8, 3, 3_000
PROGRAMMES = {"t": "thousand_first", "o": "own_first", "n": "newest"}
LETTERS = {name: letter for letter, name in PROGRAMMES.items()}
ENTRY = re.compile(r"([1-9]\d{0,17})\.([1-9]\d{0,17})\.([A-Za-z0-9_-]{22})\.(\d{1,4})\.([ton])")
EARLIEST_MS, LATEST_MS = 1_577_836_800_000, 4_102_444_800_000  # 2020 and 2100


class Seen(NamedTuple):
    """One click as the cookie carries it; the moment is inside the click's uuid7."""

    brand_id: int
    link_id: int
    click: str  # 22 characters: the uuid7, base64 for URLs
    rate_bp: int  # promised at the click
    programme: str  # frozen at the click

    @property
    def ms(self) -> int:
        return int.from_bytes(urlsafe_b64decode(self.click + "==")[:6], "big")

    @property
    def clicked_at(self) -> datetime:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=self.ms)

    def __str__(self) -> str:
        brand, link, click, rate, programme = self
        return f"{brand}.{link}.{click}.{rate}.{LETTERS.get(programme, 't')}"


def parse(entry: str) -> Seen | None:
    """Return the click that `entry` spells, or None for anything else."""
    match = ENTRY.fullmatch(entry) if isinstance(entry, str) else None
    if match is None:
        return None
    brand, link, click, rate, letter = match.groups()
    seen = Seen(int(brand), int(link), click, int(rate), PROGRAMMES[letter])
    return seen if EARLIEST_MS <= seen.ms < LATEST_MS else None


def read(cookie: str | None) -> list[Seen]:
    """Return the cookie's clicks, newest first; a cookie that is not ours says nothing."""
    if not cookie or cookie in (DECLINED, ACCEPTED):
        return []
    try:
        body = _signer("touches").unsign(cookie) if len(cookie) <= MAX_BYTES else ""
    except BadSignature:
        body = ""
    if not body:
        logger.warning("ignored a cookie of touches that we did not sign")
        return []
    return _newest_first(filter(None, map(parse, body.split("!"))))


def write(touches: Sequence[Seen]) -> str:
    """Return the signed cookie of `touches`, the oldest left out where it is too long."""
    kept = list(touches)
    while len(signed := _signer("touches").sign("!".join(map(str, kept)))) > MAX_BYTES:
        kept.pop()
    return signed


def add(touches: Sequence[Seen], new: Seen) -> list[Seen]:
    """Return the last 3 links per brand of the last 8 brands, with `new`, newest first."""
    if not touches:
        return [new]
    per_brand: dict[int, list[Seen]] = {}
    before = _newest_first(t for t in touches if t.link_id != new.link_id)
    for seen in [new, *before]:
        mine = per_brand.setdefault(seen.brand_id, [])
        if len(mine) < PER_BRAND and len(per_brand) <= BRANDS:
            mine.append(seen)
    return _newest_first(seen for mine in per_brand.values() for seen in mine)


def _newest_first(touches: Iterable[Seen]) -> list[Seen]:
    return sorted(touches, key=lambda seen: (seen.ms, seen.click), reverse=True)


def _signer(purpose: str) -> QuickSigner:
    return _signer_with(purpose, settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _signer_with(purpose: str, key: str, before: tuple[str, ...]) -> QuickSigner:
    return QuickSigner(key=key, fallback_keys=before, salt=f"affiliates.{purpose}")


def stamp(seen: Seen) -> str:
    """Return the signed text that a line in the bag carries."""
    return _signer("touch").sign(str(seen))


def from_stamp(text: str) -> Seen | None:
    """Return the click that a line in the bag was stamped with, if we stamped it."""
    if not text:
        return None
    try:
        return parse(_signer("touch").unsign(text))
    except BadSignature:
        logger.warning("ignored a line's touch that we did not sign")
        return None


def carried(text: str, at: datetime) -> list[Seen]:
    """Return the click of a few hours ago that an address or a form carries, if any."""
    seen = from_stamp(text)
    return [seen] if seen and seen.clicked_at <= at <= seen.clicked_at + CARRIED_FOR else []


def from_order(referral: dict[str, Any] | None) -> list[Seen]:
    """Return the clicks that `shopper.Referral.as_json()` put on an order."""
    facts = referral or {}
    told = facts.get("clicks") if isinstance(facts.get("clicks"), dict) else facts
    entries = told.get("touches") or []
    return _newest_first(filter(None, map(parse, entries))) if isinstance(entries, list) else []


class ByOwnShop(NamedTuple):
    """What a brand's own shop told with an order: words that may be codes, and clicks, by how."""

    words: tuple[tuple[str, str], ...] = ()  # (word, via), best first
    clicks: tuple[tuple[Seen, str], ...] = ()


def by_own_shop(referral: dict[str, Any] | None) -> ByOwnShop:
    """Return what `shop.ownsales` put on an order; a click that we did not sign says nothing.

    A discount link counts where the order has its code; a word that was typed goes before it.
    """
    told = (referral or {}).get("own_shop")
    if not isinstance(told, dict):
        return ByOwnShop()
    linked = _plain(told.get("discount_link", ""))
    codes = told.get("codes") if isinstance(told.get("codes"), list) else []
    words = [(word, "creator_code" if word != linked else "discount_link")
             for word in map(_plain, codes) if word]  # fmt: skip
    words.sort(key=lambda pair: pair[1])  # "creator_code" first
    clicks: dict[str, tuple[Seen, str]] = {}
    for via in ("landing", "cart"):
        if seen := from_stamp(str(told.get(via) or "")):
            clicks.setdefault(seen.click, (seen, via))
    return ByOwnShop(tuple(words), tuple(clicks.values()))


def _plain(word: object) -> str:
    return re.sub(r"[^A-Z0-9]", "", str(word).upper())[:24]


class Frozen(NamedTuple):
    """What a typed code stood for when the order was placed: its row, and the offers it earned by."""

    code_id: int
    offer_ids: tuple[int, ...]


def frozen_code(referral: dict[str, Any] | None) -> Frozen | None:
    """Return what checkout froze of the typed code; None: nothing, as on orders of before."""
    told = (referral or {}).get("code_is")
    if not isinstance(told, dict) or not isinstance(told.get("id"), int):
        return None
    return Frozen(told["id"], tuple(told.get("offers") or ()))


def typed_code(referral: dict[str, Any] | None) -> str:
    """Return the creator's code that the shopper typed at checkout, in plain capitals."""
    facts = referral or {}
    return _plain(facts.get("code") or facts.get("creator_code") or "")
