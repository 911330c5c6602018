"""What a creator's links brought her: as lists, by day, and as a table to take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from affiliates import disclosure, linkblocks, links
from affiliates.models import Commission, Link, LinkBlock, LinkDay
from config.lib import pages
from creators.models import Creator

PAGE = 20
DAYS = 30  # of a chart
LATEST = 1_000  # clicks that tell where they were seen
SEEN_ON = """
    SELECT seen_platform, count(*) FROM (
        SELECT seen_platform FROM affiliates_click
        WHERE link_id = %s AND counted ORDER BY clicked_at DESC LIMIT %s
    ) latest
    GROUP BY 1 ORDER BY 2 DESC, 1
"""


def conversion_bp(orders: int, clicks: int) -> int | None:
    """Return orders per click in basis points, to a tenth of a percent."""
    return (orders * 1_000 + clicks // 2) // clicks * 10 if clicks else None


@dataclass(slots=True)
class Row:
    """One link with what it brought."""

    link: Link
    url: str
    clicks: int = 0
    people: int = 0  # each once a day
    orders: int = 0
    earned: int = 0
    currency: str = "EUR"
    block: LinkBlock | None = None  # we switched it off

    @property
    def conversion_bp(self) -> int | None:
        return conversion_bp(self.orders, self.clicks)

    @property
    def caption(self) -> str:
        """The words for the post, in the language of the creator's country."""
        link = self.link
        brand = link.collaboration.brand.name if link.collaboration else ""
        title = link.product.title if link.product else brand or link.creator.display_name
        return disclosure.caption(link.creator.country, title, self.url)

    @property
    def switch(self) -> disclosure.Switch | None:
        """The platform's own label for advertising."""
        return disclosure.switch(self.link.platform)


def listed(creator: Creator) -> QuerySet[Link]:
    """Return the links that she posts, those that work first."""
    return (
        creator.links.filter(collaboration__isnull=False)
        .select_related("product__category", "product__brand", "collaboration__brand", "creator")
        .order_by("-is_active", "-created_at", "-pk")
    )


def own_links(creator: Creator, number: int = 1) -> pages.Page:
    """Return one page of the links that she posts, with clicks, orders and income. 4 queries."""
    page = pages.page(listed(creator), number, PAGE)
    return replace(page, rows=rows(page.rows))


def rows(found: Sequence[Link]) -> list[Row]:
    """Return what each of these links brought, in their order. 2 queries, 3 if some are off."""
    blocks = linkblocks.of(found)
    rows = {link.pk: Row(link, links.share_url(link), block=blocks.get(link.pk)) for link in found}
    days = LinkDay.objects.filter(link__in=rows).values("link")
    for day in days.annotate(n=Sum("clicks"), u=Sum("uniques")):
        rows[day["link"]].clicks, rows[day["link"]].people = day["n"], day["u"]
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


@dataclass(frozen=True, slots=True)
class Day:
    """What one link, or all of a creator's, brought on one market day."""

    day: date
    clicks: int = 0
    people: int = 0
    orders: int = 0
    income: int = 0  # minor units of the link's currency


def days(found: QuerySet[LinkDay], last: date, length: int = DAYS) -> list[Day]:
    """Return the `length` days up to `last`, also those on which nothing happened. One query."""
    since = last - timedelta(days=length - 1)
    sums = found.filter(day__range=(since, last)).values("day").order_by("day")
    sums = sums.annotate(c=Sum("clicks"), u=Sum("uniques"), o=Sum("orders"), i=Sum("income"))
    known = {row["day"]: Day(row["day"], row["c"], row["u"], row["o"], row["i"]) for row in sums}
    every = (since + timedelta(days=n) for n in range(length))
    return [known.get(day) or Day(day) for day in every]


def report(link: Link) -> Row:
    """Return what one link brought in all."""
    return rows([link])[0]


def currency_of(link: Link) -> str:
    """Return the currency that a link earns in."""
    target = link.product or (link.collaboration.brand if link.collaboration else None)
    return target.currency if target else "EUR"


def seen_on(link: Link) -> list[tuple[str, int]]:
    """Return where the latest clicks were seen, most first; "" is where nothing told.

    The platform is that of the in-app browser or of the referrer. Looks at LATEST clicks at
    the most, by index, however many there are.
    """
    with connection.cursor() as cursor:
        cursor.execute(SEEN_ON, [link.pk, LATEST])
        return cursor.fetchall()
