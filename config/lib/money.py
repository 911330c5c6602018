"""Money arithmetic: integers of minor units, ISO 4217 currencies, rates in basis points.

Only display knows how many decimals a currency has; every sum is on integers.
"""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

FULL = 10_000  # basis points in the whole

# ISO 4217 currencies whose minor unit is not a hundredth (table A.1, 2024).
EXPONENTS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
CURRENCIES = frozenset(
    """AED AUD BGN BHD BIF BRL CAD CHF CLP CNY COP CZK DJF DKK EGP EUR GBP GNF HKD HUF IDR
    ILS INR IQD ISK JOD JPY KES KMF KRW KWD LYD MAD MXN MYR NGN NOK NZD OMR PHP PLN PYG RON
    RSD RWF SAR SEK SGD THB TND TRY TWD UAH UGX USD VND VUV XAF XOF XPF ZAR""".split()
)


# 1.240,50 or 1,240.50 or 1 240,50: groups of three by one sign, cents after another
GROUPED = re.compile(
    r"(?P<whole>[1-9]\d{0,2}(?P<group>[., ])\d{3}(?:(?P=group)\d{3})*)(?:(?!(?P=group))[.,](?P<cents>\d+))?",
    re.ASCII,
)


class BadAmount(ValueError):
    """A text that is no amount of money in its currency."""


class TwoReadings(BadAmount):
    """A text that is one amount in Dutch and another in English; the message asks which."""


def exponent(currency: str) -> int:
    """Return how many decimals `currency` has (EUR 2, JPY 0, KWD 3)."""
    return EXPONENTS.get(currency, 2)


def half_up(amount: int, rate_bp: int) -> int:
    """Return `rate_bp` basis points of `amount` (minor units), rounded half up.

    Raises ValueError for a negative amount or rate: the rule is for non-negative
    numbers only, a correction is the difference of two of them.
    """
    if amount < 0 or rate_bp < 0:
        raise ValueError(f"half_up needs non-negative numbers, got {amount} and {rate_bp}")
    return (amount * rate_bp + FULL // 2) // FULL


def tax_within(gross: int, tax_bp: int) -> int:
    """Return the VAT contained in `gross` (minor units, VAT included), half up."""
    if gross < 0 or tax_bp < 0:
        raise ValueError(f"tax_within needs non-negative numbers, got {gross} and {tax_bp}")
    whole = FULL + tax_bp
    return (2 * gross * tax_bp + whole) // (2 * whole)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to `weights` by largest remainder; parts sum to it.

    Ties go to the earlier part. A part is never larger than its weight as long as
    `amount` is not larger than the sum of the weights. Raises ValueError when the
    amount is negative, or positive with nothing to split it over.
    """
    total = sum(weights)
    if amount < 0 or any(weight < 0 for weight in weights):
        raise ValueError("split needs non-negative numbers")
    if total == 0:
        if amount:
            raise ValueError(f"nothing to split {amount} over")
        return [0] * len(weights)
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def parse(text: str, currency: str) -> int:
    """Return the minor units of a plain decimal such as `34.50` or `34,50`.

    Takes ASCII digits and one decimal sign only (no thousands, exponent or symbol).
    Raises BadAmount, whose message can be shown, for anything else.
    """
    cleaned = text.strip().replace(",", ".")
    if not cleaned or not all(c in "0123456789." for c in cleaned) or cleaned.count(".") > 1:
        raise BadAmount(_("“%(text)s” is not an amount. Write it like 34.50.") % {"text": text})
    try:
        value = Decimal(cleaned)
    except InvalidOperation as error:
        wrong = _("“%(text)s” is not an amount. Write it like 34.50.") % {"text": text}
        raise BadAmount(wrong) from error
    minor = value.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        facts = {"text": text, "n": exponent(currency)}
        raise BadAmount(_("“%(text)s” has more than %(n)s decimals.") % facts)
    if minor >= 10**15:
        raise BadAmount(_("“%(text)s” is too large.") % {"text": text})
    return int(minor)


def typed(text: str, currency: str) -> int:
    """Return the minor units of an amount as people write it: `1.240,50` and `1,240.50` alike.

    Takes the currency's sign, and a point, comma or space between groups of three digits. Raises
    TwoReadings for `1.240` in a currency with decimals, BadAmount for anything else.
    """
    bare = re.sub(r"[\s\u00a0\u202f]+", " ", text).strip()
    for sign in (currency, SYMBOLS.get(currency, currency)):
        bare = bare.removeprefix(sign).removesuffix(sign).strip()
    found = GROUPED.fullmatch(bare)
    if not found:
        return parse(bare, currency)
    whole, group, cents = found["whole"], found["group"], found["cents"]
    if cents is None and group != " " and whole.count(group) == 1 and exponent(currency):
        large = number_format(Decimal(whole.replace(group, "")), exponent(currency))
        facts = {"text": text.strip(), "large": large}
        said = _("“%(text)s” can be read in two ways. Write %(large)s for the larger amount.")
        raise TwoReadings(said % facts)
    return parse(whole.replace(group, "") + "." + (cents or "0"), currency)


def decimal(amount: int, currency: str) -> Decimal:
    """Return `amount` minor units as a Decimal of major units (for files and forms)."""
    return Decimal(amount).scaleb(-exponent(currency))


def display(amount: int, currency: str, language: str = "") -> str:
    """Return what a person reads: `€1,240.50`, in Dutch `€ 1.240,50` (no-break space).

    In the language that is active, unless another is given.
    """
    language = language or get_language() or "en"
    places = exponent(currency)
    digits = f"{abs(decimal(amount, currency)):,.{places}f}"
    sign = "−" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    if language.startswith("nl"):
        digits = digits.translate(str.maketrans(",.", ".,"))
        return f"{sign}{symbol or currency}\u00a0{digits}"
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{currency}\u00a0{digits}"


def written(amount: int, currency: str) -> str:
    """Return an amount for a document: `EUR 1.240,50` in Dutch, `EUR 1,240.50` in English."""
    digits = f"{decimal(amount, currency):,}"
    if (get_language() or "en").startswith("nl"):
        digits = digits.translate(str.maketrans(",.", ".,"))
    return f"{currency} {digits}"
