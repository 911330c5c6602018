"""How long each part of the site may hold a database connection, wait in it, and how many it has.

A statement that works longer than it should is ended; so is one that waits for rows or tables which
another holds, and a transaction in which nothing happens: its process hangs, and its locks with
it. What a worker gives up so is found again by the next sweep. `migrate` waits a moment only:
behind a table that it waits for, every page would wait as well. It is safe to call again.
"""

from collections.abc import Sequence
from pathlib import Path

TIMEOUTS_MS = {  # part -> statement_timeout; a command by hand has none
    "web": 5_000,
    "worker": 60_000,
    "catalogues": 60_000,
    "beat": 60_000,
    "drain": 60_000,
}
LOCKS_MS = {"web": 2_000, "migrate": 5_000}  # lock_timeout
IDLE_MS = {"web": 30_000}  # idle_in_transaction_session_timeout
WORKERS_LOCKS_MS = 20_000  # of every other part: below its statement_timeout
WORKERS_IDLE_MS = 120_000  # below the time limit of a task
PREPARED = 0  # executions before one of config/lib/prepared.py is planned for good; no other is
POOL = {"min_size": 1, "max_size": 10, "timeout": 5}  # Celery closes its pool after every task


def part(name: str, argv: Sequence[str]) -> str:
    """Return which part this process is: what `THOUSAND_PART` says, `migrate`, or none."""
    migrates = Path(argv[0]).name == "manage.py" and argv[1:2] == ["migrate"]
    return "migrate" if migrates else name


def limits(part: str) -> dict[str, int]:
    """Return PostgreSQL's settings of a part, in milliseconds."""
    if part == "migrate":
        return {"lock_timeout": LOCKS_MS[part]}
    if part not in TIMEOUTS_MS:
        return {}
    return {
        "statement_timeout": TIMEOUTS_MS[part],
        "lock_timeout": LOCKS_MS.get(part, WORKERS_LOCKS_MS),
        "idle_in_transaction_session_timeout": IDLE_MS.get(part, WORKERS_IDLE_MS),
    }


def limited(database: dict[str, object], part: str) -> dict[str, object]:
    """Return Django's entry of a database with the limits of this part."""
    options = database.get("OPTIONS", {}) | {
        "options": " ".join(f"-c {name}={value}" for name, value in limits(part).items()),
        "application_name": f"thousand {part}".strip(),
        "prepare_threshold": PREPARED,
    }
    if part == "web":
        options["pool"] = POOL
    return database | {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # after a restart of the server no request meets a dead one
        "OPTIONS": options,
    }
