"""The words of a decision: each check as two short sentences, made when a page is shown.

Stored checks carry codes and numbers only, so that a decision reads in the visitor's language and
never goes stale.
"""

from dataclasses import dataclass

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from creators.models import DecisionCheck, Platform
from creators.policy import Check


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of a decision: `passed` None is shown as "not known"."""

    rule: str
    passed: bool | None
    text: str
    small: str
    opens_full: bool


def number(value: int) -> str:
    """Digits grouped in the language of the page."""
    return number_format(value, force_grouping=True)


def platform_name(platform: str) -> str:
    return str(Platform(platform).label) if platform else ""


def reason(check: Check | DecisionCheck) -> Reason:
    needed, measured = _whole(check.needed), _whole(check.measured)
    text = _text(check.rule, needed)
    if check.passed is None:
        small = _("Not known yet. It does not count against you.")
    elif check.passed:
        small = _passes(check.rule, measured, platform_name(check.platform))
    else:
        small = _remedy(check, measured)
    return Reason(check.rule, check.passed, text, small, check.rule.startswith("full_"))


def _whole(value: int | str | None) -> int | None:
    return int(value) if value not in (None, "") else None


def _text(rule: str, needed: int | None) -> str:
    amount = number(needed or 0)
    texts = {
        "channel": _("One verified channel"),
        "count": _("Your follower count is visible to us"),
        "followers": _("%(n)s followers on one verified channel") % {"n": amount},
        "age": _("You are %(n)s or older") % {"n": amount},
        "standing": _("Your account is in good standing"),
        "account_age": _("The channel is %(n)s days old") % {"n": amount},
        "posts": _("%(n)s posts in the last 28 days") % {"n": amount},
        "full_followers": _("%(n)s followers on one channel") % {"n": amount},
        "full_days": _("%(n)s days in the pilot") % {"n": amount},
        "full_weeks": _("Links used in %(n)s different weeks") % {"n": amount},
        "full_quiz": _("The short quiz on advertising rules"),
        "full_clean": _("No open violations"),
    }
    return texts.get(rule, rule)


def _passes(rule: str, measured: int | None, platform: str) -> str:
    if rule == "channel":
        return platform
    if rule in ("followers", "full_followers") and measured is not None:
        return _("%(platform)s: %(n)s") % {"platform": platform, "n": number(measured)}
    if rule == "age":
        return _("From your date of birth")
    if rule in ("posts", "account_age", "full_days", "full_weeks") and measured is not None:
        return number(measured)
    return ""


def _remedy(check: Check | DecisionCheck, measured: int | None) -> str:
    """What would change a failed check, as one or two sentences."""
    platform = platform_name(check.platform)
    missing = check.remedy_amount or 0
    numbers = {"n": number(missing), "have": number(measured or 0), "platform": platform}
    day = date_format(check.recheck_on, "j F Y") if check.recheck_on else ""
    words = {
        "connect": _("Connect TikTok, Instagram, YouTube or Facebook."),
        "followers": ngettext(
            "%(platform)s: %(have)s. %(n)s more follower to go.",
            "%(platform)s: %(have)s. %(n)s more followers to go.",
            missing,
        )
        % numbers,
        "show_count": _("%(platform)s hides the number. Show it there, or ask for a check by hand.")
        % numbers,
        "age": _("You can join on %(day)s.") % {"day": day},
        "appeal": _("Your account is suspended. You can answer or appeal in your case."),
        "account_age": ngettext(
            "%(n)s more day on %(platform)s.", "%(n)s more days on %(platform)s.", missing
        )
        % numbers,
        "posts": ngettext(
            "%(n)s more post on %(platform)s.", "%(n)s more posts on %(platform)s.", missing
        )
        % numbers,
        "full_days": ngettext("%(n)s more day.", "%(n)s more days.", missing) % numbers,
        "full_weeks": ngettext("%(n)s more week.", "%(n)s more weeks.", missing) % numbers,
        "full_quiz": _("Not passed yet. It takes five minutes."),
        "full_clean": _("Points expire by themselves. Your cases say when."),
    }
    return words.get(check.remedy, "")
