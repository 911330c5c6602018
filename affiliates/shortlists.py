"""Creators that a brand keeps in mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Avg, Count, Sum

from affiliates.models import Commission, Participation, Shortlist, ShortlistEntry
from creators.models import Creator, DirectoryEntry
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
def toggle(brand: Brand, creator: Creator) -> bool:
    """Put a creator on the brand's list, or take her off; return whether she is on it now."""
    entries = ShortlistEntry.objects.filter(shortlist__brand=brand, creator=creator)
    if entries.exists():
        entries.delete()
        return False
    chosen, _new = Shortlist.objects.get_or_create(brand=brand, name=FIRST)
    ShortlistEntry.objects.get_or_create(shortlist=chosen, creator=creator)
    return True


def entries_of(brand: Brand):
    """Return the brand's kept creators with their directory entries, newest first."""
    return (
        ShortlistEntry.objects.filter(shortlist__brand=brand)
        .select_related("creator__directoryentry", "shortlist")
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
