"""Statements that a connection plans once, for those that pages ask many times a second.

Django writes values into the text of a statement, so that the database plans it anew each time: of
a short one that takes longer than its rows. Here values go beside the text.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from config.lib import replica


def rows(sql: str, values: Sequence[object] = (), *, binary: bool = False) -> list[tuple]:
    """Run a statement that is always written the same way where the page reads; return its rows.

    `binary`: bytes come as they are stored; spelled out as text they take ten times as long.
    """
    connection = replica.connection()
    connection.ensure_connection()
    raw = psycopg.Cursor(connection.connection)
    raw.format = psycopg.pq.Format(binary)
    log = connection.queries_logged
    with connection.make_debug_cursor(raw) if log else connection.make_cursor(raw) as cursor:
        cursor.execute(sql, list(values))
        return cursor.fetchall()
