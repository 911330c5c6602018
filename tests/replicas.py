"""A streaming copy of an embedded PostgreSQL, as a second machine would keep one."""

import shutil
import subprocess
import time
from pathlib import Path

import psycopg

from config import embedded


def make(primary: embedded.Engines, home: Path) -> embedded.Engines:
    """Copy the running `primary` into `home`, and start the copy: it follows from then on."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = home / "postgres"
    shutil.rmtree(data, ignore_errors=True)
    command = [embedded.postgres_program("pg_basebackup"), "--pgdata", str(data)]
    command += ["--host", str(primary.sockets), "--username", embedded.SUPERUSER]
    command += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    copy = embedded.Engines(home)
    copy.ensure({"postgres"})
    return copy


def ask(servers: embedded.Engines, sql: str):
    """Return the first value that a server's superuser is told."""
    with psycopg.connect(
        host=str(servers.sockets), user=embedded.SUPERUSER, dbname="postgres", autocommit=True
    ) as connection:
        row = connection.execute(sql).fetchone()
        return row and row[0]


def catch_up(primary: embedded.Engines, copy: embedded.Engines) -> None:
    """Wait until the copy shows what is committed by now."""
    at = ask(primary, "select pg_current_wal_flush_lsn()::text")
    end = time.monotonic() + 60
    while not ask(copy, f"select pg_last_wal_replay_lsn() >= '{at}'"):
        assert time.monotonic() < end, "the copy does not follow"
        time.sleep(0.02)
