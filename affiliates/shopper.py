"""What one request says about the creators that a shopper came by: `request.referral`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from affiliates import (
    codes,
    consent,
    disclosure,
    programmes,
    promises,
    redirect,
    referral,
    shelf,
    visitors,
)
from affiliates.attribution import facts
from affiliates.codes import ForCode
from affiliates.models import Commission, Link, PlatformSwitch
from affiliates.referral import Seen
from creators.models import Creator
from shop.models import Product

OWN_PAGES = {"shop:brand_page", "shop:product"}  # where a brand's own programme lands


@dataclass(frozen=True, slots=True)
class ForBrand:
    """The creator that the shop names beside a brand's products, and stamps on the bag."""

    creator_id: int
    creator_name: str
    creator_handle: str
    creator_bio: str
    link_code: str
    touch: str
    rate_bp: int | None  # only where the brand lets shoppers see the amount
    ad_word: str = ""  # of advertising, as her country and language have it
    has_shelf: bool = False  # her page has more than one product in stock


class Referral:
    """What one request's cookie says; read on first use only."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._cookie = request.COOKIES.get(referral.COOKIE)
        self.was_read = False

    @cached_property
    def touches(self) -> list[Seen]:
        self.was_read = True
        if self._cookie == referral.DECLINED:
            return []
        known = referral.read(self._cookie)
        for seen in referral.carried(self._told, timezone.now()):
            known = referral.add(known, seen)
        return known

    @property
    def _told(self) -> str:
        """The click that the address or the form carries where there is no cookie."""
        return self._request.POST.get("touch") or self._request.GET.get("touch", "")

    @property
    def in_app(self) -> str:
        """The platform whose own browser this is, or nothing."""
        return visitors.agent(self._request.META.get("HTTP_USER_AGENT", "")).platform

    @cached_property
    def _links(self) -> dict[int, Link]:
        rows = Link.objects.select_related("creator", "collaboration")
        rows = rows.annotate(has_shelf=shelf.has_more())
        rows = rows.filter(pk__in=[t.link_id for t in self.touches], is_active=True)
        return {row.pk: row for row in rows} if self.touches else {}

    def for_brand(self, brand_id: int) -> ForBrand | None:
        """Return who would earn on that brand now, or None."""
        at = timezone.now()
        for seen in self.touches:
            link = self._links.get(seen.link_id) if seen.brand_id == brand_id else None
            if link and _stands(link, seen, at):
                shown = link.collaboration.show_amount
                return ForBrand(
                    creator_id=link.creator_id,
                    creator_name=link.creator.display_name,
                    creator_handle=link.creator.handle,
                    creator_bio=link.creator.bio,
                    link_code=link.code,
                    touch=referral.stamp(seen),
                    rate_bp=seen.rate_bp if shown else None,
                    ad_word=disclosure.word(
                        consent.country_of(self._request.META), get_language() or "en"
                    ),
                    has_shelf=link.has_shelf,
                )
        return None

    @staticmethod
    def more_of_shelf(shown: ForBrand, but: Product) -> list[tuple[Product, str]]:
        """Return more of what her page shows, each with the address of her link."""
        if not shown.has_shelf:
            return []
        return [
            (link.product, reverse("affiliates:go", args=[link.code]))
            for link in shelf.more(shown.creator_id, but)
        ]

    def of_code(self, word: str, brand_ids: Collection[int]) -> ForCode | None:
        """Return whose code `word` is and on which of these brands it earns, or None."""
        return codes.owner(word, brand_ids, timezone.now())

    @staticmethod
    def credited(line_ids: Iterable[int]) -> list[Creator]:
        """Return whom the lines of an order earn a commission, for the shopper to know."""
        earned = Commission.objects.filter(
            order_line__in=list(line_ids),
            kind=Commission.Kind.SALE,
            state__in=[Commission.State.PENDING, Commission.State.SETTLED],
        )
        return list(Creator.objects.filter(pk__in=earned.values("creator")).order_by("pk"))

    def as_json(self) -> dict[str, Any]:
        """Return what an order keeps; `from_order` reads it."""
        told: dict[str, Any] = {"touches": [str(seen) for seen in self.touches]}
        if claims := programmes.read(self._request.COOKIES.get(programmes.COOKIE)):
            told["claims"] = {str(pk): at.isoformat() for pk, at in claims.items()}
        return told

    def note_own_programme(self, response: HttpResponseBase) -> None:
        """Remember a click of the brand's own programme that led to this page, where it may be."""
        match, query = self._request.resolver_match, self._request.GET
        if not query or match is None or match.view_name not in OWN_PAGES:
            return
        brand_id = programmes.claims(match.kwargs["brand_slug"], query)
        if brand_id is None or self._cookie == referral.DECLINED:
            return
        self.was_read = True
        if not self._cookie and consent.rule(self._request.META).needs_consent:
            return
        before = programmes.read(self._request.COOKIES.get(programmes.COOKIE))
        response.set_cookie(
            programmes.COOKIE,
            programmes.write(before, brand_id, timezone.now()),
            **redirect.cookie_options() | {"max_age": programmes.MAX_AGE_S},
        )


def _stands(link: Link, seen: Seen, at: datetime) -> bool:
    offer = link.collaboration
    if offer is None or offer.brand_id != seen.brand_id or not link.creator.is_enrolled:
        return False
    running = offer.ends_at is None or offer.ends_at > at
    if not running or seen.clicked_at > at:
        return False
    age = at - seen.clicked_at  # beyond what is announced an earlier promise may still hold
    if age <= timedelta(days=offer.window_days):
        return True
    key = (link.pk, seen.clicked_at)
    held = promises.stood_for({key: link}, list(PlatformSwitch.objects.ever())).get(key, ())
    return age <= timedelta(days=facts.window(link, seen.clicked_at, at, held))
