"""Days, countries and languages as a person writes them in the language of the page."""

from datetime import date
from functools import cache

from babel import Locale
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language

_locale = cache(Locale)


def short_day(on: date, form: str = "j M") -> str:
    """Return `27 Nov`, in Dutch `27 nov`; `form` is Django's, with M for the month."""
    return date_format(on, form.replace("M", "b") if code() == "nl" else form)


def country(iso: str) -> str:
    """Return the name of a country by its ISO 3166 code; an unknown code stays as it is."""
    return _locale(code()).territories.get(iso, iso)


def language(iso: str) -> str:
    """Return the name of a language by its code; an unknown code stays as it is."""
    return _locale(code()).languages.get(iso, iso)


def decimal(value: float, places: int) -> str:
    """Return a number with so many decimals and the language's decimal sign."""
    return number_format(round(value, places), places)


def code() -> str:
    """Return the language of the page as a plain code: `en`, `nl`."""
    return (get_language() or "en").split("-")[0]
