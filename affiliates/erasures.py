"""Whom we erased, beside the database: after a restore it is done again.

    note(user_id, at)      remember an erasure, just before its transaction ends
    noted(since)           whom we erased after a moment

The file (`ERASURES_FILE`) holds numbers of accounts and moments, nothing that names a person. Keep it
where a restore does not reach: it is not in the backup.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta

from django.conf import settings

SLACK = timedelta(minutes=5)  # clocks of several machines, and transactions under way


def note(user_id: int, at: datetime) -> None:
    """Add a line, and wait until the disk has it.

    It begins with an end of line: what a crash cut short before it takes nothing of it along.
    """
    line = "\n" + json.dumps({"user": user_id, "at": at.isoformat()}) + "\n"
    file = os.open(settings.ERASURES_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
        os.fsync(file)
    finally:
        os.close(file)


def noted(since: datetime) -> dict[int, datetime]:
    """Return the accounts erased after `since`, and when.

    A line that a crash cut short is left out: its transaction had not ended.
    """
    try:
        lines = settings.ERASURES_FILE.read_text().splitlines()
    except FileNotFoundError:
        return {}
    found = {}
    for line in lines:
        try:
            told = json.loads(line)
            at = datetime.fromisoformat(told["at"])
        except ValueError:
            continue
        if at >= since - SLACK:
            found[int(told["user"])] = at
    return found
