"""Tracked links: taking them, naming them, switching them off, and resolving codes.

take(creator, product, brand, platform, at) -> Link       # product or brand's shop
resolve(code, at) -> Resolved | None                      # PostgreSQL; refills the cache
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.urls import reverse

from affiliates import collaborations, linkcache, promises, rates, solvency, switches
from affiliates.models import Link, LinkBlock, PlatformSwitch
from affiliates.models.links import PostedOn
from creators import rulebook, standing
from creators.models import Creator
from shop import integrations, terms
from shop.models import Brand, Product, Terms

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 o 1 l i: read aloud, typed by hand
LENGTH = 10  # 31^10, over 10^14: not found by trying
CODE = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")
ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class NotEnrolled(Exception):
    """The creator may not take links now."""


class QuotaReached(Exception):
    """A pilot creator has taken all new products of this week."""

    def __init__(self, limit: int, again_at: datetime) -> None:
        super().__init__(f"all {limit} new products of the week are taken until {again_at}")
        self.limit, self.again_at = limit, again_at


class NoOffer(Exception):
    """No brand offers this creator a commission on this."""


class LinksStopped(NotEnrolled):
    """The creator's points stop new links for a while; those she has keep working."""


class PlatformOff(NotEnrolled):
    """The platform is switched off where she lives: no new links for it."""

    def __init__(self, switch: PlatformSwitch) -> None:
        super().__init__(f"{switch} since {switch.off_from}")
        self.switch = switch


class BrandShort(Exception):
    """The brand is short of money: nobody takes a new link of it until it is not."""


class ShopUntested(Exception):
    """The brand sells in its own shop, and no test order has come through from there."""


class LinkBlocked(Exception):
    """We switched her link for this off, and did not lift that (linkblocks.py)."""


class TermsMissing(Exception):
    """The creator has not accepted the terms in force."""


class AliasTaken(Exception):
    """Another link of this creator has that word."""


class BadAlias(Exception):
    """The word holds more than small letters, digits and hyphens."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many new products a pilot may still take; `limit` None: any number."""

    limit: int | None
    taken: int = 0
    again_at: datetime | None = None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.taken)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A link, its cached record, and whether its clicks still count."""

    link: Link
    record: str
    is_live: bool


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def quota(creator: Creator, at: datetime) -> Quota:
    """Return the pilot's allowance of the last 7 days; copies for other platforms are free."""
    if creator.status != Creator.Status.PILOT:
        return Quota(None)
    first: dict[object, datetime] = {}
    rows = creator.links.exclude(platform=PostedOn.PAGE).filter(collaboration__isnull=False)
    for target, brand, taken_at in rows.order_by("created_at").values_list(
        "product_id", "collaboration__brand_id", "created_at"
    ):
        first.setdefault(target or f"brand {brand}", taken_at)
    week = sorted(moment for moment in first.values() if moment > at - timedelta(days=7))
    again_at = week[0] + timedelta(days=7) if week else None
    limit = rulebook.rule_for(creator, at).pilot_weekly_products
    return Quota(limit, len(week), again_at)


def terms_missing(user: AbstractBaseUser, at: datetime) -> Terms | None:
    """Return the creator terms in force that `user` has not accepted, if any."""
    return terms.missing(Terms.Kind.CREATOR, at, user=user)


def accept_terms(user: AbstractBaseUser, at: datetime) -> None:
    """Record that `user` agrees to the creator terms in force; again changes nothing."""
    terms.accept(Terms.Kind.CREATOR, at, user=user)


@transaction.atomic
def take(
    creator: Creator,
    product: Product | None = None,
    brand: Brand | None = None,
    platform: str = PostedOn.TIKTOK,
    *,
    at: datetime,
) -> Link:
    """Return the creator's link for a product, or a brand's shop, on one platform.

    The same asked twice is the same link, switched on again where it was off. Raises
    NotEnrolled (PlatformOff where the platform is), TermsMissing, NoOffer, LinkBlocked,
    BrandShort, ShopUntested or QuotaReached.
    """
    creator = _may_take(creator, platform, at)
    if product is not None:
        offer = collaborations.offer_for(creator, product, at)
    else:
        offer = collaborations.offer_for_brand(creator, brand, at)
    if offer is None:
        raise NoOffer(f"no offer of {product or brand} for {creator}")
    mine = creator.links.filter(
        collaboration__brand=offer.collaboration.brand_id, product=product
    ).select_related("collaboration")
    there = list(mine.filter(platform=platform))
    if _blocked(there):
        raise LinkBlocked(f"{creator} had a link to {product or brand} on {platform}")
    if known := next((one for one in there if one.collaboration == offer.collaboration), None):
        return _switch_on(known, at)
    if solvency.short([offer.collaboration.brand_id], at):
        raise BrandShort(f"{offer.collaboration} is of a brand that is short of money")
    if product is not None and integrations.untested([product]):
        raise ShopUntested(f"{product} is sold in a shop that is not tested")
    if platform != PostedOn.PAGE and not mine.exclude(platform=PostedOn.PAGE).exists():
        _count(creator, at)
    link = new(creator, offer, product, platform, at, brand)
    link.save(force_insert=True)
    return link


def _may_take(creator: Creator, platform: str, at: datetime) -> Creator:
    """Lock the creator for her quota. Raises NotEnrolled, PlatformOff or TermsMissing."""
    creator = Creator.objects.select_for_update(of=("self",)).get(pk=creator.pk)
    if not creator.is_enrolled:
        raise NotEnrolled(f"{creator} is {creator.status}")
    if standing.effect(creator, at) in standing.STOPS_LINKS:
        raise LinksStopped(f"{creator} has too many points")
    if creator.user and terms_missing(creator.user, at):
        raise TermsMissing(f"{creator} has not accepted the terms")
    if platform != PostedOn.PAGE and (off := switches.off(platform, creator.country, at)):
        raise PlatformOff(off)
    return creator


def barred(creators: Sequence[Creator], at: datetime) -> dict[int, str]:
    """Return who of these may take no link now, and why: "status", "points" or "terms".

    What `take` refuses, for many: a fixed number of queries.
    """
    stopped = standing.stopped(creators, at)
    users = {creator.user_id for creator in creators if creator.user_id}
    unsigned = terms.unsigned(Terms.Kind.CREATOR, at, users)
    found = {}
    for creator in creators:
        if not creator.is_enrolled:
            found[creator.pk] = "status"
        elif creator.pk in stopped:
            found[creator.pk] = "points"
        elif creator.user_id in unsigned:
            found[creator.pk] = "terms"
    return found


def new(
    creator: Creator,
    offer: collaborations.Offer,
    product: Product | None,
    platform: str,
    at: datetime,
    brand: Brand | None = None,
) -> Link:
    """Return a link at the rate of `offer`, not stored yet."""
    return Link(
        code=new_code(), creator=creator, collaboration=offer.collaboration, product=product,
        platform=platform, destination=destination_of(product or brand, creator, platform), created_at=at,
        taken_bp=offer.rate_bp, rate_locked_until=at + rates.LOCK,
    )  # fmt: skip


@transaction.atomic
def take_many(
    creator: Creator, products: Sequence[Product], platform: str, at: datetime
) -> dict[int, Link | str]:
    """Take a link for each product on one platform; return by product id the link or why not.

    Why not: "no_offer", "blocked" (by us), "short" (of money: the brand), "untested" (its own shop) or "quota". A fixed number of queries. Raises NotEnrolled or
    TermsMissing.
    """
    creator = _may_take(creator, platform, at)
    offers = collaborations.offers_for(creator, products, at)
    own = creator.links.filter(product__in=products).select_related("collaboration")
    mine: dict[int, list[Link]] = {}
    for link in own:
        mine.setdefault(link.product_id, []).append(link)
    left = quota(creator, at).left
    short = solvency.short({product.brand_id for product in products}, at)
    untested = integrations.untested(products)
    blocked = _blocked([link for link in own if link.platform == platform])
    results: dict[int, Link | str] = {}
    made: list[Link] = []
    for product in products:
        offer, known = offers.get(product.pk), mine.get(product.pk, [])
        same = [
            link for link in known
            if offer and link.platform == platform
            and link.collaboration_id == offer.collaboration.pk
        ]  # fmt: skip
        counts = platform != PostedOn.PAGE and not any(
            link.platform != PostedOn.PAGE
            and offer
            and link.collaboration.brand_id == offer.collaboration.brand_id
            for link in known
        )
        if offer is None:
            results[product.pk] = "no_offer"
        elif any(link.pk in blocked for link in known):
            results[product.pk] = "blocked"
        elif same:
            results[product.pk] = _switch_on(same[0], at)
        elif product.brand_id in short:
            results[product.pk] = "short"
        elif product.pk in untested:
            results[product.pk] = "untested"
        elif counts and left == 0:
            results[product.pk] = "quota"
        else:
            left = left - 1 if counts and left is not None else left
            made.append(new(creator, offer, product, platform, at))
            results[product.pk] = made[-1]
    Link.objects.bulk_create(made)
    return results


def _count(creator: Creator, at: datetime) -> None:
    allowance = quota(creator, at)
    if allowance.left == 0:
        raise QuotaReached(allowance.limit, allowance.again_at)


def _blocked(found: Sequence[Link]) -> set[int]:
    """Return which of these we switched off, by id. No query where all of them work."""
    off = [link.pk for link in found if not link.is_active]
    rows = LinkBlock.objects.standing().filter(link__in=off) if off else None
    return set(rows.values_list("link", flat=True)) if rows is not None else set()


def _switch_on(link: Link, at: datetime) -> Link:
    if not link.is_active:
        activate(link, at)
    return link


def destination_of(
    target: Product | Brand, creator: Creator | None = None, platform: str = ""
) -> str:
    """Return where a link leads: a path here, or the page in the brand's own shop.

    There `{click}` becomes the click's id, so that the shop can name it with the order, and the
    UTM parameters say whose link it was. They are of the link, never of a request.
    """
    if not isinstance(target, Product) or target.sells_at != "own_shop" or not target.own_shop_url:
        return target.get_absolute_url()
    parts = urlsplit(target.own_shop_url)
    told = {"utm_source": "thousand", "utm_medium": "affiliate"}
    if creator is not None:
        told["utm_campaign"] = creator.handle
    if platform:
        told["utm_content"] = platform
    theirs = [
        pair
        for pair in parse_qsl(parts.query, keep_blank_values=True)
        if not pair[0].startswith("utm_") and pair[0] != "thousand"
    ]
    query = urlencode([*theirs, *told.items()]) + "&thousand={click}"
    return urlunsplit(parts._replace(query=query))


def deactivate(link: Link, at: datetime) -> None:
    """Switch a link off: its clicks earn nothing more; orders placed before stay."""
    turned = link.switch(on=False, at=at)
    link.on_storefront = False
    link.save(update_fields=[*turned, "on_storefront"])
    forget_later(link)


def activate(link: Link, at: datetime) -> None:
    """Let a link work again."""
    link.save(update_fields=link.switch(on=True, at=at))
    forget_later(link)


def forget_later(link: Link) -> None:
    code = link.code
    transaction.on_commit(lambda: linkcache.forget([code]))


@transaction.atomic
def name(link: Link, word: str) -> None:
    """Give a link its readable address /@handle/word; an empty word takes it away."""
    word = word.strip().lower()
    if word and not ALIAS.fullmatch(word):
        raise BadAlias(f"{word!r} is no alias")
    try:
        with transaction.atomic():
            link.alias = word
            link.save(update_fields=["alias"])
    except IntegrityError as taken:
        raise AliasTaken(f"{link.creator} has a link named {word}") from taken


def resolve(code: str, at: datetime) -> Resolved | None:
    """Find a code in PostgreSQL; a link that is live goes back into the cache."""
    if not CODE.fullmatch(code):
        return None
    rows = Link.objects.select_related("creator", "collaboration__brand", "product__brand")
    link = rows.filter(code=code).first()
    if link is None:
        return None
    if not promises.is_live(link, at):
        return Resolved(link, linkcache.record(link, link.taken_bp or 0), is_live=False)
    around = switches.around(link.creator.country, at)
    promise = promises.of_click(link, at, switches.by_platform(around, at))
    record = linkcache.store(link, promise.bp, promise.changes_at, around, at)
    return Resolved(link, record, is_live=True)


def stand_in(old: Link, at: datetime) -> Link | None:
    """Return her link that leads to the same thing while the platform of `old` is off."""
    if old.collaboration is None:
        return None
    found = old.creator.links.active().filter(
        collaboration__brand=old.collaboration.brand_id, product=old.product_id
    )
    off = switches.platforms_off(old.creator.country, at)
    found = found.exclude(platform__in=off).select_related("collaboration__brand", "product")
    return next(
        (link for link in found.order_by("-taken_bp", "-pk") if promises.is_live(link, at)), None
    )


def share_url(link: Link) -> str:
    """Return the address that the creator posts."""
    if link.alias:
        path = reverse("affiliates:alias", args=[link.creator.handle, link.alias])
    elif link.collaboration_id is None:
        path = link.destination
    else:
        path = reverse("affiliates:go", args=[link.code])
    return linkcache.absolute(path)
