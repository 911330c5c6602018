"""SKUs that a file gives to another product than the one that has them here.

A handle that was changed, variants that were grouped, or one that went to its neighbour: the file
is right about the products of its own catalogue. A product whose id is gone and whose SKU a new id
has is the same one, renamed: its address, its links and what was sold of it stay with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q

from shop.feeds.base import ParsedProduct
from shop.models import Feed, Product
from shop.products import TAKEN_OFF


def free(feed: Feed, product_ids: Iterable[int]) -> dict[int, str]:
    """Return those of these products whose SKUs a file of `feed` may give to others, with their ids.

    Its own ones, and what another feed took off; never one that we hide or the brand took off
    by hand: that would bring it back.
    """
    rows = Product.objects.filter(brand=feed.brand_id, pk__in=set(product_ids), hidden_at=None)
    rows = rows.exclude(missing__contains=[TAKEN_OFF]).filter(
        Q(feed=feed) | Q(feed__isnull=False, status=Product.Status.ARCHIVED)
    )
    return dict(rows.values_list("pk", "external_id"))


@dataclass(frozen=True, slots=True)
class _Claim:
    owner: int  # the product that has the SKU
    was: str  # its id in the file
    title: str


class Moves:
    """Which new products of a file are products that are there, under another id."""

    def __init__(self) -> None:
        self.claims: dict[str, _Claim] = {}  # of new products, by id
        self.givers: set[int] = set()  # products of which something lives on in another one
        self.renamed: dict[str, int] = {}  # product by its new id

    def note(self, one: ParsedProduct, is_new: bool, owner: int, was: str) -> None:
        """Note that a product of the file has a SKU of another one; of a new one the first counts."""
        self.givers.add(owner)
        if is_new:
            self.claims.setdefault(one.external_id, _Claim(owner, was, one.title))

    def settle(self, *still_there: Collection[str]) -> tuple[list[str], list[str]]:
        """Say who is renamed, once the whole file was read; return their titles, and the others'.

        `still_there`: ids that the file has.
        """
        renamed, fresh, taken = [], [], set()
        for external_id, claim in self.claims.items():
            if claim.owner in taken or any(claim.was in ids for ids in still_there):
                fresh.append(claim.title)
                continue
            taken.add(claim.owner)
            self.renamed[external_id] = claim.owner
            renamed.append(claim.title)
        return renamed, fresh
