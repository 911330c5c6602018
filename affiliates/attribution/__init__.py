"""Who earns an order line: the rule (pure, `rules`) and its record (`record`).

    attribution.attribute(order, at) -> list[Attribution]   # one per line, idempotent
    attribution.decide(line, touches) -> Result             # the pure rule
    attribution.replay(row) -> Result                       # from what was stored
    attribution.hold_reason(row) -> str                     # "" or why it must be held

The decision table is in docs/attribution.md.
"""

from affiliates.attribution.record import attribute, hold_reason, replay
from affiliates.attribution.rules import Line, Result, Rule, Touch, decide

__all__ = [
    "Line",
    "Result",
    "Rule",
    "Touch",
    "attribute",
    "decide",
    "hold_reason",
    "replay",
]
