"""Who a creator says she is: handle, name, country, languages, niches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from creators import directory
from creators.models import Creator, Niche

RESERVED = frozenset(
    {  # words of our own addresses, and names that only we may speak under
        *("about", "account", "admin", "api", "brand", "brands", "cart", "check", "checkout"),
        *("contact", "creator", "creators", "docs", "go", "help", "home", "legal", "login"),
        *("logout", "market", "me", "media", "metrics", "orders", "payout", "payouts", "privacy"),
        *("proof", "root", "rules", "security", "settings", "shop", "shops", "signup", "start"),
        *("static", "status", "support", "system", "team", "terms", "thousand", "www"),
    }
)
COUNTRIES = (  # where creators can join: the EU and EEA, Switzerland, the United Kingdom
    *("AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR"),
    *("HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE"),
    *("SI", "SK"),
)
LANGUAGES = (
    *("bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "is", "it"),
    *("lt", "lv", "nb", "nl", "pl", "pt", "ro", "sk", "sl", "sv"),
)


class HandleTaken(Exception):
    """Someone else has this handle, or it is kept back."""


@dataclass(frozen=True, slots=True)
class About:
    """Step 1 of joining, as the form cleaned it."""

    handle: str
    display_name: str
    country: str
    languages: Sequence[str]
    niches: Sequence[Niche]
    birth_on: date | None = None
    bio: str = ""


def is_free(handle: str, creator: Creator | None) -> bool:
    """Whether `creator` (None: a newcomer) may be called that; written in lower case."""
    if handle in RESERVED:
        return False
    others = Creator.objects.filter(handle__iexact=handle)
    return not (others.exclude(pk=creator.pk) if creator else others).exists()


@transaction.atomic
def save(user: AbstractUser, about: About, creator: Creator | None = None) -> Creator:
    """Write step 1: a new draft, or changes to who she is. A date of birth is taken once. Raises
    HandleTaken.
    """
    creator = creator or Creator(user=user)
    if not is_free(about.handle, creator if creator.pk else None):
        raise HandleTaken(about.handle)
    creator.handle, creator.display_name = about.handle, about.display_name
    creator.country, creator.bio = about.country, about.bio
    creator.languages = list(about.languages)
    creator.birth_on = creator.birth_on or about.birth_on
    try:
        with transaction.atomic():
            creator.save()
    except IntegrityError as error:  # two newcomers at the same moment
        raise HandleTaken(about.handle) from error
    creator.niches.set(about.niches)
    directory.record([creator.pk])
    return creator


def mail_language(creator: Creator) -> str:
    """The language that we write to her in: as she reads the site, else one that she speaks."""
    return creator.site_language or ("nl" if "nl" in creator.languages else "en")


def remember_language(creator: Creator, language: str) -> None:
    """Keep the language in which she reads the site."""
    if language in dict(settings.LANGUAGES) and language != creator.site_language:
        creator.site_language = language
        creator.save(update_fields=["site_language"])
