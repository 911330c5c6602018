"""Searches that a brand keeps, and the one letter a day about creators who are new in them.

A creator is new in a search who fits and never did before: she came in, or grew into it. Whoever
takes a search away gets no more letters about it; who left the brand gets none either.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from itertools import groupby
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates import clock
from affiliates.letters import Letter
from affiliates.models import SavedSearch
from creators import directory
from creators.directory import Filters, masks
from creators.models import Creator, DirectoryEntry
from shop import readers
from shop.models import Brand, Membership

logger = logging.getLogger(__name__)
MOST = 20  # of one brand
NAMED = 5  # creators of a search in a letter
PAGE_ONLY = {"after", "view"}  # of an address: not what is looked for


class TooMany(Exception):
    """The brand keeps MOST searches already."""


def of(brand: Brand) -> list[SavedSearch]:
    return list(SavedSearch.objects.filter(brand=brand).defer("known").order_by("name"))


@transaction.atomic
def save(
    brand: Brand, user: User, name: str, query: str, filters: Filters, at: datetime
) -> SavedSearch:
    """Keep a search; one of the same name is replaced. Raises TooMany."""
    Brand.objects.select_for_update().get(pk=brand.pk)
    kept = SavedSearch.objects.filter(brand=brand)
    if kept.exclude(name=name).count() >= MOST:
        raise TooMany(f"{brand} keeps {MOST} searches")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in PAGE_ONLY]
    values = {
        "user": user, "query": urlencode(sorted(pairs))[:600], "filters": asdict(filters),
        "saved_at": at, "looked_at": at, "known": as_bytes(directory.fitting(filters, at)),
    }  # fmt: skip
    saved, _new = kept.update_or_create(brand=brand, name=name, defaults=values)
    return saved


def filters_of(saved: SavedSearch) -> Filters:
    """Return what is looked for; what a later version does not know is left out."""
    known = {field.name for field in fields(Filters)}
    values = {name: value for name, value in saved.filters.items() if name in known}
    one = saved.filters.get("platform")  # until several could be asked for
    values.setdefault("platforms", [one] if one else [])
    return Filters(
        **values | {name: tuple(values.get(name, ())) for name in ("niches", "platforms")}
    )


def as_bytes(known: int) -> bytes:
    return known.to_bytes((known.bit_length() + 7) >> 3, "little")


def look(saved: SavedSearch, at: datetime) -> list[int]:
    """Return who fits and never did; from now on they are known. The caller saves."""
    fit = directory.fitting(filters_of(saved), at)
    if saved.known is None:
        before = DirectoryEntry.objects.exclude(enrolled_at__gt=saved.looked_at)
        known = masks.of(before.values_list("creator_id", flat=True))
    else:
        known = int.from_bytes(saved.known, "little")
    saved.known, saved.looked_at = as_bytes(known | fit), at
    return list(masks.members(masks.without(fit, known)))


def tell(at: datetime) -> int:
    """Mail who fits newly, one letter per brand and saver; return how many went out.

    A search is looked at once per market day; a letter that could not leave goes with the next.
    """
    today = clock.midnight(clock.local_day(at))
    due = SavedSearch.objects.filter(looked_at__lt=today).order_by("brand_id", "user_id", "name")
    pairs = groupby(due.values_list("brand_id", "user_id", "pk"), key=lambda row: row[:2])
    sent = 0
    for (_brand, _user), rows in pairs:
        try:
            sent += _tell([pk for _b, _u, pk in rows], at)
        except OSError:  # the mail server is away: looked_at stays, tomorrow's letter has it
            logger.exception("a letter about saved searches could not be sent")
    return sent


@transaction.atomic
def _tell(pks: Sequence[int], at: datetime) -> int:
    rows = SavedSearch.objects.select_for_update(of=["self"], skip_locked=True)
    searches = list(rows.select_related("brand", "user").filter(pk__in=pks).order_by("name"))
    if not searches:
        return 0
    found = [(saved, new) for saved in searches if (new := look(saved, at))]
    SavedSearch.objects.bulk_update(searches, ["known", "looked_at"])
    brand, user = searches[0].brand, searches[0].user
    still_here = Membership.objects.filter(brand=brand, user=user).exists()
    if not found or not still_here or not user.email:
        return 0
    with translation.override(readers.language_for(brand, user)):
        letter(brand, user.email, found).send()
    return 1


def letter(brand: Brand, to: str, found: list[tuple[SavedSearch, list[int]]]) -> Letter:
    """Return the letter in the language that is active."""
    count = len({pk for _saved, new in found for pk in new})
    said = ngettext(
        "%(n)d new creator fits what %(brand)s looks for",
        "%(n)d new creators fit what %(brand)s looks for",
        count,
    ) % {"n": count, "brand": brand.name}
    rows = [(saved.name, _named(new)) for saved, new in found]
    query = found[0][0].query
    url = settings.SITE_URL + reverse("affiliates:discover", args=[brand.slug])
    return Letter(
        to=to,
        subject=said,
        title=said,
        paragraphs=[
            _("They came to Thousand since we last looked, or grew into what you look for.")
        ],
        rows=rows,
        url=f"{url}?{query}" if query else url,
        button=_("See the creators"),
        why=_(
            "You get this mail because you saved these searches. Take one away, and it is silent."
        ),
    )


def _named(new: list[int]) -> str:
    """Return names of the newest, and how many more there are."""
    newest = Creator.objects.filter(pk__in=new).order_by("-directoryentry__enrolled_at", "-pk")
    names = ", ".join(newest.values_list("display_name", flat=True)[:NAMED])
    more = len(new) - NAMED
    if more <= 0:
        return names
    return ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more) % {
        "names": names, "n": more,
    }  # fmt: skip
