"""What all messages about one order add up to. Pure, and the same in any order of arrival.

A line is kept as the most that was ever paid of it; what it is less than that, what was taken
off it and what went back are sums, so an order may be brought to them again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from config.lib import money
from shop.ownshops import base
from shop.ownshops.base import Back, Line, Told

REST = ""  # in place of a line's id: shipping and what else is no line


@dataclass(slots=True)
class State:
    """One order of an own shop, from everything told so far."""

    paid_at: datetime | None = None  # when we first heard that it is paid
    placed_at: datetime | None = None
    test: bool = False
    currency: str = ""
    total: int = 0
    lines: dict[str, Line] = field(default_factory=dict)  # the most that was paid of each
    now: dict[str, tuple[datetime, int]] = field(default_factory=dict)  # gross, by when we heard
    off: list[tuple[datetime, dict[str, int]]] = field(default_factory=list)  # pieces, by edit
    less: list[tuple[datetime, dict[str, int]]] = field(default_factory=list)  # pieces, so far
    backs: list[tuple[datetime, Back]] = field(default_factory=list)
    all_back_at: datetime | None = None
    shipped_at: datetime | None = None
    set_back: bool = False  # of a parcel it was told that it had left, then that it had not
    delivered_at: datetime | None = None
    codes: list[str] = field(default_factory=list)
    landing: str = ""
    cart: str = ""
    email: str = ""
    country: str = ""

    @property
    def weights(self) -> dict[str, int]:
        """What an amount without lines is split over: the lines, and the rest of the total."""
        found = {key: line.gross for key, line in self.lines.items()}
        return found | {REST: max(0, self.total - sum(found.values()))}


def fold(messages: Sequence[tuple[datetime, Told]]) -> State:
    """Return the state after (received at, message) pairs, whatever their order."""
    state = State()
    ordered = sorted(messages, key=lambda pair: (pair[1].version, pair[1].kind, pair[0]))
    backs: dict[str, tuple[datetime, Back]] = {}
    edits: dict[str, tuple[datetime, dict[str, int]]] = {}
    shipped: dict[str, str] = {}
    delivered: dict[str, str] = {}
    deleted_at: datetime | None = None
    for at, told in ordered:
        if told.lines and told.paid:
            state.paid_at = min(state.paid_at or at, at)
            state.test |= told.test
            state.total = max(state.total, told.total or 0)
            _fold_lines(state, at, told)
        if told.lines:
            state.currency = state.currency or told.currency
            state.codes = state.codes or told.codes
            for name in ("landing", "cart", "email", "country"):
                setattr(state, name, getattr(state, name) or getattr(told, name))
            if told.placed_at:
                placed = base.at(told.placed_at)
                state.placed_at = min(state.placed_at or placed, placed)
        if told.all_back and told.lines:
            state.all_back_at = min(state.all_back_at or at, at)
        elif told.all_back:
            deleted_at = min(deleted_at or at, at)
        elif told.whole and told.paid and told.version:
            state.all_back_at = None  # cancelled for want of money, which came after all
        if told.edit:
            edits.setdefault(told.edit, (at, told.removed))
        for back in told.backs:
            known = backs.get(back.id)
            richer = known and (len(back.lines), back.rest) > (len(known[1].lines), known[1].rest)
            first = min(known[0], at) if known else at
            backs[back.id] = (first, back if known is None or richer else known[1])
        for parcel in told.off:
            state.set_back |= parcel in shipped
            shipped.pop(parcel, None)
            delivered.pop(parcel, None)
        for parcel, moment in told.shipped.items():
            shipped[parcel] = min(shipped.get(parcel, moment), moment)
        for parcel, moment in told.delivered.items():
            delivered[parcel] = min(delivered.get(parcel, moment), moment)
    backs_at = [moment for moment in (state.all_back_at, deleted_at) if moment]
    state.all_back_at = min(backs_at, default=None)
    state.off = [edits[key] for key in sorted(edits)]
    state.backs = [backs[key] for key in sorted(backs)]
    sent = [base.at(moment) for moment in shipped.values()]
    arrived = [base.at(moment) for moment in delivered.values()]
    state.shipped_at = max(sent, default=None)
    if arrived and set(shipped) <= set(delivered):
        state.delivered_at = max(arrived)
    return state


def _fold_lines(state: State, at: datetime, told: Told) -> None:
    """Take the lines of a paid order as they are in this message, the newest one so far."""
    said = {line.id: line for line in told.lines}
    for key, line in said.items():
        known = state.lines.get(key)
        if known is None or line.gross > known.gross:
            state.lines[key] = line
    if told.whole:  # what is left out is not of the order any more
        said |= {key: None for key in state.lines if key not in said}
    for key, line in said.items():
        gross = line.gross if line else 0
        if key not in state.now or state.now[key][1] != gross:
            state.now[key] = (at, gross)
    state.less.append((at, {key: line.less for key, line in said.items() if line and line.less}))


def gone(state: State, closes: Mapping[str, datetime], at: datetime) -> dict[str, int]:
    """Return what has gone back of each line by its id, gross.

    `closes`: until when what goes back of a line counts, by when we heard of it; a line that is
    left out stays open. What exceeds a line fills the next ones, so that nothing is lost.
    """
    taken = _taken(state, closes)
    told = dict(taken)
    for key, (heard_at, gross) in state.now.items():
        if _open(key, closes, heard_at):
            told[key] += state.lines[key].gross - gross
    weights, unpaid = state.weights, sum(taken.values())
    for heard_at, back in state.backs:
        settles = min(back.rest, unpaid)  # money for pieces that were taken off before
        unpaid -= settles
        rest = min(back.rest - settles, sum(weights.values()))
        shares = dict(zip(weights, money.split(rest, list(weights.values())), strict=True))
        for key in told:
            if _open(key, closes, heard_at):
                told[key] += back.lines.get(key, 0) + shares[key]
    capped = {key: min(told[key], state.lines[key].gross) for key in told}
    over = sum(told.values()) - sum(capped.values())
    for key in sorted(capped):
        more = min(over, state.lines[key].gross - capped[key]) if _open(key, closes, at) else 0
        capped[key] += more
        over -= more
    if state.all_back_at:
        for key in capped:
            if _open(key, closes, state.all_back_at):
                capped[key] = state.lines[key].gross
    return capped


def _taken(state: State, closes: Mapping[str, datetime]) -> dict[str, int]:
    """Return the worth of the pieces that were taken off each line without money for them.

    Edits, refunds and the order itself may tell of the same pieces: the most that one of them
    knows counts, without those that a refund has paid for.
    """
    found = {}
    for key, line in state.lines.items():
        backs = [back for at, back in state.backs if _open(key, closes, at)]
        named = sum(back.pieces.get(key, 0) for back in backs)
        paid = sum(
            back.pieces.get(key, 0) for back in backs if back.rest or any(back.lines.values())
        )
        edited = sum(off.get(key, 0) for at, off in state.off if _open(key, closes, at))
        less = [one.get(key, 0) for at, one in state.less if _open(key, closes, at)]
        pieces = min(line.quantity, max([edited, named, *less])) - paid
        found[key] = line.gross * max(0, pieces) // line.quantity
    return found


def _open(key: str, closes: Mapping[str, datetime], heard_at: datetime) -> bool:
    return key not in closes or heard_at < closes[key]
