"""Writing into the log of who did what; `config/audit.py` says what else writes there.

Changes of rows that matter are written by the database itself, whoever makes them: the triggers
`audit_*`. `tell` says on whose behalf, for as long as a request lasts.
"""

import json

from django.db import connection

NOTE_SQL = """
INSERT INTO config_auditentry (user_id, acting_for, act, object, before, after, request_id)
VALUES (coalesce(%s, nullif(current_setting('thousand.who', true), '')::bigint), %s, %s, %s,
        NULL, %s::jsonb, coalesce(nullif(%s, ''), current_setting('thousand.request', true), ''))
"""
TELL_SQL = (
    "SELECT set_config('thousand.who', %s, false), set_config('thousand.request', %s, false),"
    " set_config('thousand.for', %s, false)"
)


def note(
    act: str,
    object: str = "",
    *,
    user_id: int | None = None,
    acting_for: str = "",
    facts: dict[str, object] | None = None,
    request_id: str = "",
) -> None:
    """Add a row. `facts` name nobody: numbers, states and kinds, never what a person typed."""
    told = json.dumps(facts) if facts else None
    with connection.cursor() as cursor:
        cursor.execute(NOTE_SQL, [user_id, acting_for, act, object[:120], told, request_id[:64]])


def tell(user_id: int | None, request_id: str = "", acting_for: str = "") -> None:
    """Say to this connection for whom it works from here on; None: for nobody any more."""
    with connection.cursor() as cursor:
        who = "" if user_id is None else str(user_id)
        cursor.execute(TELL_SQL, [who, request_id[:64], acting_for[:80]])
