"""What a click on a link is promised; also on one that stands in for a link of a dark platform.

of_click(link, at, off) -> Promise     the rate, and the next moment at which it may be another
taken(link) -> Taken | None            the promise that came with taking a link
is_live(link, at)                      whether its clicks count
stood_for(clicks, ever)                the dark links that clicks made meanwhile stood in for

A click on her link for the same thing is promised, while the platform of a link of hers is off,
what a click on that one would have been promised had its platform not gone dark, in rate and in
days: its lock is reckoned without the days that it stands still. Source: docs/platform-loss.md, "The switch".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from affiliates import collaborations, rates, switches
from affiliates.models import Collaboration, Link, PlatformSwitch, SwitchChange
from affiliates.rates import Rates, Taken
from shop.models import Brand, Product


@dataclass(frozen=True, slots=True)
class Promise:
    """The rate of a click; `of`: the dark link that it is promised by, with until when."""

    bp: int
    changes_at: datetime | None = None
    of: Link | None = None
    of_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What a dark link still promises: its offer, and until when cuts do not count for it."""

    offer: Collaboration
    taken: Taken | None


def taken(link: Link) -> Taken | None:
    """Return the promise that came with taking a link; none for the storefront."""
    if link.rate_locked_until is None:
        return None
    return Taken(link.created_at, link.rate_locked_until)


def is_live(link: Link, at: datetime) -> bool:
    offer, product = link.collaboration, link.product
    if not link.is_active:
        return False
    if offer and (offer.brand.status != Brand.Status.ACTIVE or _over(offer.ends_at, at)):
        return False
    return product is None or product.status == Product.Status.ACTIVE


def _over(ends_at: datetime | None, at: datetime) -> bool:
    return ends_at is not None and ends_at <= at


def of_click(link: Link, at: datetime, off: Mapping[str, PlatformSwitch]) -> Promise:
    """Return what a click on `link` at `at` is promised; `off`: what is off where she lives.

    2 queries, and 2 more while something is off.
    """
    if link.collaboration_id is None:
        return Promise(0)
    dark = [] if link.platform in off else _dark(link, at, off)
    known = collaborations.rates_of({one.collaboration_id for one in (link, *dark)})
    found = _own(link, at, known, link.rate_locked_until)
    moments = [found.changes_at]
    held = _without_outage(dark, off)
    for one in dark:
        theirs = _own(one, at, known, held[one.pk])
        moments.append(theirs.changes_at)
        if theirs.bp > found.bp:
            found = Promise(theirs.bp, of=one, of_until=held[one.pk])
    nearest = min(filter(None, moments), default=None)
    return Promise(found.bp, nearest, found.of, found.of_until)


def _own(
    link: Link, at: datetime, known: Mapping[int, Rates], locked_until: datetime | None
) -> Promise:
    """Return what a link promises by itself, if its lock ends at `locked_until`."""
    pays = known[link.collaboration_id]
    lock = Taken(link.created_at, locked_until) if locked_until else None
    bp = pays.at(link.product_id, at, lock)
    if locked_until and at < locked_until:
        bp = max(bp, link.taken_bp or 0)
    moments = [rates.next_change_at(pays.changes, at), locked_until, link.collaboration.ends_at]
    return Promise(bp, min((one for one in moments if one and one > at), default=None))


def _dark(link: Link, at: datetime, off: Mapping[str, PlatformSwitch]) -> list[Link]:
    """Return her links for the same thing whose platform is off."""
    if not off:
        return []
    rows = link.creator.links.active().filter(
        collaboration__brand=link.collaboration.brand_id, product=link.product_id, platform__in=off
    )
    rows = rows.select_related("collaboration__brand", "product")
    return [one for one in rows if is_live(one, at)]


def _without_outage(
    dark: Sequence[Link], off: Mapping[str, PlatformSwitch]
) -> dict[int, datetime | None]:
    """Return when each lock would end, had its clock gone on."""
    moved = _moved(dark, off.values())
    return {one.pk: _lock_without(one, off[one.platform], moved) for one in dark}


Moved = Mapping[tuple[int, int], timedelta]  # by switch and link


def _moved(dark: Sequence[Link], outages: Iterable[PlatformSwitch]) -> Moved:
    """Return how much of each outage is in the locks of these links."""
    if not dark:
        return {}
    rows = SwitchChange.objects.filter(
        switch__in=[row.pk for row in outages],
        kind=SwitchChange.Kind.RATE_LOCK,
        object_id__in=[one.pk for one in dark],
    )
    rows = rows.order_by("id").values_list("switch", "object_id", "shift")
    return {(switch, link): shift for switch, link, shift in rows}  # the last counts


def _lock_without(link: Link, switch: PlatformSwitch, moved: Moved) -> datetime | None:
    until = link.rate_locked_until
    return until and until - moved.get((switch.pk, link.pk), timedelta())


# ------------------------------------------------------------ later, of a click that was made

Click = tuple[int, datetime]  # the id of its link, and when


def stood_for(
    clicks: Mapping[Click, Link], ever: Sequence[PlatformSwitch]
) -> dict[Click, list[Held]]:
    """Return the dark links that each click stood in for, where there are some.

    `ever`: switches, as `PlatformSwitch.objects.ever()`. No query where nothing was off, else 3.
    """
    asked = {}
    for (pk, at), link in clicks.items():
        off = switches.off_at(ever, link.creator.country, at) if link.collaboration_id else {}
        if off and link.platform not in off:
            asked[pk, at] = (link, off)
    dark = _dark_of(asked.values())
    moved = _moved(dark, [switch for _link, off in asked.values() for switch in off.values()])
    return {
        key: [
            Held(one.collaboration, one.rate_locked_until and Taken(
                one.created_at, _lock_without(one, off[one.platform], moved)))
            for one in dark
            if one.platform in off and _is_same(one, link) and is_live(one, key[1])
        ]
        for key, (link, off) in asked.items()
    }  # fmt: skip


def _is_same(one: Link, other: Link) -> bool:
    """Say whether two links of one creator lead to the same thing."""
    return (one.creator_id, one.product_id, one.collaboration.brand_id) == (
        other.creator_id, other.product_id, other.collaboration.brand_id,
    )  # fmt: skip


def _dark_of(asked: Collection[tuple[Link, Mapping[str, PlatformSwitch]]]) -> list[Link]:
    if not asked:
        return []
    links = [link for link, _off in asked]
    rows = Link.objects.active().filter(
        Q(product__in={link.product_id for link in links} - {None}) | Q(product=None),
        creator__in={link.creator_id for link in links},
        collaboration__brand__in={link.collaboration.brand_id for link in links},
        platform__in={platform for _link, off in asked for platform in off},
    )
    rows = rows.select_related("collaboration__brand", "product")
    return list(rows.prefetch_related("collaboration__term_changes"))
