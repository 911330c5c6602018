"""Creators as a brand weighs them: the directory's facts beside what they did for this brand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from affiliates import shortlists
from affiliates.models import Participation
from config.lib import local
from creators import authenticity, fitness, smallfirst
from creators.authenticity import Reason
from creators.models import Creator, DirectoryEntry, Niche, Platform
from shop.models import Brand

MOST_COMPARED = 4
State = Participation.State
OVER = "over"


@dataclass(frozen=True, slots=True)
class FitPart:
    """One part of a creator's fit in words, and what would move it."""

    name: str
    text: str
    points: int
    of: int
    hint: str  # "" where it is full


@dataclass(frozen=True, slots=True)
class Asked:
    """How she stands to an offer of the brand: a state of Participation, "over" with its offer."""

    state: str
    collaboration_id: int

    @property
    def label(self) -> str:
        return _STATES[self.state]()

    @property
    def may_invite(self) -> bool:
        """Whether an invitation would say something new: none is open, and she said no to none."""
        return self.state in (State.LAPSED, State.ENDED, OVER)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One creator for one brand; `orders` are those that she brought this brand."""

    entry: DirectoryEntry
    niches: list[str]
    mix: dict[str, int]  # followers by platform
    is_kept: bool
    asked: Asked | None  # her newest invitation by this brand, or application to it
    fit: list[FitPart]  # parts that add up to entry.fit
    why: list[Reason]  # parts that add up to entry.score
    kept_place: str  # "small", "new" or "": whether the kept places are for her
    orders: int

    @property
    def creator(self) -> Creator:
        return self.entry.creator


def of(
    brand: Brand, entries: Sequence[DirectoryEntry], niches: Iterable[Niche], at: datetime
) -> list[Candidate]:
    """Return the candidates of `entries`, in their order. 3 queries, however many."""
    ids = [entry.creator_id for entry in entries]
    kept = shortlists.kept(brand, ids)
    states = asked(brand, ids, at)
    orders = shortlists.orders_for(brand, ids)
    names = {niche.slug: niche.label for niche in niches}
    return [
        Candidate(
            entry=entry,
            niches=[names.get(slug, slug) for slug in entry.niches],
            mix={key: value for key in Platform.values if (value := getattr(entry, key))},
            is_kept=entry.creator_id in kept,
            asked=states.get(entry.creator_id),
            fit=fit_in_words(entry),
            why=authenticity.in_words(entry.score_parts),
            kept_place=smallfirst.reason(entry, at) if smallfirst.is_kept(entry, at) else "",
            orders=orders.get(entry.creator_id, 0),
        )
        for entry in entries
    ]


def asked(brand: Brand, creator_ids: Iterable[int], at: datetime) -> dict[int, Asked]:
    """Return how each of these creators stands to the newest offer that the brand and she have."""
    rows = Participation.objects.filter(creator__in=creator_ids, collaboration__brand=brand)
    rows = rows.order_by("asked_at", "pk").values_list(
        "creator_id", "state", "collaboration_id", "collaboration__ends_at"
    )
    return {
        creator_id: Asked(OVER if _is_over(state, ends_at, at) else state, offer)
        for creator_id, state, offer, ends_at in rows
    }


def _is_over(state: str, ends_at: datetime | None, at: datetime) -> bool:
    """Say whether an offer's end is what became of an invitation, application or collaboration."""
    is_running = state in (State.INVITED, State.APPLIED, State.ACCEPTED)
    return is_running and ends_at is not None and ends_at <= at


def fit_in_words(entry: DirectoryEntry) -> list[FitPart]:
    """Return the parts of an entry's fit as a person reads them, in the language in force."""
    return [
        FitPart(
            part.name,
            _FIT_KNOWN[part.name]() % {"n": part.measured, "rate": _rate(part.measured)}
            if part.measured is not None
            else _FIT_UNKNOWN[part.name](),
            part.points,
            part.of,
            _FIT_HINTS[part.name]() if part.points < part.of else "",
        )
        for part in fitness.parts(entry)
    ]


def _rate(bp: int | None) -> str:
    return f"{local.decimal((bp or 0) / 100, 1)}%"


_STATES = {
    State.INVITED: lambda: _("Invited"),
    State.APPLIED: lambda: _("Asks to take part"),
    State.ACCEPTED: lambda: _("Takes part"),
    State.DECLINED: lambda: _("Declined"),
    State.LAPSED: lambda: _("Not answered in time"),
    State.ENDED: lambda: _("Ended"),
    OVER: lambda: _("That offer is over"),
}
_FIT_KNOWN = {
    "engagement": lambda: _(
        "More engagement than %(n)d%% of channels of the same platform and size"
    ),
    "authenticity": lambda: _("Authenticity %(n)d of 100"),
    "sales": lambda: _("%(rate)s of clicks became orders"),
    "samples": lambda: _("Keeps at least %(n)d%% of what is agreed on samples, proven"),
}
_FIT_UNKNOWN = {
    "engagement": lambda: _("Engagement: not enough data, so the middle"),
    "authenticity": lambda: _("Authenticity: not enough data, so the middle"),
    "sales": lambda: _("Orders per click: not enough data, so the middle"),
    "samples": lambda: _("Samples: not enough data, so the middle"),
}
_FIT_HINTS = {
    "engagement": lambda: _(
        "Posts that your followers react to move this. TikTok and YouTube tell us; a connected channel there is read each week."
    ),
    "authenticity": lambda: _("Its parts are below. Steady growth and clicks that buy move it."),
    "sales": lambda: _("Show what your followers want to buy: it counts from 50 clicks on."),
    "samples": lambda: _("Show samples as agreed and in time: it counts from four on."),
}


def chosen(creator_ids: Sequence[int], most: int) -> list[DirectoryEntry]:
    """Return the listed creators among the first `most` of `creator_ids`, in that order."""
    ids = list(dict.fromkeys(creator_ids))[:most]
    rows = DirectoryEntry.objects.filter(is_listed=True, creator__in=ids).select_related("creator")
    return sorted(rows, key=lambda entry: ids.index(entry.creator_id))
