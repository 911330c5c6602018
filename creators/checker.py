"""Can I join? The policy's answer to a platform and a number that someone types, before any
sign-in.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from creators import enrolment, policy, reasons
from creators.reasons import Reason

SHOWN = ("followers", "full_followers")


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
    result = policy.decide(enrolment.rules(at), facts, at.astimezone(enrolment.market_zone()))
    name = reasons.platform_name(platform)
    lines = [reasons.reason(check) for check in result.checks if check.rule in SHOWN]
    can_verify = _("We can verify %(platform)s when you sign in with it") % {"platform": name}
    lines.append(Reason("channel", True, can_verify, "", False))
    return Answer(
        outcome=str(result.outcome),
        platform=platform,
        platform_name=name,
        followers=followers,
        needed=result.policy.min_followers,
        full_needed=result.policy.full_followers,
        missing=max(0, result.policy.min_followers - followers),
        full_missing=max(0, result.policy.full_followers - followers),
        reasons=tuple(lines),
        next_check=result.recheck_on,
    )
