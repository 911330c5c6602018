"""Creators that a brand keeps in mind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Avg, Count, Sum

from affiliates import clock
from affiliates.models import Commission, Participation, Shortlist, ShortlistEntry
from creators.models import Creator, DirectoryEntry, Platform
from shop.models import Brand

FEW = 5
FIRST = "Shortlist"  # the list that the bookmark button fills


@dataclass(frozen=True, slots=True)
class Summary:
    """What the creators of a brand's lists are together; engagement is a plain mean."""

    count: int
    followers: int
    engagement_bp: int | None
    first: list[Creator]  # the newest few


def kept(brand: Brand, creator_ids: Sequence[int]) -> set[int]:
    """Return those of `creator_ids` that stand on a list of the brand."""
    return set(
        ShortlistEntry.objects.filter(
            shortlist__brand=brand, creator__in=list(creator_ids)
        ).values_list("creator_id", flat=True)
    )


@transaction.atomic
def toggle(brand: Brand, creator: Creator, by: AbstractBaseUser | None = None) -> bool:
    """Put a creator on the brand's list, or take her off; return whether she is on it now."""
    entries = ShortlistEntry.objects.filter(shortlist__brand=brand, creator=creator)
    if entries.exists():
        entries.delete()
        return False
    chosen, _new = Shortlist.objects.get_or_create(brand=brand, name=FIRST)
    ShortlistEntry.objects.get_or_create(
        shortlist=chosen, creator=creator, defaults={"added_by": by}
    )
    return True


def note(brand: Brand, creator_id: int, text: str) -> int:
    """Write what the team thinks of a creator on the brand's list; return whether she is on it."""
    rows = ShortlistEntry.objects.filter(shortlist__brand=brand, creator=creator_id)
    return rows.update(note=" ".join(text.replace("\x00", "").split())[:300])


def table(brand: Brand) -> Iterator[list[object]]:
    """Yield the brand's list as rows of a CSV file, newest first."""
    yield ["handle", "name", "page", "country", "followers", *Platform.values,
           "engagement_percent", "views_per_follower", "orders_for_you", "note", "added_on", "added_by"]  # fmt: skip
    entries = list(entries_of(brand).select_related("added_by", "creator__directoryentry"))
    orders = orders_for(brand, [entry.creator_id for entry in entries])
    for entry in entries:
        creator, found = entry.creator, entry.creator.directoryentry
        rate = None if found.engagement_bp is None else found.engagement_bp / 100
        yield [
            creator.handle,
            creator.display_name,
            settings.SITE_URL + creator.get_absolute_url(),
            found.country,
            found.followers_total,
            *(getattr(found, key) for key in Platform.values),
            rate,
            None if found.views_bp is None else found.views_bp / 10_000,
            orders.get(creator.pk, 0),
            entry.note,
            clock.local_day(entry.added_at).isoformat(),
            entry.added_by.email if entry.added_by else "",
        ]


def entries_of(brand: Brand):
    """Return the brand's kept creators with their directory entries, newest first."""
    return (
        ShortlistEntry.objects.filter(shortlist__brand=brand)
        .select_related("creator__directoryentry", "shortlist", "added_by")
        .order_by("-added_at", "-id")
    )


def orders_for(brand: Brand, creator_ids: Sequence[int]) -> dict[int, int]:
    """Return how many orders each of `creator_ids` brought the brand; those without are left out."""
    sales = Commission.objects.live().filter(brand=brand, kind="sale", creator__in=creator_ids)
    counted = sales.values("creator").annotate(n=Count("order_line__brand_order", distinct=True))
    return dict(counted.values_list("creator", "n"))


def summary(brand: Brand) -> Summary:
    on_list = ShortlistEntry.objects.filter(shortlist__brand=brand).values("creator")
    sums = DirectoryEntry.objects.filter(creator__in=on_list).aggregate(
        count=Count("pk"), followers=Sum("followers_total"), engagement=Avg("engagement_bp")
    )
    engagement = sums["engagement"]
    return Summary(
        count=sums["count"],
        followers=sums["followers"] or 0,
        engagement_bp=None if engagement is None else round(engagement),
        first=[entry.creator for entry in entries_of(brand)[:FEW]] if sums["count"] else [],
    )


def attention(creator: Creator, since: datetime) -> tuple[int, int]:
    """Return how many brands put her on a list since then, and how many invited her."""
    kept = ShortlistEntry.objects.filter(creator=creator, added_at__gte=since)
    asked = Participation.objects.filter(creator=creator, asked_at__gte=since)
    return (
        kept.aggregate(n=Count("shortlist__brand", distinct=True))["n"],
        asked.aggregate(n=Count("collaboration__brand", distinct=True))["n"],
    )
