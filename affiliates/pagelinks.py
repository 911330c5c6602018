"""Up to ten other addresses on a creator's page: her shop, her newsletter, her other channel."""

from __future__ import annotations

from django.db import transaction

from affiliates.models import PageLink
from affiliates.models.links import PAGE_LINKS
from creators.models import Creator


class Full(Exception):
    """There are ten already."""


def of(creator: Creator) -> list[PageLink]:
    """Return her other addresses in her order."""
    return list(creator.page_links.order_by("position"))


@transaction.atomic
def add(creator: Creator, label: str, url: str) -> PageLink:
    """Put an address at the end. Raises Full."""
    Creator.objects.select_for_update(of=("self",)).get(pk=creator.pk)
    rows = of(creator)
    if len(rows) >= PAGE_LINKS:
        raise Full(f"{creator} has {len(rows)}")
    _number(rows)
    return creator.page_links.create(label=label, url=url, position=len(rows) + 1)


@transaction.atomic
def remove(creator: Creator, pk: int) -> None:
    creator.page_links.filter(pk=pk).delete()
    _number(of(creator))


@transaction.atomic
def move_up(creator: Creator, pk: int) -> None:
    """Swap an address with the one before it; the first stays where it is."""
    rows = list(creator.page_links.select_for_update().order_by("position"))
    here = next((n for n, row in enumerate(rows) if row.pk == pk), 0)
    if here:
        rows[here - 1], rows[here] = rows[here], rows[here - 1]
        _number(rows)


def _number(rows: list[PageLink]) -> None:
    """Give each row its place in the list; the places are checked when all are written."""
    for position, row in enumerate(rows, start=1):
        row.position = position
    PageLink.objects.bulk_update(rows, ["position"])
