"""Pages that brands and creators both have, of what is their own."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from config.lib import sealed
from creators.models import Creator
from shop.models import Brand


@dataclass(frozen=True, slots=True)
class Side:
    """Whose page it is: `name` is brand or creator and begins the names of its addresses."""

    name: str
    whose: dict[str, Brand | Creator]
    can_change: bool

    @property
    def base(self) -> str:
        return f"base_{self.name}.html"

    def url(self, page: str, *args: object) -> str:
        slug = [self.whose["brand"].slug] if self.name == "brand" else []
        return reverse(f"affiliates:{self.name}_{page}", args=[*slug, *args])


def side_of(request: HttpRequest) -> Side:
    """Return the side of a page that `brand_required` or `creator_required` let in."""
    if brand := getattr(request, "brand", None):
        return Side("brand", {"brand": brand}, request.membership.is_owner)
    return Side("creator", {"creator": request.creator}, True)


def show_once(request: HttpRequest, key: str, pk: int, word: str) -> None:
    """Keep a secret, sealed, for the next look at its page."""
    request.session[key] = {str(pk): sealed.seal(word)}


def shown_once(request: HttpRequest, key: str) -> dict[int, str]:
    """Return the secret that is to be shown now, by its row's id; it is forgotten with that."""
    return {int(pk): sealed.unseal(word) for pk, word in request.session.pop(key, {}).items()}
