"""Starts a host's PostgreSQL or Redis servers there: `python -m tests.scale.engines postgres …`.

They listen on the host's address, behind passwords, and not only on a socket.
"""

import os
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from config import embedded

PORTS = {"redis": 6379, "clicks": 6380}


def postgres(home: Path, address: str, subnet: str, password: str) -> None:
    settings = {"listen_addresses": f"'{address}'", "password_encryption": "'scram-sha-256'"}
    engines = embedded.Engines(home, settings)
    engines.ensure({"postgres"})
    with psycopg.connect(
        host=str(engines.sockets), user=embedded.SUPERUSER, dbname="postgres", autocommit=True
    ) as own:
        for role in (embedded.OWNER, embedded.APP):
            own.execute(
                sql.SQL("alter role {} password {}").format(
                    sql.Identifier(role), sql.Literal(password)
                )
            )
        with open(home / "postgres" / "pg_hba.conf", "a") as file:
            file.write(f"host all {embedded.OWNER},{embedded.APP} {subnet}.0/24 scram-sha-256\n")
        own.execute("select pg_reload_conf()")


def redis(home: Path, name: str, address: str, password: str) -> None:
    """Become the server; whoever starts it may kill it."""
    data = home / name
    data.mkdir(parents=True, exist_ok=True)
    options = embedded.VALKEY_OPTIONS | {
        "--port": str(PORTS[name]), "--bind": address, "--requirepass": password, "--dir": str(data),
    }  # fmt: skip
    words = [word for pair in options.items() for word in pair]
    os.execv(embedded.valkey_program(), [embedded.valkey_program(), *words])  # noqa: S606


if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    if what == "postgres":
        postgres(Path(where), *rest)
    else:
        redis(Path(where), what, *rest)
