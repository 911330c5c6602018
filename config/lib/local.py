"""Days, countries and languages as a person writes them in the language of the page."""

from datetime import date

from babel import Locale
from django.utils.formats import date_format
from django.utils.translation import get_language


def short_day(on: date, form: str = "j M") -> str:
    """Return `27 Nov`, in Dutch `27 nov`; `form` is Django's, with M for the month."""
    return date_format(on, form.replace("M", "b") if _code() == "nl" else form)


def country(code: str) -> str:
    """Return the name of a country by its ISO 3166 code; an unknown code stays as it is."""
    return Locale(_code()).territories.get(code, code)


def language(code: str) -> str:
    """Return the name of a language by its code; an unknown code stays as it is."""
    return Locale(_code()).languages.get(code, code)


def _code() -> str:
    return (get_language() or "en").split("-")[0]
