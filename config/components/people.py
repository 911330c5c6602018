"""Letters and colours for people and brands, marks for platforms, words for states."""

from typing import Any

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

PLATFORMS = {"tiktok": "TikTok", "instagram": "Instagram", "youtube": "YouTube",
             "facebook": "Facebook"}  # fmt: skip
MARKS = {"tiktok": "note", "instagram": "camera", "youtube": "play", "facebook": "chat"}


def initials(name: str) -> str:
    """Return one or two capitals: first letter of the first and of the last word."""
    words = [word for word in str(name or "").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def _first(thing: Any, *attributes: str) -> Any:
    return next((found for key in attributes if (found := getattr(thing, key, ""))), "")


def identify(thing: Any) -> tuple[str, str]:
    """Return (name, seed) of a creator, a brand, a referral, or a plain name."""
    if isinstance(thing, str):
        return thing, thing
    name = _first(thing, "display_name", "creator_name", "name") or str(thing)
    seed = _first(thing, "handle", "creator_handle", "slug") or name
    return str(name), str(seed)


def state_of(commission: Any) -> str:
    """Return which word a commission gets: a reversal is money sent back."""
    if getattr(commission, "is_paid", False):
        return "paid"
    if getattr(commission, "kind", "sale") == "reversal":
        return "back"
    return str(commission.state)


def platform(key: str, size: str = "") -> SafeString:
    """Return the neutral mark of a platform (never its logo), decoration only."""
    key = str(key or "")
    if key not in MARKS:
        mark, cls = "globe", "pfm"
    else:
        mark, cls = MARKS[key], f"pfm p-{key}"
    if size:
        cls += f" pfm-{size}"
    return format_html(
        '<span class="{}" aria-hidden="true"><svg class="i"><use href="{}#{}"/></svg></span>',
        cls, static("img/icons.svg"), mark,
    )  # fmt: skip
