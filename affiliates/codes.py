"""A creator's code: one word that a shopper types at checkout, and that wins over clicks.

choose(creator, word, at) -> CreatorCode      # replaces the one she had
owner(word, brand_ids, at) -> ForCode | None  # what checkout tells the shopper
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Replace, Upper
from django.utils import timezone

from affiliates import collaborations, programmes
from affiliates.models import CreatorCode, OwnProgramme
from creators.models import Creator
from shop.models import DiscountCode

PLAIN = re.compile(r"[A-Z0-9]{4,24}")


class BadCode(Exception):
    """The word is not 4 to 24 letters and digits."""


class CodeTaken(Exception):
    """Somebody else has or had that word, it is her name, or a brand gives a discount with it."""


class NotEnrolled(Exception):
    """The creator earns nothing now, so a code would say what is not true."""


@dataclass(frozen=True, slots=True)
class ForCode:
    """Whose code a shopper typed, and on which of the brands asked about it earns."""

    code: str
    creator_name: str
    creator_handle: str
    brand_ids: frozenset[int]
    is_own: bool = False  # of the brand's own programme: no creator has it
    code_id: int | None = None
    offer_ids: frozenset[int] = frozenset()  # by which it earns there

    @property
    def frozen(self) -> dict[str, object]:
        """What an order keeps: what the code stood for when it was placed."""
        return {"id": self.code_id, "offers": sorted(self.offer_ids)} if self.code_id else {}


def plain(text: str) -> str:
    """Return a code as it is kept: capitals and digits, whatever stood between them."""
    return re.sub(r"[\s._-]", "", text).upper()


def suggested(creator: Creator) -> str:
    """Return a word that she may start from: her handle, if it can be one."""
    word = plain(creator.handle)[:24]
    return word if PLAIN.fullmatch(word) else ""


def current(creator: Creator) -> CreatorCode | None:
    """Return the code that works now."""
    return creator.codes.filter(is_active=True).first()


@transaction.atomic
def choose(creator: Creator, text: str, at: datetime | None = None) -> CreatorCode:
    """Give her the code `text`; the one before stops working. Asked twice, nothing changes.

    A word is never given to a second person: receipts name it. Nor is one that shoppers type for
    what a brand takes off, or for its own programme: she would earn on them, and before creators
    who led them here. Raises BadCode, CodeTaken or NotEnrolled.
    """
    creator = Creator.objects.select_for_update(of=("self",)).get(pk=creator.pk)
    if not creator.is_enrolled:
        raise NotEnrolled(f"{creator} is {creator.status}")
    word = plain(text)
    if not PLAIN.fullmatch(word):
        raise BadCode(f"{text!r} is no code")
    if _is_anothers_name(word, creator):
        raise CodeTaken(f"{word} is the handle of somebody else")
    if not creator.codes.filter(code=word).exists() and _is_of_a_brand(word):
        raise CodeTaken(f"{word} is a code of a brand")
    at = at or timezone.now()
    if known := creator.codes.filter(code=word).first():
        if not known.is_active:
            switch_off(creator, at)
        known.save(update_fields=known.switch(on=True, at=at))
        return known
    switch_off(creator, at)
    try:
        with transaction.atomic():
            return creator.codes.create(code=word)
    except IntegrityError as taken:
        raise CodeTaken(f"{word} belongs to somebody else") from taken


def _is_anothers_name(word: str, creator: Creator) -> bool:
    same = Creator.objects.filter(handle=word.lower()).exclude(pk=creator.pk)
    return same.exists()


def _is_of_a_brand(word: str) -> bool:
    """Say whether shoppers type `word` for a brand's discount or its own programme."""
    plain_code = Replace(Upper("code"), Value("-"), Value(""))
    discounts = DiscountCode.objects.alias(plain=plain_code).filter(plain=word)
    return discounts.exists() or OwnProgramme.objects.filter(codes__contains=[word]).exists()


def switch_off(creator: Creator, at: datetime | None = None) -> int:
    """Let her code stop working; what was ordered with it stays hers. Returns how many."""
    works = creator.codes.filter(is_active=True)
    return works.update(is_active=False, off_at=at or timezone.now())


def owner(text: str, brand_ids: Collection[int], at: datetime) -> ForCode | None:
    """Return whose code this is, with the brands of `brand_ids` on which it earns; None: nobody's."""
    word = plain(text)
    if not PLAIN.fullmatch(word):
        return None
    rows = CreatorCode.objects.filter(code=word, is_active=True).select_related("creator")
    found = rows.first()
    if found is None or not found.creator.is_enrolled:
        brand = programmes.owner_of_code(word, brand_ids)
        return ForCode(word, brand.name, "", frozenset(), is_own=True) if brand else None
    offers = collaborations.earning_for(found.creator, at, brand_ids)
    known = dict(offers.values_list("pk", "brand_id"))
    return ForCode(
        found.code,
        found.creator.display_name,
        found.creator.handle,
        frozenset(known.values()),
        code_id=found.pk,
        offer_ids=frozenset(known),
    )
