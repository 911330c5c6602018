"""The rule of attribution, as a pure function over facts.

A creator's code typed at checkout wins; else the newest eligible click on the line's
brand. `decide` says for every touch that competed which rule put it aside.
Source: docs/attribution.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Rule(StrEnum):
    """Why a touch won (the first two), why it lost, or why nobody earns."""

    CODE = "code"
    NEWEST_CLICK = "newest_click"
    # why a touch was put aside; the newest one's reason is the line's when nobody earns
    OTHER_BRAND = "other_brand"
    OWN_PURCHASE = "own_purchase"
    LINK_INACTIVE = "link_inactive"
    NO_OFFER = "no_offer"
    OFFER_ENDED = "offer_ended"
    NOT_ENROLLED = "creator_not_enrolled"
    SUSPENDED = "creator_suspended"
    PLATFORM_OFF = "platform_off"
    AFTER_ORDER = "after_order"
    EXPIRED = "expired"
    OWN_PROGRAMME = "own_programme"
    CODE_WINS = "code_wins"
    NOT_NEWEST = "not_newest"
    NO_TOUCH = "no_touch"


WINS = frozenset({Rule.CODE, Rule.NEWEST_CLICK})
# What an own shop tells, best first; a shop that is ours tells none of these.
VIA = ("creator_code", "discount_link", "landing", "cart")


@dataclass(frozen=True, slots=True)
class Line:
    """What of an order line the rule needs."""

    brand_id: int
    product_id: int | None
    placed_at: datetime
    paid_at: datetime
    buyer_id: int | None = None  # the signed-in shopper, frozen at placement
    own_claim_at: datetime | None = None  # when the brand's own programme saw its click


@dataclass(frozen=True, slots=True)
class Touch:
    """One click, or one typed code, with the facts that decide whether it counts.

    Rates are basis points for the line's product: `rate_bp` as of the order,
    `promised_bp` as of the click (0 for a code).
    """

    creator_id: int
    brand_id: int
    link_id: int | None = None  # None: a typed code
    code: str = ""  # the link's code, or the word typed
    code_id: int | None = None
    click: str = ""
    clicked_at: datetime | None = None
    collaboration_id: int | None = None
    rate_bp: int = 0
    promised_bp: int = 0
    window_days: int = 30
    link_active: bool = True
    offer_starts_at: datetime | None = None
    offer_ends_at: datetime | None = None
    creator_user_id: int | None = None
    enrolled: bool = True
    suspended_at: datetime | None = None
    platform_off_at: datetime | None = None  # when clicks of its platform stop earning
    programme: str = "thousand_first"
    via: str = ""  # how a brand's own shop told it: a key of VIA

    @property
    def is_code(self) -> bool:
        return self.link_id is None

    @property
    def expires_at(self) -> datetime | None:
        return self.clicked_at and self.clicked_at + timedelta(days=self.window_days)

    @property
    def pays_bp(self) -> int:
        """The rate that it earns: never less than what was promised at the click."""
        return max(self.rate_bp, self.promised_bp)


@dataclass(frozen=True, slots=True)
class Result:
    """The one winner or none, the rule, and what became of each touch."""

    winner: Touch | None
    rule: Rule
    touches: tuple[tuple[Touch, Rule | None], ...]  # None: the winner
    hold: str = ""  # why the commission must be held

    @property
    def rate_bp(self) -> int | None:
        return self.winner.pays_bp if self.winner else None

    @property
    def expires_at(self) -> datetime | None:
        return self.winner.expires_at if self.winner else None


def excluded_by(line: Line, touch: Touch) -> Rule | None:
    """Return the first rule that makes `touch` ineligible for `line`, or None."""
    at = line.placed_at
    if touch.brand_id != line.brand_id:
        return Rule.OTHER_BRAND
    if line.buyer_id is not None and line.buyer_id == touch.creator_user_id:
        return Rule.OWN_PURCHASE
    if not touch.link_active:
        return Rule.LINK_INACTIVE
    if touch.collaboration_id is None:
        return Rule.NO_OFFER
    if touch.offer_starts_at and at < touch.offer_starts_at:
        return Rule.NO_OFFER
    if touch.offer_ends_at and at >= touch.offer_ends_at:
        return Rule.OFFER_ENDED
    if touch.suspended_at and touch.suspended_at <= at:
        return Rule.SUSPENDED
    if not touch.enrolled and not touch.suspended_at:
        return Rule.NOT_ENROLLED
    if touch.clicked_at is not None:
        return _click_excluded_by(line, touch)
    return Rule.OWN_PROGRAMME if _stands_down(line, touch) else None


def _click_excluded_by(line: Line, touch: Touch) -> Rule | None:
    if touch.clicked_at > line.placed_at:
        return Rule.AFTER_ORDER
    if line.placed_at > touch.expires_at:
        return Rule.EXPIRED
    if touch.platform_off_at and touch.clicked_at >= touch.platform_off_at:
        return Rule.PLATFORM_OFF
    return Rule.OWN_PROGRAMME if _stands_down(line, touch) else None


def _stands_down(line: Line, touch: Touch) -> bool:
    """Say whether the brand's own programme takes the order from `touch`."""
    if line.own_claim_at is None or touch.programme == "thousand_first":
        return False
    if touch.programme == "own_first" or touch.clicked_at is None:
        return touch.programme == "own_first"
    return line.own_claim_at > touch.clicked_at


def _rank(touch: Touch) -> tuple[bool, int, float, str]:
    moment = touch.clicked_at.timestamp() if touch.clicked_at else 0.0
    via = -VIA.index(touch.via) if touch.via in VIA else 0
    return touch.is_code, via, moment, touch.click or touch.code


def decide(line: Line, touches: Sequence[Touch]) -> Result:
    """Return who earns `line`: one winner, or none with the reason."""
    if not touches:
        return Result(None, Rule.NO_TOUCH, ())
    ranked = sorted(touches, key=_rank, reverse=True)
    judged: list[tuple[Touch, Rule | None]] = []
    winner: Touch | None = None
    for touch in ranked:
        reason = excluded_by(line, touch)
        if reason is None and winner is None:
            winner = touch
        elif reason is None:
            reason = Rule.CODE_WINS if winner.is_code else Rule.NOT_NEWEST
        judged.append((touch, reason))
    if winner is None:
        return Result(None, judged[0][1], tuple(judged))
    rule = Rule.CODE if winner.is_code else Rule.NEWEST_CLICK
    held = winner.suspended_at is not None and winner.suspended_at <= line.paid_at
    return Result(winner, rule, tuple(judged), "creator_suspended" if held else "")
