"""What templates say in our words: icons, money, days, people, fields.

`{% load thousand %}`. Each tag's use is shown in templates/README.md.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from zlib import crc32

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.paginator import Page
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format, time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.components import browsers, charts, fields, nav, people, pictures, takealong
from config.lib import local, stepup
from config.lib import money as money_lib

register = template.Library()
register.filter(browsers.browser)
register.inclusion_tag("components/mix.html")(charts.mix)
register.inclusion_tag("components/plot.html")(charts.plot)
register.inclusion_tag("components/stack.html")(charts.stack)
register.inclusion_tag("components/kdots.html")(charts.kdots)
register.inclusion_tag("components/error_summary.html")(fields.error_summary)
register.inclusion_tag("components/exports.html", takes_context=True)(takealong.exports)
register.simple_tag(fields.field)
register.simple_tag(fields.form_fields)
register.simple_tag(takes_context=True)(nav.nav_items)
register.simple_tag(takes_context=True)(nav.account_items)
register.simple_tag(people.platform)
register.simple_tag(pictures.picture)
register.simple_tag(pictures.product_art)
register.filter("country", local.country)
register.filter("language", local.language)


@register.simple_tag
@cache
def font_css() -> SafeString:
    """Return the link to our fonts where set-up could install them, else nothing."""
    if finders.find("fonts/fonts.css") is None:
        return SafeString("")
    try:
        return format_html('<link rel="stylesheet" href="{}">', static("fonts/fonts.css"))
    except ValueError:  # found, but not collected yet
        return SafeString("")


@register.simple_tag
@lru_cache(maxsize=2_048, typed=True)  # typed: safe text and any other are not the same
def icon(name: str, cls: str = "", label: str = "") -> SafeString:
    """Return one drawing of the sprite; without `label` it is decoration."""
    said = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    href = static("img/icons.svg")
    return format_html(
        '<svg class="i {}" {}><use href="{}#{}"/></svg>', cls, SafeString(said), href, name
    )


@register.filter
def money(amount: int | None, currency: str = "EUR") -> str:
    """Return minor units as a person reads them in the page's language."""
    if amount in (None, ""):
        return ""
    return money_lib.display(int(amount), currency or "EUR", get_language() or "en")


@register.filter
def money_round(amount: int | None, currency: str = "EUR") -> str:
    """Return an amount for running text: `€10` when nothing follows the decimal sign."""
    text = money(amount, currency)
    decimals = money_lib.exponent(currency or "EUR")
    rest = text[-decimals - 1 :] if decimals else ""
    return text.removesuffix(rest) if rest.strip(".,0") == "" else text


@register.filter
def money_whole(amount: int | None, currency: str = "EUR") -> str:
    """Return minor units in whole units, half up: for figures that are read at a glance."""
    if amount in (None, ""):
        return ""
    unit = 10 ** money_lib.exponent(currency or "EUR")
    whole = (abs(int(amount)) + unit // 2) // unit * unit * (-1 if int(amount) < 0 else 1)
    shown = money_lib.display(whole, currency or "EUR", get_language() or "en")
    return re.sub(r"[.,]0+$", "", shown) if unit > 1 else shown


@register.filter
def percent(rate_bp: int | None) -> str:
    """Return basis points as `12%` or `12.5%`, with the language's decimal sign."""
    if rate_bp is None:
        return ""
    whole, rest = divmod(abs(int(rate_bp)), 100)
    text = number_format(whole, use_l10n=True)
    if rest:
        digits = f"{rest:02d}".rstrip("0")
        text += ("," if (get_language() or "en").startswith("nl") else ".") + digits
    return f"{'−' if rate_bp < 0 else ''}{text}%"


@register.filter
def per_one(rate_bp: int | None) -> str:
    """Return basis points as so many to one: `0.63`, with the language's decimal sign."""
    return "" if rate_bp is None else number_format(rate_bp / 10_000, 2, use_l10n=True)


@register.filter
def tenth(share_bp: int | None) -> str:
    """Return basis points as a percentage to a tenth: `60.0%`, with the language's decimal sign."""
    if share_bp is None:
        return ""
    tenths = (abs(int(share_bp)) + 5) // 10
    sign = "," if (get_language() or "en").startswith("nl") else "."
    return f"{'−' if share_bp < 0 else ''}{tenths // 10}{sign}{tenths % 10}%"


@register.filter
def number(value: int | None) -> str:
    """Return a whole number with the language's thousands sign."""
    if value is None:
        return ""
    return number_format(int(value), use_l10n=True, force_grouping=True)


@register.filter
def between(ends: tuple[int, int], currency: str = "") -> str:
    """Return `1,200–1,400`, of amounts with a currency in whole units; equal ends once."""
    shown = [money_whole(end, currency) if currency else number(end) for end in ends]
    return shown[0] if shown[0] == shown[1] else f"{shown[0]}–{shown[1]}"


def _local(moment: date | datetime) -> date:
    if isinstance(moment, datetime):
        return timezone.localtime(moment).date() if timezone.is_aware(moment) else moment.date()
    return moment


@register.filter
def day(moment: date | datetime | None) -> str:
    """Return a date, with its weekday when within two weeks, its year when not this one."""
    if not moment:
        return ""
    on, today = _local(moment), timezone.localdate()
    if abs(on - today) <= timedelta(days=14):
        return date_format(on, "l j F")
    return date_format(on, "j F" if on.year == today.year else "j F Y")


@register.filter
def last_day(moment: datetime | None) -> str:
    """Return the last whole day of a clock that ends at midnight, as `day` writes it."""
    return day(moment - timedelta(seconds=1)) if moment else ""


@register.filter
def day_short(moment: date | datetime | None, year: str = "") -> str:
    """Return `27 Nov`, with the year when it is not this one; `:"year"`: always with it."""
    if not moment:
        return ""
    on = _local(moment)
    return local.short_day(on, "j M Y" if year or on.year != timezone.localdate().year else "j M")


@register.filter
def day_near(moment: date | datetime | None) -> str:
    """Return `today`, `yesterday` or `tomorrow`, and every other day as `27 Nov`."""
    if not moment:
        return ""
    near = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}
    return near.get((_local(moment) - timezone.localdate()).days) or day_short(moment)


@register.filter
def is_ahead(moment: datetime | None) -> bool:
    """Say whether a moment is still to come."""
    return moment is not None and moment > timezone.now()


@register.filter
def clock(moment: datetime | None) -> str:
    """Return `20:14` in the market's time."""
    return time_format(timezone.localtime(moment).time(), "H:i") if moment else ""


@register.filter
def initials(name: str) -> str:
    """Return one or two letters that stand for a person or a brand."""
    return people.initials(name)


@register.filter
def v(value: float | None, whole: float = 100) -> str:
    """Return the class `v0` … `v100` that sets --v: `value` as a share of `whole`."""
    return charts.share_class(value or 0, whole)


@register.simple_tag
def avatar(person: Any, size: str = "") -> SafeString:
    """Return the round letters of a creator, a referral or a name; size s, l or xl."""
    name, seed = people.identify(person)
    cls = f"av av-{crc32(seed.encode()) % 6 + 1}" + (f" av-{size}" if size else "")
    letters = people.initials(name)
    return format_html('<span class="{}" data-n="{}" aria-hidden="true"></span>', cls, letters)


@register.simple_tag
def brand_logo(brand: Any, size: str = "") -> SafeString:
    """Return the square letter of a brand or of a brand's name; size xs, s or l."""
    name, seed = people.identify(brand)
    cls = f"blogo bl-{crc32(seed.encode()) % 6 + 1}" + (f" blogo-{size}" if size else "")
    letters = people.initials(name)[:1]
    return format_html('<span class="{}" data-n="{}" aria-hidden="true"></span>', cls, letters)


@register.simple_tag
def state(commission: Any) -> SafeString:
    """Return the three dots and the word for a commission, or for a state's name."""
    key = commission if isinstance(commission, str) else people.state_of(commission)
    cls, word = {
        "pending": ("st-pending", _("Pending")),
        "held": ("st-pending", _("On hold")),
        "settled": ("st-cleared", _("Cleared")),
        "cleared": ("st-cleared", _("Cleared")),
        "paid": ("st-paid", _("Paid")),
        "void": ("st-back", _("Not paid")),
        "back": ("st-back", _("Sent back")),
    }[str(key)]
    return format_html('<span class="st {}">{}</span>', cls, word)


@register.filter
def bare(url: str) -> str:
    """Return an address as a person reads it: no scheme, no slash at the end."""
    return str(url or "").partition("://")[2].rstrip("/") or str(url or "")


@register.filter
def get(table: dict[str, Any], key: str) -> Any:
    """Return the value of `key`, which is itself a variable, or None."""
    return table.get(key)


@register.filter
def platform_name(key: str) -> str:
    """Return `TikTok` for `tiktok`."""
    return people.PLATFORMS.get(str(key), str(key))


@register.simple_tag
def platform_icon(key: str, cls: str = "") -> SafeString:
    """Return a platform's mark as a plain drawing, for buttons."""
    return icon(people.MARKS.get(str(key), "globe"), cls)


@register.simple_tag
def platforms() -> list[tuple[str, str, str]]:
    """Return (key, name, icon) of every platform, in the order of all our bars."""
    return [(key, name, people.MARKS[key]) for key, name in people.PLATFORMS.items()]


@register.simple_tag
def example_mix() -> dict[str, int]:
    """Return the shares that our examples show; pages say that they are one."""
    return {"tiktok": 46, "instagram": 29, "youtube": 17, "facebook": 8}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: dict[str, Any], page: Page, target: str = "") -> dict[str, Any]:
    """Return the links to the pages before and after; `target` lets htmx swap a part."""
    return {"request": context.get("request"), "page": page, "target": target}


@register.simple_tag
def json_ld(facts: Any) -> SafeString:
    """Return facts for machines as a data block: no script runs in it, no text leaves it."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308


@register.simple_tag
def is_demo() -> bool:
    """Say whether this is a demo market, where everybody is made up."""
    return getattr(settings, "MARKET_MODE", "live") == "demo"


@register.simple_tag(takes_context=True)
def waiting_page(context: dict[str, Any]) -> str:
    """Return the page that waits until this person has a second factor, or nothing."""
    return stepup.back(context["request"])
