"""How long each part of the site may hold a database connection, wait in it, and how many it has.

A statement that works longer than it should is ended; so is one that waits for rows or tables which
another holds, and a transaction in which nothing happens: its process hangs, and its locks with
it. What a worker gives up so is found again by the next sweep. `migrate` waits a moment only:
behind a table that it waits for, every page would wait as well. It is safe to call again.

Also: how soon the two ends of a connection notice that the other machine is gone.
"""

import socket
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

# A machine that loses power or its cable says no goodbye. By the kernel's defaults its connections,
# and with them its locks, stand for two hours; with these for half a minute.
GONE_S = 25  # IDLE_S + COUNT × INTERVAL_S
IDLE_S, INTERVAL_S, COUNT = 10, 5, 3
OURS = {
    "connect_timeout": 5,
    "keepalives_idle": IDLE_S,
    "keepalives_interval": INTERVAL_S,
    "keepalives_count": COUNT,
    "tcp_user_timeout": GONE_S * 1_000,  # also while something that was sent is unanswered
}
THE_SERVERS = {  # we ask for it, whatever its own settings are
    "tcp_keepalives_idle": IDLE_S,
    "tcp_keepalives_interval": INTERVAL_S,
    "tcp_keepalives_count": COUNT,
    "tcp_user_timeout": GONE_S * 1_000,
    "client_connection_check_interval": 5_000,  # a statement whose asker is gone ends too
}
# The copy is asked in front of a page: what it does not answer in time is read from the primary.
REPLICA = {"connect_timeout": 2, "tcp_user_timeout": 3_000}
REPLICA_AGE_S = 60


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
    wanted = _alive_limits(database) | limits(part)
    given = dict(database.get("OPTIONS", {}))
    own = given.pop("options", "")  # of the address: what an operator says wins
    options = (OURS if _is_remote(database) else {}) | given | {
        "options": " ".join([*(f"-c {name}={value}" for name, value in wanted.items()), own]).strip(),
        "application_name": f"thousand {part}".strip(),
        "prepare_threshold": PREPARED,
    }  # fmt: skip
    if part == "web":
        options["pool"] = POOL
    return database | {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # after a restart of the server no request meets a dead one
        "OPTIONS": options,
    }


def replica(database: dict[str, object], part: str) -> dict[str, object]:
    """Return Django's entry of a copy that pages read: given up soon, and never waited for.

    Without a pool: one that cannot connect lets each page wait, and tries less and less often.
    """
    entry = limited(database, part)
    options = {k: v for k, v in entry["OPTIONS"].items() if k != "pool"}
    if _is_remote(database):
        options |= REPLICA
    return entry | {
        "CONN_MAX_AGE": REPLICA_AGE_S,
        "OPTIONS": options,
        "TEST": {"MIRROR": "default"},
    }


def _alive_limits(database: dict[str, object]) -> dict[str, int]:
    return dict(THE_SERVERS) if _is_remote(database) else {}


def _is_remote(database: dict[str, object]) -> bool:
    """Say whether it is reached over TCP; a socket is closed when its other end dies."""
    return not str(database.get("HOST", "")).startswith("/")


def redis_alive() -> dict[str, object]:
    """Return what makes a Redis that vanished noticed: a worker may wait for it without asking."""
    wanted = {
        "TCP_KEEPIDLE": IDLE_S, "TCP_KEEPINTVL": INTERVAL_S, "TCP_KEEPCNT": COUNT,
        "TCP_USER_TIMEOUT": GONE_S * 1_000,
    }  # fmt: skip
    known = {getattr(socket, k): v for k, v in wanted.items() if hasattr(socket, k)}
    return {"socket_keepalive": True, "socket_keepalive_options": known}
