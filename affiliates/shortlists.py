"""Creators that a brand keeps in mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Avg, Count, Subquery, Sum

from affiliates.models import Commission, Participation, Shortlist, ShortlistEntry
from creators.models import Creator, DirectoryEntry
from shop.models import Brand

FEW = 5
MOST = 50  # lists of one brand
FIRST = "Shortlist"  # what a brand's first list is called until it is renamed


class TooMany(Exception):
    """The brand has MOST lists already."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the creators of a list are together; engagement is a plain mean."""

    count: int
    followers: int
    engagement_bp: int | None
    first: list[Creator]  # the newest few


def of(brand: Brand) -> list[Shortlist]:
    """Return the brand's lists, oldest first, with how many stand on each (`n`)."""
    rows = Shortlist.objects.filter(brand=brand).annotate(n=Count("entries"))
    return list(rows.order_by("pk"))


def first(brand: Brand) -> Shortlist:
    """Return the brand's oldest list, which the bookmark fills; it is made when there is none."""
    found = Shortlist.objects.filter(brand=brand).order_by("pk").first()
    return found or Shortlist.objects.get_or_create(brand=brand, name=FIRST)[0]


def chosen(brand: Brand, pk: str) -> Shortlist | None:
    """Return the brand's list of that number, else its oldest; None while it has none."""
    rows = Shortlist.objects.filter(brand=brand).order_by("pk")
    known = rows.filter(pk=int(pk[:18])).first() if pk.isascii() and pk.isdigit() else None
    return known or rows.first()


def plain(name: str) -> str:
    return " ".join(name.replace("\x00", "").split())[:80]


@transaction.atomic
def make(brand: Brand, name: str) -> Shortlist:
    """Return the brand's list of a name, new or there already. Raises ValueError without a name,
    TooMany.
    """
    if not plain(name):
        raise ValueError("a list needs a name")
    Brand.objects.select_for_update().get(pk=brand.pk)
    first(brand)  # the bookmark keeps its list, whatever is made
    lists = Shortlist.objects.filter(brand=brand)
    if lists.count() >= MOST and not lists.filter(name=plain(name)).exists():
        raise TooMany(f"{brand} has {MOST} lists")
    return lists.get_or_create(brand=brand, name=plain(name))[0]


@transaction.atomic
def rename(brand: Brand, pk: int, name: str) -> bool:
    """Give a list another name; False when it is not the brand's, or the name is not free."""
    Brand.objects.select_for_update().get(pk=brand.pk)
    lists = Shortlist.objects.filter(brand=brand)
    if not plain(name) or lists.filter(name=plain(name)).exclude(pk=pk).exists():
        return False
    return bool(lists.filter(pk=pk).update(name=plain(name)))


def remove(brand: Brand, pk: int) -> bool:
    """Take a list away, with its notes."""
    return bool(Shortlist.objects.filter(brand=brand, pk=pk).delete()[0])


def add(target: Shortlist, creator_ids: Sequence[int], by: AbstractBaseUser | None = None) -> int:
    """Put listed creators on a list; return how many were not on it."""
    there = ShortlistEntry.objects.filter(shortlist=target).values("creator")
    new = list(
        Creator.objects.filter(pk__in=creator_ids, directoryentry__is_listed=True)
        .exclude(pk__in=there)
        .order_by("pk")
    )
    ShortlistEntry.objects.bulk_create(
        (ShortlistEntry(shortlist=target, creator=one, added_by=by) for one in new),
        ignore_conflicts=True,
    )
    return len(new)


def take_off(brand: Brand, pk: int, creator_id: int) -> int:
    """Take a creator off one list of the brand; return whether she was on it."""
    rows = ShortlistEntry.objects.filter(shortlist__brand=brand, shortlist=pk, creator=creator_id)
    return rows.delete()[0]


def kept(brand: Brand, creator_ids: Sequence[int]) -> set[int]:
    """Return those of `creator_ids` that stand on the list that the bookmark fills."""
    oldest = Shortlist.objects.filter(brand=brand).order_by("pk").values("pk")[:1]
    rows = ShortlistEntry.objects.filter(shortlist=Subquery(oldest), creator__in=list(creator_ids))
    return set(rows.values_list("creator_id", flat=True))


@transaction.atomic
def toggle(brand: Brand, creator: Creator, by: AbstractBaseUser | None = None) -> bool:
    """Put a creator on the list that the bookmark fills, or take her off; return whether she is
    on it now. The brand's other lists stay as they are.
    """
    oldest = first(brand)
    if take_off(brand, oldest.pk, creator.pk):
        return False
    return bool(add(oldest, [creator.pk], by))


def note(brand: Brand, creator_id: int, text: str) -> int:
    """Write what the team thinks of a creator on the brand's list; return whether she is on it."""
    rows = ShortlistEntry.objects.filter(shortlist__brand=brand, creator=creator_id)
    return rows.update(note=" ".join(text.replace("\x00", "").split())[:300])


def entries_of(target: Shortlist | Subquery | None):
    """Return who stands on a list, with their directory entries, newest first."""
    return (
        ShortlistEntry.objects.filter(shortlist=target)
        .select_related("creator__directoryentry", "shortlist", "added_by")
        .order_by("-added_at", "-id")
    )


def orders_for(brand: Brand, creator_ids: Sequence[int]) -> dict[int, int]:
    """Return how many orders each of `creator_ids` brought the brand; those without are left out."""
    sales = Commission.objects.live().filter(brand=brand, kind="sale", creator__in=creator_ids)
    counted = sales.values("creator").annotate(n=Count("order_line__brand_order", distinct=True))
    return dict(counted.values_list("creator", "n"))


def oldest(brand: Brand) -> Subquery:
    """Return the brand's first list, to be found by the statement that uses it."""
    return Subquery(Shortlist.objects.filter(brand=brand).order_by("pk").values("pk")[:1])


def summary(target: Shortlist | Subquery | None) -> Summary:
    on_list = ShortlistEntry.objects.filter(shortlist=target).values("creator")
    sums = DirectoryEntry.objects.filter(creator__in=on_list).aggregate(
        count=Count("pk"), followers=Sum("followers_total"), engagement=Avg("engagement_bp")
    )
    engagement = sums["engagement"]
    return Summary(
        count=sums["count"],
        followers=sums["followers"] or 0,
        engagement_bp=None if engagement is None else round(engagement),
        first=[entry.creator for entry in entries_of(target)[:FEW]] if sums["count"] else [],
    )


def attention(creator: Creator, since: datetime) -> tuple[int, int]:
    """Return how many brands put her on a list since then, and how many invited her."""
    kept = ShortlistEntry.objects.filter(creator=creator, added_at__gte=since)
    asked = Participation.objects.filter(creator=creator, asked_at__gte=since)
    return (
        kept.aggregate(n=Count("shortlist__brand", distinct=True))["n"],
        asked.aggregate(n=Count("collaboration__brand", distinct=True))["n"],
    )
