"""What a creator's links brought her, as lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from affiliates import links
from affiliates.models import Commission, Link, LinkDay
from creators.models import Creator

PAGE = 20


@dataclass(slots=True)
class Row:
    """One link with what it brought."""

    link: Link
    url: str
    clicks: int = 0
    orders: int = 0
    earned: int = 0
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of links, newest first."""

    rows: list[Row]
    number: int
    has_next: bool

    @property
    def next_number(self) -> int:
        return self.number + 1

    @property
    def previous_number(self) -> int:
        return self.number - 1


def own_links(creator: Creator, number: int = 1) -> Page:
    """Return one page of the links that she posts, with clicks, orders and income. 4 queries."""
    found = (
        creator.links.filter(collaboration__isnull=False)
        .select_related("product__category", "product__brand", "collaboration__brand", "creator")
        .order_by("-is_active", "-created_at", "-pk")
    )
    start = (max(number, 1) - 1) * PAGE
    page = list(found[start : start + PAGE + 1])
    return Page(_rows(page[:PAGE]), max(number, 1), len(page) > PAGE)


def _rows(found: Sequence[Link]) -> list[Row]:
    rows = {link.pk: Row(link, links.share_url(link)) for link in found}
    days = LinkDay.objects.filter(link__in=rows).values("link").annotate(n=Sum("clicks"))
    for day in days:
        rows[day["link"]].clicks = day["n"]
    sums = (
        Commission.objects.live()
        .filter(link__in=rows)
        .values("link", "currency")
        .annotate(n=Count("order_line", distinct=True, filter=Q(kind="sale")), total=Sum("amount"))
        .order_by("total")
    )
    for row in sums:  # a link of one product earns in one currency; else the largest shows
        found_row = rows[row["link"]]
        found_row.orders += row["n"]
        found_row.earned, found_row.currency = row["total"], row["currency"]
    return list(rows.values())
