"""What brands offer: opening and changing collaborations, the best offer.

offer_for(creator, product, at) -> Offer | None
offers_for(creator, products, at) -> {product_id: Offer}     # set-based, 2 queries
book_of(creator, at) -> Book                                 # all that is open to her, 2 queries
books_of(creator_id -> brand_ids, at) -> {creator_id: Book}  # of many creators, set-based
rates_of(collaboration_ids) -> {collaboration_id: Rates}     # set-based, 2 queries
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, DateTimeField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from affiliates import linkcache, offerdays, rates
from affiliates.models import Collaboration, Link, Participation, ProductRate, RateChange
from affiliates.rates import Change, Rates
from creators.models import Creator, DirectoryEntry
from shop.models import Brand, Product

RANK = {Collaboration.Kind.TARGETED: 2, Collaboration.Kind.APPROVAL: 1, Collaboration.Kind.OPEN: 0}
NO_MOMENT = Value(None, output_field=DateTimeField())


class AlreadyOpen(Exception):
    """The brand has an open collaboration already; it changes that one instead."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one creator earns on one product under its best collaboration."""

    collaboration: Collaboration
    rate_bp: int

    @property
    def is_invited(self) -> bool:
        return self.collaboration.kind != Collaboration.Kind.OPEN


def listed(brand: Brand) -> QuerySet[Collaboration]:
    """Return a brand's collaborations, newest first, with `link_count` and `creator_count`.

    Who said yes is one of its creators before she takes a link: a fee for a post needs none.
    """
    linked = Link.objects.filter(
        collaboration=OuterRef("collaboration"), creator=OuterRef("creator")
    )
    agreed = (
        Participation.objects.filter(
            ~Exists(linked), collaboration=OuterRef("pk"), state=Participation.State.ACCEPTED
        )
        .order_by()
        .values("collaboration")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = Collaboration.objects.filter(brand=brand).select_related("brand")
    return rows.annotate(
        link_count=Count("links", distinct=True, filter=Q(links__is_active=True)),
        creator_count=Count("links__creator", distinct=True) + Coalesce(Subquery(agreed), 0),
    ).order_by("-created_at")


def rates_of(collaboration_ids: Iterable[int]) -> dict[int, Rates]:
    """Return what each collaboration pays, with its announced changes."""
    ids = list(collaboration_ids)
    base = dict(Collaboration.objects.filter(pk__in=ids).values_list("pk", "rate_bp"))
    return _with_details(base)


def _with_details(base: dict[int, int]) -> dict[int, Rates]:
    """Add products' own rates and announced changes to base rates; one query for both."""
    products: dict[int, dict[int, int]] = {pk: {} for pk in base}
    changes: dict[int, list[Change]] = {pk: [] for pk in base}
    own = ProductRate.objects.filter(collaboration__in=base).values_list(
        "collaboration_id", "product_id", "rate_bp", "rate_bp", NO_MOMENT, NO_MOMENT
    )
    announced = RateChange.objects.filter(collaboration__in=base).order_by()
    announced = announced.values_list(
        "collaboration_id", "product_id", "old_bp", "new_bp", "announced_at", "effective_at"
    )
    for pk, product_id, old_bp, new_bp, announced_at, effective_at in own.union(
        announced, all=True
    ):
        if announced_at is None:
            products[pk][product_id] = new_bp
        else:
            changes[pk].append(Change(old_bp, new_bp, announced_at, effective_at, product_id))
    return {pk: Rates(bp, products[pk], tuple(changes[pk])) for pk, bp in base.items()}


def open_to(creator: Creator, at: datetime, brand_ids: Iterable[int] | None = None):
    """Return the collaborations that `creator` may take links of at `at`, as a queryset."""
    return earning_for(creator, at, brand_ids).filter(budget_spent_at=None)


def earning_for(creator: Creator, at: datetime, brand_ids: Iterable[int] | None = None):
    """Return the collaborations that a sale of hers may earn by at `at`, as a queryset.

    Also those with a spent budget: no new links, but what still fits earns, and what does not is
    born void with its reason.
    """
    accepted = Participation.objects.filter(
        creator=creator, state=Participation.State.ACCEPTED
    ).values("collaboration")
    following = DirectoryEntry.objects.filter(creator=creator).values("followers_max")
    followers = Coalesce(Subquery(following), 0)
    found = Collaboration.objects.running(at).filter(
        Q(kind=Collaboration.Kind.OPEN, min_followers__lte=followers) | Q(pk__in=accepted),
        brand__status=Brand.Status.ACTIVE,
    )
    return found if brand_ids is None else found.filter(brand__in=list(brand_ids))


@dataclass(frozen=True, slots=True)
class Book:
    """The collaborations of one creator at one moment, by brand, with what they pay."""

    by_brand: dict[int, list[Collaboration]]
    terms: dict[int, Rates]
    at: datetime

    def offer(self, brand_id: int, product_id: int | None) -> Offer | None:
        """Return the best offer on a product, or on the brand's whole shop."""
        return best(self.by_brand.get(brand_id, ()), self.terms, brand_id, product_id, self.at)

    def offers(self, products: Iterable[Product]) -> dict[int, Offer]:
        """Return the best offer per product id; products without one are left out."""
        found = ((product.pk, self.offer(product.brand_id, product.pk)) for product in products)
        return {pk: offer for pk, offer in found if offer}

    def products_with_own_rate(self) -> dict[int, int]:
        """Return product id → brand id of every product that has a rate of its own."""
        return {
            product_id: brand_id
            for brand_id, found in self.by_brand.items()
            for one in found
            for product_id in self.terms[one.pk].product_bp
        }


def book_of(creator: Creator, at: datetime, brand_ids: Iterable[int] | None = None) -> Book:
    """Return what `creator` may take links of at `at`: of these brands, or of all. 2 queries."""
    by_brand: dict[int, list[Collaboration]] = {}
    rates_of_all: dict[int, int] = {}
    for found in open_to(creator, at, brand_ids):
        by_brand.setdefault(found.brand_id, []).append(found)
        rates_of_all[found.pk] = found.rate_bp
    return Book(by_brand, _with_details(rates_of_all), at)


def books_of(wanted: Mapping[int, Collection[int]], at: datetime) -> dict[int, Book]:
    """Return the book of each creator at the brands that she is `wanted` for, as `book_of` does.

    5 queries, however many creators.
    """
    brands = {brand_id for some in wanted.values() for brand_id in some}
    running = Collaboration.objects.running(at).filter(
        brand__in=brands, brand__status=Brand.Status.ACTIVE, budget_spent_at=None
    )
    by_brand: dict[int, list[Collaboration]] = {}
    for one in running:
        by_brand.setdefault(one.brand_id, []).append(one)
    terms = _with_details({one.pk: one.rate_bp for some in by_brand.values() for one in some})
    accepted = set(
        Participation.objects.filter(
            creator__in=wanted, collaboration__in=terms, state=Participation.State.ACCEPTED
        ).values_list("creator_id", "collaboration_id")
    )
    entries = DirectoryEntry.objects.filter(creator__in=wanted)
    followers = dict(entries.values_list("creator_id", "followers_max"))

    def hers(pk: int, one: Collaboration) -> bool:
        is_open = one.kind == Collaboration.Kind.OPEN and one.min_followers <= followers.get(pk, 0)
        return is_open or (pk, one.pk) in accepted

    return {
        pk: Book(
            {brand: [one for one in by_brand.get(brand, ()) if hers(pk, one)] for brand in some},
            terms,
            at,
        )
        for pk, some in wanted.items()
    }


def offers_for(creator: Creator, products: Sequence[Product], at: datetime) -> dict[int, Offer]:
    """Return the best offer per product id; products without an offer are left out."""
    return book_of(creator, at, {p.brand_id for p in products}).offers(products)


def best(
    found: Iterable[Collaboration],
    terms: dict[int, Rates],
    brand_id: int,
    product_id: int | None,
    at: datetime,
) -> Offer | None:
    """Choose among one creator's collaborations: targeted beats open, then the rate."""
    offers = [Offer(c, terms[c.pk].at(product_id, at)) for c in found if c.brand_id == brand_id]
    return max(
        offers,
        key=lambda o: (RANK[o.collaboration.kind], o.rate_bp, -o.collaboration.pk),
        default=None,
    )


def offer_for(creator: Creator, product: Product, at: datetime) -> Offer | None:
    """Return the best offer that `creator` has on `product` at `at`."""
    return offers_for(creator, [product], at).get(product.pk)


def offer_for_brand(creator: Creator, brand: Brand, at: datetime) -> Offer | None:
    """Return the best offer on the brand's whole shop (its own rate, no product's)."""
    return book_of(creator, at, [brand.pk]).offer(brand.pk, None)


@transaction.atomic
def create(
    brand: Brand, *, kind: str, name: str, rate_bp: int, at: datetime, **terms
) -> Collaboration:
    """Open a collaboration from `at` on. Raises AlreadyOpen for a second open one."""
    if kind == Collaboration.Kind.OPEN:
        Brand.objects.select_for_update().get(pk=brand.pk)
        if brand.collaborations.running(at).filter(kind=kind).exists():
            raise AlreadyOpen(f"brand {brand.slug} has an open collaboration")
    since = None if terms.get("budget") is None else at
    return Collaboration.objects.create(
        brand=brand, kind=kind, name=name, rate_bp=rate_bp, starts_at=at, budget_from=since, **terms
    )


@transaction.atomic
def change_rate(
    collaboration: Collaboration, new_bp: int, at: datetime, product: Product | None = None
) -> datetime | None:
    """Announce a rate; return from when it counts, or None when nothing changed.

    A product's own rate begins as a change of what the product earned until then.
    """
    row = Collaboration.objects.select_for_update().get(pk=collaboration.pk)
    own = product and ProductRate.objects.filter(collaboration=row, product=product).first()
    old_bp = own.rate_bp if own else row.rate_bp
    if old_bp == new_bp and (own or not product):
        return None
    begins = rates.effective_at(old_bp, new_bp, at)
    RateChange.objects.create(
        collaboration=row, product=product, old_bp=old_bp, new_bp=new_bp,
        announced_at=at, effective_at=begins,
    )  # fmt: skip
    if product:
        ProductRate.objects.update_or_create(
            collaboration=row, product=product, defaults={"rate_bp": new_bp}
        )
    else:
        row.rate_bp = collaboration.rate_bp = new_bp
        row.save(update_fields=["rate_bp"])
    _forget_links(row.pk)
    return begins


def end_of(collaboration: Collaboration, at: datetime) -> datetime | None:
    """Return when a collaboration would end that is ended now; None: its own end is not later."""
    ends_at = at
    if collaboration.starts_at <= at:
        ends_at += timedelta(days=offerdays.longest_window(collaboration, at))
    own = collaboration.ends_at
    return ends_at if own is None or own > ends_at else None


@transaction.atomic
def end(collaboration: Collaboration, at: datetime) -> datetime:
    """Announce the end; return when it is: after one window, so that no click made before is lost.

    An end that was set sooner stays. What has not begun has no clicks and ends at once.
    Orders are judged by it, whenever their click was: one made after the announcement has less.
    """
    row = Collaboration.objects.select_for_update().get(pk=collaboration.pk)
    if ends_at := end_of(row, at):
        row.ends_at = collaboration.ends_at = ends_at
        row.save(update_fields=["ends_at"])
    _forget_links(row.pk)
    return row.ends_at


def _forget_links(collaboration_id: int) -> None:
    """Drop the cached links of a collaboration once this transaction is through."""
    transaction.on_commit(lambda: linkcache.forget_of(collaboration_id))
