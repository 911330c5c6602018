"""Links that stand in while a platform is off: one on her page for each thing that has none there.

make(switch, at, ends, size) -> bool    set-based, a short transaction per batch of creators

A call that is killed is finished by the next: what is missing is found in the database. The links
stay when the platform is back, for shoppers may have clicked them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from affiliates import collaborations, linkcache, links, solvency
from affiliates.dashboards.query import rows_of
from affiliates.models import Link, LinkBlock, PlatformSwitch, SwitchChange
from affiliates.models.links import PostedOn
from creators.models import Creator
from shop import integrations
from shop.models import Brand, Product

BATCH = 500  # creators whose rows are locked at a time
RETRY = timedelta(days=1)  # whoever could be given no link is looked at again
NOTED = 600  # characters of codes in the log
Act = SwitchChange.Act

# Links on it that work and lead to a thing that no link of her page leads to.
BARE = """
    FROM affiliates_link k
    JOIN affiliates_collaboration o ON o.id = k.collaboration_id
    JOIN shop_brand b ON b.id = o.brand_id
    JOIN creators_creator p ON p.id = k.creator_id
    LEFT JOIN shop_product d ON d.id = k.product_id
    WHERE k.is_active AND k.platform = %(gone)s {country}
      AND b.status = 'active' AND coalesce(d.status, 'active') = 'active'
      AND (o.ends_at IS NULL OR o.ends_at > %(at)s)
      AND NOT EXISTS (
        SELECT 1 FROM affiliates_link s JOIN affiliates_collaboration so ON so.id = s.collaboration_id
        WHERE s.creator_id = k.creator_id AND so.brand_id = o.brand_id AND s.is_active
          AND s.product_id IS NOT DISTINCT FROM k.product_id AND s.platform = 'page')
"""
STRANDED = f"""
    SELECT DISTINCT k.creator_id {BARE} AND k.creator_id > %(after)s
      AND NOT EXISTS (
        SELECT 1 FROM affiliates_switchchange c
        WHERE c.switch_id = %(switch)s AND c.kind = 'page_links' AND c.object_id = k.creator_id
          AND (c.act = 'made' OR c.at > %(retry)s))
    ORDER BY k.creator_id LIMIT %(size)s
"""  # noqa: S608
THINGS = (
    f"SELECT DISTINCT k.creator_id, o.brand_id, k.product_id {BARE} AND k.creator_id = ANY(%(ids)s)"
)
Thing = tuple[int, int | None]  # brand, and product or the brand's shop


@dataclass(slots=True)
class _Found:
    """What the links of one batch need to be made."""

    wanted: dict[int, list[Thing]]
    barred: Mapping[int, str]
    books: Mapping[int, collaborations.Book]
    products: Mapping[int, Product]
    brands: Mapping[int, Brand]
    refused: set[Thing]  # of brands that are short, and of shops that are not tested
    known: Mapping[tuple[int, int, int | None], Link]  # by creator, collaboration and product
    blocked: set[tuple[int, int, int | None]]  # by creator, brand and product: we said no
    new: list[Link] = field(default_factory=list)
    again: list[Link] = field(default_factory=list)


def make(switch: PlatformSwitch, at: datetime, ends: float, size: int = BATCH) -> bool:
    """Take what is missing; False when the time (of the monotonic clock) ran out before the end."""
    country = "AND p.country = %(country)s" if switch.country else ""
    values = {
        "switch": switch.pk, "gone": switch.platform, "country": switch.country, "at": at,
        "retry": at - RETRY, "size": size, "after": 0,
    }  # fmt: skip
    find, things = STRANDED.replace("{country}", country), THINGS.replace("{country}", country)
    short: dict[int, bool] = {}
    while rows := rows_of(find, values):
        if time.monotonic() > ends:
            return False
        ids = [pk for (pk,) in rows]
        _batch(switch, ids, things, values | {"ids": ids}, short, at)
        values["after"] = ids[-1]
    return True


@transaction.atomic
def _batch(
    switch: PlatformSwitch, ids: list[int], things: str, values: Mapping[str, object],
    short: dict[int, bool], at: datetime,
) -> None:  # fmt: skip
    """Lock the creators, look again, and make their links; a fixed number of statements."""
    creators = list(
        Creator.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    )
    found = _find(creators, rows_of(things, values), short, at)
    notes = {creator.pk: _links_of(creator, found, at) for creator in creators}
    Link.objects.bulk_create(found.new)
    if found.again:
        again = Link.objects.filter(pk__in=[link.pk for link in found.again])
        again.update(is_active=True, on_at=at)
        codes = [link.code for link in found.again]
        transaction.on_commit(lambda: linkcache.forget(codes))
    SwitchChange.objects.bulk_create(
        SwitchChange(
            switch=switch, kind=SwitchChange.Kind.PAGE_LINKS, object_id=pk,
            act=Act.MADE if codes else Act.NOTHING,
            note=(" ".join(codes) or found.barred.get(pk, ""))[:NOTED], at=at,
        )
        for pk, codes in notes.items()
    )  # fmt: skip


def _find(
    creators: list[Creator], things: Iterable[tuple[int, int, int | None]],
    short: dict[int, bool], at: datetime,
) -> _Found:  # fmt: skip
    wanted: dict[int, list[Thing]] = {creator.pk: [] for creator in creators}
    for pk, brand_id, product_id in things:
        wanted[pk].append((brand_id, product_id))
    every = {thing for some in wanted.values() for thing in some}
    brands = Brand.objects.in_bulk({brand_id for brand_id, _product in every})
    products = Product.objects.select_related("brand").in_bulk(
        {product_id for _brand, product_id in every if product_id}
    )
    if unasked := [pk for pk in brands if pk not in short]:  # once in a call, not in each batch
        red = solvency.short(unasked, at)
        short.update({pk: pk in red for pk in unasked})
    untested = integrations.untested(products.values())
    pages = Link.objects.filter(creator__in=wanted, platform=PostedOn.PAGE, product__in=products)
    shops = Link.objects.filter(
        creator__in=wanted, platform=PostedOn.PAGE, product=None, collaboration__brand__in=brands
    )
    blocks = LinkBlock.objects.standing().filter(
        link__creator__in=wanted, link__platform=PostedOn.PAGE
    )
    return _Found(
        wanted=wanted,
        barred=links.barred(creators, at),
        books=collaborations.books_of(
            {pk: {brand for brand, _p in some} for pk, some in wanted.items()}, at
        ),
        products=products,
        brands=brands,
        refused={one for one in every if short[one[0]] or one[1] in untested},
        known={
            (link.creator_id, link.collaboration_id, link.product_id): link
            for link in pages.union(shops, all=True)
        },
        blocked=set(
            blocks.values_list("link__creator", "link__collaboration__brand", "link__product")
        ),
    )  # fmt: skip


def _links_of(creator: Creator, found: _Found, at: datetime) -> list[str]:
    """Put her links among those to make, or to switch on again; return their codes."""
    if creator.pk in found.barred:
        return []
    codes = []
    for brand_id, product_id in found.wanted[creator.pk]:
        offer = found.books[creator.pk].offer(brand_id, product_id)
        if offer is None or (brand_id, product_id) in found.refused:
            continue
        if (creator.pk, brand_id, product_id) in found.blocked:
            continue
        link = found.known.get((creator.pk, offer.collaboration.pk, product_id))
        if link is None:
            product = found.products[product_id] if product_id else None
            link = links.new(creator, offer, product, PostedOn.PAGE, at, found.brands[brand_id])
            found.new.append(link)
        else:
            found.again.append(link)
        codes.append(link.code)
    return codes
