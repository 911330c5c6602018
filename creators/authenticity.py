"""The authenticity score: 0–100, from parts that are each shown with what was measured and what is
usual among peers: for engagement channels of the same platform and size, for the other parts
creators whose largest channel is (`peers`). Where peers are too few, constants stand for what is
usual, and the part says so: its `peers` is null.

`judge` is the score: pure, versioned, in whole numbers. `scoring.SCORES` is the same for many creators
at once, in SQL; a test holds the two together. What a platform's API does not tell is not scored, and
takes no points away: the others count for more. Which part can be known from which platform:

    part         most  TikTok           YouTube           Instagram   Facebook
    engagement    40   likes per post   views per video   –           –
    growth        30   followers        subscribers       followers   followers
    orders        20   clicks and orders of her own links here, whatever the platform
    returns       10   what of her sales went back, whatever the platform

Views are no reactions: the part is then called "views", is measured against views of channels of
that size on YouTube, and the directory keeps the two apart (`engagement_bp`, `views_bp`).

Version 2 took constants for growth, orders and returns, however many peers there were:
`judge(facts, version=2)` is that score.

A score needs growth (three readings over two weeks) and one of engagement and orders; else it is
"not enough data", which is not low. It is never a verdict by itself, and says nothing of any single
follower.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

VERSION = 3
GOOD = 0.7  # of the points that a part can give
MIN_READINGS = 3
MIN_DAYS = 14
WINDOW_DAYS = 90
MIN_CLICKS, MIN_ORDERS = 50, 5  # in 90 days, before orders and returns say something
MOST = {"engagement": 40, "growth": 30, "orders": 20, "returns": 10}
# What is usual while peers are few; else what three in four of them stay under, or reach.
STEADY_BP = 200  # more followers in a day
RETURNS_BP = 2_000  # of sales
MOST_OF = 15  # of the figures of peers, each fifth percentile: the 75th
BANDS = (5_000, 20_000, 100_000)  # followers: peers are between two of these
# The same of engagement in bp, per platform and band: from, to.
USUAL = {
    "tiktok": ((300, 1_800), (225, 1_400), (150, 1_000), (100, 800)),
    "youtube": ((500, 15_000),) * 4,
}
USUAL_ORDERS_BP = 50  # per click


@dataclass(frozen=True, slots=True)
class Channel:
    """What is known of one channel; `low` and `high` are what is usual among its peers.

    `engagement_bp` is of reactions, or of views where the platform tells only these.
    """

    followers: int
    engagement_bp: int | None
    low: int | None
    high: int | None
    jump_bp: int  # the most new followers of a day, per follower
    readings: int
    days: int
    tells_views: bool = False
    peers: int | None = None  # whom `low` and `high` are of; None: constants

    @property
    def is_watched(self) -> bool:
        return self.readings >= MIN_READINGS and self.days >= MIN_DAYS


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one creator; her largest channel comes first.

    `peers` says of growth, orders and returns how many peers tell what is usual; a part that is
    not in it stands beside a constant.
    """

    channels: Sequence[Channel] = ()
    clicks: int = 0
    orders: int = 0
    usual_orders_bp: int = USUAL_ORDERS_BP
    returned_bp: int | None = None
    steady_bp: int = STEADY_BP
    usual_returns_bp: int = RETURNS_BP
    peers: Mapping[str, int] = field(default_factory=dict)


def judge(facts: Facts, version: int = VERSION) -> tuple[int | None, list[dict[str, Any]]]:
    """Return the score and its parts, whose points add up to it; None is "not enough data"."""
    if version < 3:
        facts = Facts(facts.channels, facts.clicks, facts.orders, returned_bp=facts.returned_bp)
    told = [one for one in facts.channels if one.engagement_bp is not None and one.low]
    watched = [one for one in facts.channels if one.is_watched]
    known: list[tuple[str, int, int, int | None, int | None]] = []  # part, permille, measured …
    if sum(one.followers for one in told):
        weighed = sum(_engaged(one) * one.followers for one in told)
        known.append((
            "engagement", weighed // sum(one.followers for one in told),
            told[0].engagement_bp, told[0].low, told[0].high,
        ))  # fmt: skip
    if watched:
        jump = max(one.jump_bp for one in watched)
        steady = facts.steady_bp
        known.append(("growth", _falling(jump, steady, 2), jump, None, steady))
    if facts.clicks >= MIN_CLICKS:
        rate = facts.orders * 10_000 // facts.clicks
        low = facts.usual_orders_bp
        known.append(("orders", min(1_000, rate * 1_000 // low) if low else 1_000, rate, low, None))
    if facts.orders >= MIN_ORDERS and facts.returned_bp is not None:
        back = facts.returned_bp
        free = facts.usual_returns_bp
        known.append(("returns", _falling(back, free, 5), back, None, free))
    names = {name for name, *_rest in known}
    if "growth" not in names or not names & {"engagement", "orders"}:
        return None, []
    parts, before, whole = [], 0, sum(MOST[name] for name in names)
    for name, quality, measured, low, high in known:
        upto = before + MOST[name]
        most = 100 * upto // whole - 100 * before // whole
        before = upto
        is_views = name == "engagement" and told[0].tells_views
        part = {
            "part": "views" if is_views else name, "measured": measured, "low": low, "high": high,
            "points": most * quality // 1_000, "of": most,
        }  # fmt: skip
        if version >= 3:
            part["peers"] = told[0].peers if name == "engagement" else facts.peers.get(name)
        parts.append(part)
    return sum(part["points"] for part in parts), parts


def _engaged(one: Channel) -> int:
    """Permille: full from the low end on; far above all peers it falls again."""
    if one.engagement_bp < one.low:
        return one.engagement_bp * 1_000 // one.low
    over = max(0, one.engagement_bp - 3 * one.high)
    return max(0, 1_000 - over * 1_000 // (6 * one.high))


def _falling(measured: int, free: int, per_permille: int) -> int:
    return max(0, 1_000 - max(0, measured - free) // per_permille)


def band(followers: int) -> int:
    """Return which size a channel is of: 0 is the smallest."""
    return sum(followers >= edge for edge in BANDS)


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score in words: what was seen, and what is usual."""

    good: bool
    text: str
    small: str
    points: int  # those of all parts add up to the score
    of: int


def in_words(parts: list[dict[str, Any]]) -> list[Reason]:
    """Return the parts of a stored score as a person reads them, in the language in force."""
    reasons = []
    for part in parts:
        good = part["points"] >= GOOD * part["of"]
        text, small = _words(part["part"], good, bool(part.get("peers")))
        shown = _per_one if part["part"] == "views" else _percent
        facts = {name: shown(part.get(name) or 0) for name in ("measured", "low", "high")}
        reasons.append(Reason(good, text, small % facts, part["points"], part["of"]))
    return reasons


def _words(name: str, good: bool, beside_peers: bool) -> tuple[str, str]:
    """Return a part in words; without enough peers what is usual is said to be our own figure."""
    return _of_peers(name, good) if beside_peers else _of_ours(name, good)


def _of_ours(name: str, good: bool) -> tuple[str, str]:
    text, _small = _of_peers(name, good)
    match name:
        case "engagement":
            small = _("%(measured)s of followers react; we take %(low)s to %(high)s as usual")
        case "views":
            small = _(
                "%(measured)s views per follower on a video; we take %(low)s to %(high)s as usual"
            )
        case "growth":
            small = _("at most %(measured)s more in a day; we take up to %(high)s as usual")
        case "orders":
            small = _("%(measured)s of clicks buy; we take %(low)s or more as usual")
        case _:
            small = _("%(measured)s goes back; we take up to %(high)s as usual")
    return text, small + _(", while peers are too few to compare")


def _of_peers(name: str, good: bool) -> tuple[str, str]:
    match name:
        case "engagement":
            return (
                _("Reactions fit the number of followers") if good else _("Reactions do not fit"),
                _("%(measured)s of followers react; %(low)s to %(high)s is usual among peers"),
            )
        case "views":
            return (
                _("Views fit the number of followers") if good else _("Views do not fit"),
                _(
                    "%(measured)s views per follower on a video; %(low)s to %(high)s is usual on YouTube at this size"
                ),
            )
        case "growth":
            return (
                _("Growth is steady") if good else _("Followers jumped"),
                _("at most %(measured)s more in a day; up to %(high)s is usual among peers"),
            )
        case "orders":
            return (
                _("Clicks turn into orders") if good else _("Few clicks turn into orders"),
                _("%(measured)s of clicks buy; from %(low)s on is usual among peers"),
            )
        case _:
            return (
                _("What is sold stays sold") if good else _("Much of what is sold goes back"),
                _("%(measured)s goes back; up to %(high)s is usual among peers"),
            )


def _per_one(bp: float) -> str:
    return number_format(Decimal(bp) / 10_000, 2)


def _percent(bp: float) -> str:
    return number_format(Decimal(bp) / 100, 1) + "%"
