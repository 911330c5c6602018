"""Who reads what we write to a brand, each in the language in which she reads the site.

readers(brand) -> [(address, language)]      language_of(membership)      usual(brand)
remember(membership, language)               a page was read in it
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from shop.models import Brand, Membership


def usual(brand: Brand) -> str:
    """Return the language for a brand as such, and for members of whom we know none."""
    return "nl" if brand.country in {"NL", "BE"} else "en"


def language_of(membership: Membership) -> str:
    return membership.language or usual(membership.brand)


def language_for(brand: Brand, user: AbstractBaseUser) -> str:
    """Return the language of one person who acts for a brand, or did."""
    known = Membership.objects.filter(brand=brand, user=user.pk).values_list("language", flat=True)
    return known.first() or usual(brand)


def readers(brand: Brand, *, owners: bool = False) -> list[tuple[str, str]]:
    """Return address and language of everybody who acts for a brand, or of its owners."""
    rows = Membership.objects.filter(brand=brand).exclude(user__email="").order_by("pk")
    rows = rows.filter(role=Membership.Role.OWNER) if owners else rows
    known = rows.values_list("user__email", "language")
    return [(address, language or usual(brand)) for address, language in known]


def remember(membership: Membership, language: str) -> None:
    """Keep the language in which she reads the site, where we would write in another."""
    if language in dict(settings.LANGUAGES) and language != language_of(membership):
        membership.language = language
        membership.save(update_fields=["language"])
