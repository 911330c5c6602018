"""How long each part of the site may hold a database connection, and how many it has."""

TIMEOUTS_MS = {  # part -> statement_timeout; a command by hand has none
    "web": 5_000,
    "worker": 60_000,
    "beat": 60_000,
    "drain": 60_000,
}
LOCKS_MS = {"idle_in_transaction_session_timeout": 30_000, "lock_timeout": 2_000}  # of the web
PREPARED = 0  # executions before one of config/lib/prepared.py is planned for good; no other is
POOL = {"min_size": 1, "max_size": 10, "timeout": 5}  # Celery closes its pool after every task


def limited(database: dict[str, object], part: str) -> dict[str, object]:
    """Return Django's entry of a database with the limits of this part."""
    limits = LOCKS_MS.copy() if part == "web" else {}
    if part in TIMEOUTS_MS:
        limits["statement_timeout"] = TIMEOUTS_MS[part]
    options = database.get("OPTIONS", {}) | {
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
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
