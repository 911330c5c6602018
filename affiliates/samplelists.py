"""Samples as the pages of both sides list them."""

from __future__ import annotations

from django.db.models import QuerySet

from affiliates.models import SampleRequest
from creators.models import Creator
from shop.models import Brand


def of_creator(creator: Creator) -> QuerySet[SampleRequest]:
    """Return her samples with what is shown of them."""
    rows = SampleRequest.objects.filter(creator=creator)
    return rows.select_related(
        "variant__product__category", "collaboration__brand", "channel", "creator"
    )


def of_brand(brand: Brand) -> QuerySet[SampleRequest]:
    """Return a brand's samples with what is shown of them."""
    rows = SampleRequest.objects.filter(collaboration__brand=brand)
    return rows.select_related(
        "variant__product__category", "collaboration", "channel", "creator__directoryentry"
    )


def by_turn(creator: Creator) -> QuerySet[SampleRequest]:
    """Return hers: those that run first, what is due soonest on top."""
    return of_creator(creator).order_by("closed_at", "act_by", "-id")


def of_brand_by_turn(brand: Brand, over: bool) -> QuerySet[SampleRequest]:
    """Return those that run, what is due soonest first, or those that are over, latest first."""
    rows = of_brand(brand).filter(closed_at__isnull=not over)
    return rows.order_by("-closed_at", "-id") if over else rows.order_by("act_by", "id")
