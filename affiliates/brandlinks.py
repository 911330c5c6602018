"""What creators' links bring a brand: by creator and platform, as a page and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, QuerySet, Sum

from affiliates import linkreports
from affiliates.models import LinkDay
from config.lib import pages
from creators.models import Creator
from shop.models import Brand

PERIODS = {"30": 30, "90": 90, "365": 365}
USUAL = "30"
PAGE = 50


@dataclass(frozen=True, slots=True)
class Sums:
    """Clicks, visitors (each once a day), orders and what creators earned, in minor units."""

    clicks: int = 0
    visitors: int = 0
    orders: int = 0
    income: int = 0

    @property
    def conversion_bp(self) -> int | None:
        return linkreports.conversion_bp(self.orders, self.clicks)


@dataclass(frozen=True, slots=True)
class Row:
    """One creator on one platform."""

    creator: Creator
    platform: str
    links: int
    sums: Sums


@dataclass(frozen=True)
class Page(pages.Page):
    """One page of rows, with the sums of all."""

    total: Sums


SUMS = {
    "c": Sum("clicks", default=0), "u": Sum("uniques", default=0),
    "o": Sum("orders", default=0), "i": Sum("income", default=0),
}  # fmt: skip


def _days(brand: Brand, last: date, length: int) -> QuerySet[LinkDay]:
    since = last - timedelta(days=length - 1)
    return LinkDay.objects.filter(
        link__collaboration__brand=brand, day__range=(since, last)
    ).exclude(clicks=0, orders=0, income=0)


def sums_of(row: dict) -> Sums:
    return Sums(row["c"], row["u"], row["o"], row["i"])


def by_creator(brand: Brand, last: date, length: int) -> QuerySet:
    """Return the sums of each creator and platform, who earned most first."""
    found = _days(brand, last, length).values("link__creator", "link__platform")
    found = found.annotate(**SUMS, links=Count("link", distinct=True))
    return found.order_by("-i", "-o", "-c", "link__creator", "link__platform")


def page(brand: Brand, last: date, length: int, number: int = 1) -> Page:
    """Return one page, who earned most first, and the sums of all. Three queries."""
    found = pages.page(by_creator(brand, last, length), number, PAGE)
    people = Creator.objects.in_bulk({row["link__creator"] for row in found})
    rows = [
        Row(people[row["link__creator"]], row["link__platform"], row["links"], sums_of(row))
        for row in found
    ]
    total = sums_of(_days(brand, last, length).aggregate(**SUMS))
    return Page(rows, found.number, found.has_next, total)
