"""Backups of the whole market: a directory each, whole or not there at all.

    make(home, at)              database and files into home/thousand-…Z; returns it
    verify(backup)              its manifest; Damaged where a file is not what was written
    restore(backup, replace)    back into an empty database, and the files beside it

In it: `database.dump` (one snapshot, as pg_dump's custom format), `files.tar` (uploads) and
`manifest.json` (a sha256 of both; the rows of every table, counted in that same snapshot).
Not in it: Redis, where nothing stands that PostgreSQL does not know better, and the keys: kept
with the backup they would open what it seals.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

import psycopg
import redis
from django.conf import settings
from django.db import connection
from psycopg import sql

from config import embedded

VERSION = 1
PREFIX, DRAFT = "thousand-", ".draft"
DUMP, FILES, MANIFEST = "database.dump", "files.tar", "manifest.json"
OURS = range(17, 19)  # versions of servers that the wheel's programs (18) write for and read back
THEIRS = "/usr/lib/postgresql/{major}/bin/{name}"  # where Debian has those of another
LOCK_WAIT = "30s"  # a table that somebody alters for longer ends the backup
TABLES = """
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
      and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
    order by 1
"""


class Failed(Exception):
    """A backup or restore was not done; the message says what to do."""


class Damaged(Failed):
    """A backup is not what was written."""


# ------------------------------------------------------------------ making one


def make(home: Path, at: datetime) -> Path:
    """Write a backup of `at` (UTC) into `home`. A call that is killed leaves a draft, no backup.

    Raises Failed: the directory cannot be written, or pg_dump says why it could not.
    """
    target = home / f"{PREFIX}{at:%Y%m%dT%H%M%SZ}"
    if target.exists():
        raise Failed(f"{target} is there already: wait a second.")
    draft = target.with_name(target.name + DRAFT)
    try:
        draft.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Failed(f"{home} cannot be written: {error.strerror}.") from error
    with _snapshot() as (name, rows):
        _run("pg_dump", "--format=custom", "--compress=1", "--no-owner", "--no-privileges",
             f"--snapshot={name}", f"--lock-wait-timeout={LOCK_WAIT}",
             f"--file={draft / DUMP}")  # fmt: skip
    missed = _pack(draft / FILES)
    manifest = {
        "version": VERSION,
        "made_at": f"{at.isoformat()}",
        "sha256": {name: _digest(draft / name) for name in (DUMP, FILES)},
        "rows": rows,
        "missed": missed,
    }
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1))
    for file in (*draft.iterdir(), draft):
        _to_disk(file)
    draft.rename(target)
    _to_disk(home)
    return target


def _pack(target: Path) -> list[str]:
    """Write the uploads into one file; return those that went while we looked at them."""
    missed = []
    with tarfile.open(target, "w") as tar:
        for name, place in _uploads().items():
            for path in sorted(place.rglob("*")):
                inside = f"{name}/{path.relative_to(place)}"
                try:
                    if path.is_file() and not path.is_symlink():
                        tar.add(path, inside, recursive=False)
                except FileNotFoundError:  # a picture that nothing shows any more, a draft of one
                    missed.append(inside)
    return missed


def thin_out(home: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups of `home`, and the drafts of killed calls."""
    found = sorted(path for path in home.glob(f"{PREFIX}*") if path.is_dir())
    whole = [path for path in found if (path / MANIFEST).exists() and path.suffix != DRAFT]
    gone = whole[: max(0, len(whole) - keep)]
    gone += [path for path in found if path.suffix == DRAFT]
    for path in gone:
        shutil.rmtree(path)
    return gone


@contextlib.contextmanager
def _snapshot() -> Iterator[tuple[str, dict[str, int]]]:
    """Hold a snapshot for others to read; give its name, and the rows of each table in it."""
    with psycopg.connect(**_address()) as own:
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        name = own.execute("select pg_export_snapshot()").fetchone()[0]
        yield name, _rows(own)


# ------------------------------------------------------------------ putting it back


def verify(backup: Path) -> dict[str, object]:
    """Return the manifest of a backup whose files are as they were written."""
    try:
        manifest = json.loads((backup / MANIFEST).read_text())
        told = manifest["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{backup} is no backup: it has no {MANIFEST} that can be read.") from error
    if manifest.get("version") != VERSION:
        raise Failed(f"{backup} was written by another version of this program.")
    for name in (DUMP, FILES):
        if not (backup / name).is_file() or _digest(backup / name) != told.get(name):
            raise Damaged(f"{backup / name} is damaged: take another backup.")
    return manifest


def restore(backup: Path, *, replace: bool = False) -> dict[str, object]:
    """Put a backup into the empty database and its uploads where uploads are.

    One transaction: a call that is killed leaves an empty database. `replace`: what is in the
    database goes first. Redis is emptied. Returns the manifest; raises Failed.
    """
    manifest = verify(backup)
    program("pg_restore", _major())  # before anything goes
    connection.close()
    with psycopg.connect(**_address(), autocommit=True) as own:
        _require_alone(own)
        if _tables(own):
            if not replace:
                raise Failed("The database is not empty: --replace puts the backup in its place.")
            _empty(own)
    _run("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner",
         "--no-privileges", f"--dbname={_address()['dbname']}", str(backup / DUMP))  # fmt: skip
    with psycopg.connect(**_address(), autocommit=True) as own:
        if (rows := _rows(own)) != manifest["rows"]:
            raise Failed(f"Not every row came back: {_differences(manifest['rows'], rows)}.")
        own.execute("analyze")
    with tarfile.open(backup / FILES) as tar:
        _unpack(tar)
    cache = settings.CACHES["default"]["LOCATION"]
    for address in dict.fromkeys([settings.REDIS_URL, cache, settings.CLICKS_REDIS_URL]):
        with redis.from_url(address) as client:
            client.flushdb()
    return manifest


def _unpack(tar: tarfile.TarFile) -> None:
    """Put the uploads where uploads are. Raises Damaged for what `_pack` never writes.

    By hand: the `filter` of extractall is younger than the Python 3.11.2 of Debian 12.
    """
    places = _uploads()
    for file in tar:
        kind, *parts = PurePosixPath(file.name).parts
        if kind not in places or not file.isfile() or not parts or ".." in parts:
            raise Damaged(f"{file.name} has no place among the uploads: take another backup.")
        target = places[kind].joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tar.extractfile(file) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out)
        target.chmod(file.mode & 0o750)
        os.utime(target, (file.mtime, file.mtime))


def _require_alone(own: psycopg.Connection) -> None:
    others = own.execute(
        """select count(*) from pg_stat_activity where datname = current_database()
        and pid <> pg_backend_pid() and usename is not null"""  # no autovacuum
    ).fetchone()[0]
    if others:
        raise Failed(f"{others} others use the database: stop the site first.")


def _empty(own: psycopg.Connection) -> None:
    with own.transaction():
        for (name,) in own.execute(
            """select nspname from pg_namespace where nspname !~ '^pg_'
            and nspname <> 'information_schema'"""
        ).fetchall():
            own.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
        own.execute("create schema public")


def _differences(told: dict[str, int], found: dict[str, int]) -> str:
    names = sorted(name for name in {*told, *found} if told.get(name) != found.get(name))
    return ", ".join(f"{name} {found.get(name, 0)} of {told.get(name, 0)}" for name in names)


# ------------------------------------------------------------------ the tools


def _address() -> dict[str, str]:
    """Return where this command's database is, in libpq's words."""
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
    found = {key: str(connection.settings_dict.get(name) or "") for name, key in names.items()}
    return {key: value for key, value in found.items() if value} | {
        "dbname": connection.settings_dict["NAME"]
    }


def program(name: str, major: int) -> str:
    """Return PostgreSQL's own program for a server of this version. Raises Failed.

    An older server does not know what ours sets, a newer one is not read by it.
    """
    if major in OURS:
        return embedded.postgres_program(name)
    for place in (THEIRS.format(major=major, name=name), shutil.which(name)):
        if place and Path(place).is_file():
            said = subprocess.check_output([place, "--version"], text=True)
            if said.partition(") ")[2].startswith(f"{major}."):
                return place
    raise Failed(
        f"The server is PostgreSQL {major}: install its programs (postgresql-client-{major})."
    )


def _major() -> int:
    return connection.pg_version // 10_000


def _run(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs on this database; raise Failed with its last words."""
    words = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
             "dbname": "PGDATABASE"}  # fmt: skip
    told = {words[key]: value for key, value in _address().items()}
    done = subprocess.run(
        [program(name, _major()), *arguments],
        env=os.environ | told, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(f"{name}: {done.stderr.strip()[-600:]}")


def _uploads() -> dict[str, Path]:
    return {"media": Path(settings.MEDIA_ROOT), "private": Path(settings.PRIVATE_ROOT)}


def _tables(own: psycopg.Connection) -> list[str]:
    return [row[0] for row in own.execute(TABLES)]


def _rows(own: psycopg.Connection) -> dict[str, int]:
    return {
        name: own.execute(f"select count(*) from {name}").fetchone()[0]  # noqa: S608 (quoted above)
        for name in _tables(own)
    }


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
