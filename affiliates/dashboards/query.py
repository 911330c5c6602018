"""Small helpers of the dashboards."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from config.lib import replica


def rows_of(sql: str, values: dict[str, Any]) -> list[tuple]:
    """Return every row of one statement, read where the page reads."""
    with replica.connection().cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def axis(days: Iterable[date], labels: int = 5) -> list[date]:
    """Return a few evenly spaced days to write under a chart."""
    days = list(days)
    if len(days) <= labels:
        return days
    return [days[k * (len(days) - 1) // (labels - 1)] for k in range(labels)]
