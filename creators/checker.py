"""Can I join? The policy's answer to a platform and a number that someone types, before any
sign-in.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from creators import enrolment, policy, reasons, rulebook
from creators.reasons import Reason


@dataclass(frozen=True, slots=True)
class Answer:
    """What the landing page shows. `missing` is how many more followers the outcome needs, 0 when
    in.
    """

    outcome: str
    platform: str
    platform_name: str
    followers: int
    needed: int
    full_needed: int
    missing: int
    full_missing: int
    reasons: tuple[Reason, ...]
    next_check: date | None


def answer(platform: str, followers: int, at: datetime, country: str = "NL") -> Answer:
    """Decide as if the channel were verified: what is not known yet is said, and holds nobody
    back.
    """
    facts = policy.Facts(
        country=country,
        birth_on=None,
        channels=(policy.Channel(platform, "", True, followers),),
    )
    result = policy.decide(rulebook.rules(at), facts, at.astimezone(enrolment.market_zone()))
    name, rule = reasons.platform_name(platform), result.policy
    return Answer(
        outcome=str(result.outcome),
        platform=platform,
        platform_name=name,
        followers=followers,
        needed=rule.min_followers,
        full_needed=rule.full_followers,
        missing=max(0, rule.min_followers - followers),
        full_missing=max(0, rule.full_followers - followers),
        reasons=_reasons(name, followers, rule.min_followers, rule.full_followers),
        next_check=result.recheck_on,
    )


def _reasons(platform: str, have: int, needed: int, full: int) -> tuple[Reason, ...]:
    """Say what passes, then what is not there yet and by how much."""
    numbers = {
        "have": reasons.number(have), "needed": reasons.number(needed),
        "full": reasons.number(full), "short": reasons.number(max(needed - have, 0)),
        "full_short": reasons.number(max(full - have, 0)), "platform": platform,
    }  # fmt: skip
    verify = Reason(
        "channel",
        True,
        _("We can verify %(platform)s when you sign in with it") % numbers,
        "",
        False,
    )
    if have < needed:
        text = _("We ask for %(needed)s on one channel: %(short)s to go") % numbers
        return Reason("followers", False, text, "", False), verify
    passes = _("%(have)s reaches the %(needed)s that we ask for") % numbers
    first = Reason("followers", True, passes, "", False)
    if have < full:
        text = _("The full tier opens at %(full)s: %(full_short)s to go") % numbers
        return first, verify, Reason("full_followers", False, text, "", True)
    text = _("It reaches the %(full)s of the full tier too: no limit on links") % numbers
    return first, Reason("full_followers", True, text, "", True), verify
