# ruff: noqa: S608
"""What must always hold of the books: each promise is a query that returns no row.

`check()` runs them all. The queries scan whole tables: after a night, in tests, by hand.
"""

from __future__ import annotations

from django.db import connection

from affiliates.invariants.bookings import BOOKINGS
from affiliates.invariants.commissions import COMMISSIONS
from affiliates.invariants.nights import NIGHTS
from affiliates.invariants.payouts import PAYOUTS

SHOWN = 20  # ids reported per broken invariant
INVARIANTS: dict[str, str] = {**NIGHTS, **PAYOUTS, **COMMISSIONS, **BOOKINGS}


def first(query: str) -> str:
    """Return the question for the first ids that offend.

    Materialized: else the limit makes the planner hope for an early end that never comes.
    """
    return f"WITH offence(id) AS MATERIALIZED ({query}) SELECT id FROM offence ORDER BY 1 LIMIT {SHOWN}"


def check(names: list[str] | None = None) -> dict[str, list[int]]:
    """Return the broken invariants with the first ids that offend; empty: all hold."""
    offences: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        for name, query in INVARIANTS.items():
            if names and name not in names:
                continue
            cursor.execute(first(query))
            if found := [row[0] for row in cursor.fetchall()]:
                offences[name] = found
    return offences
