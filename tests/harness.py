"""What the tests stand on: own engines, a template database, one database per test process."""

import contextlib
import fcntl
import functools
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
from psycopg import sql

from config import embedded

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
NUMBER = int(WORKER.removeprefix("gw"))
START_LIMIT_S = 90
FAST = {"fsync": "off", "full_page_writes": "off"}  # a test survives kills, not power failures
REDIS_DATABASE = 2 + 2 * NUMBER  # 0 and 1 are those of a site on the same engines


def data_dir() -> Path:
    """Return the directory of the test engines: beside the one of the site."""
    site = os.environ.get("DATA_DIR") or ROOT / ".data"
    home = os.environ.setdefault("THOUSAND_TEST_HOME", f"{site}-test")  # workers inherit it
    return Path(home).absolute()


def keep_bytecode(home: Path) -> None:
    """Where Python is told to keep no bytecode, keep that of the tests in `home`.

    Else each process of a test compiles Django and all of ours anew, for seconds.
    """
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(home / "bytecode")
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": sys.pycache_prefix}


def hurry(settings) -> None:
    """Spare tests what the site does once, or slowly on purpose."""
    import xmlschema
    from django.contrib.auth.hashers import Argon2PasswordHasher as Argon2

    settings.WHITENOISE_AUTOREFRESH = True  # each Client else looks at all static files
    xmlschema.XMLSchema = functools.cache(xmlschema.XMLSchema)  # of the bank's files: for each file
    Argon2.time_cost, Argon2.memory_cost, Argon2.parallelism = 1, 64, 1


def free_port() -> int:
    """Return a port that nobody listens on, below those that the kernel gives to callers."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@functools.cache
def chromium() -> str:
    """Return the path of a Chromium that starts, or "" where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            said = subprocess.check_output([name, "--version"], stderr=subprocess.DEVNULL)
            if b"Chrom" in said:
                return shutil.which(name) or ""
    return ""


@contextlib.contextmanager
def engines(home: Path) -> Iterator[embedded.Engines]:
    """Start the engines of `home`; the last session that uses them stops them."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(home / "sessions.lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        servers = embedded.Engines(home, FAST)
        servers.ensure()
        try:
            yield servers
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                servers.stop()


def connect(
    servers: embedded.Engines, name: str = "postgres", user: str = embedded.OWNER
) -> psycopg.Connection:
    """Connect, if not told otherwise as the role that owns the tables."""
    return psycopg.connect(host=str(servers.sockets), user=user, dbname=name, autocommit=True)


def template_name() -> str:
    """Name the template after everything that makes it: a change makes a new one."""
    digest = hashlib.sha256()
    files = sorted(ROOT.glob("*/migrations/*.py"))
    files += [ROOT / "config" / name for name in ("embedded.py", "grants.py", "staff.py")]
    files.append(ROOT / "requirements.lock")
    for file in files:
        digest.update(file.read_bytes())
    return f"template_{digest.hexdigest()[:12]}"


def databases(connection: psycopg.Connection) -> list[str]:
    return [row[0] for row in connection.execute("select datname from pg_database")]


def drop(servers: embedded.Engines, connection: psycopg.Connection, name: str) -> None:
    """Drop a database and whoever uses it; a vacuum at work there is not ours to end.

    A browser's loop in this thread gives Django a second connection, which nobody closes.
    """
    with contextlib.suppress(psycopg.OperationalError), connect(servers, user=embedded.APP) as own:
        own.execute(
            """select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where datname = %s and usename = current_user""",
            [name],
        )
    statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    for rest_s in (0.5, 2, 5):
        try:
            connection.execute(statement)
            return
        except psycopg.errors.InsufficientPrivilege:
            time.sleep(rest_s)
    connection.execute(statement)


def make_template(servers: embedded.Engines, migrate) -> str:
    """Return a migrated database to copy, made once per set of migrations under a file lock."""
    name = template_name()
    with open(servers.home / "template.lock", "a") as file, connect(servers) as connection:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = databases(connection)
        if name in found:
            return name
        for old in found:
            if old.startswith("template_") or old == "draft":
                drop(servers, connection, old)
        connection.execute("create database draft")
        migrate("draft")
        connection.execute(
            sql.SQL("alter database draft rename to {}").format(sql.Identifier(name))
        )
    return name


def make_database(servers: embedded.Engines, template: str) -> str:
    """Copy the template for this process; sweep up what killed sessions left."""
    name = f"test_{os.getpid()}_{WORKER}"
    with connect(servers) as connection:
        for old in databases(connection):
            if old.startswith("test_") and not Path(f"/proc/{old.split('_')[1]}").exists():
                drop(servers, connection, old)
        with open(servers.home / "template.lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # a template that is copied takes no second copier
            statement = sql.SQL("create database {} template {} strategy file_copy")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return name


@contextlib.contextmanager
def as_owner(name: str = "") -> Iterator[None]:
    """Let Django connect as the owner of the tables, to database `name` (that of the test)."""
    from django.db import connection

    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"USER": embedded.OWNER, "NAME": name or kept["NAME"]}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= {"USER": kept["USER"], "NAME": kept["NAME"]}


def fill_market(size) -> list:
    """Fill a demo market of `Size` as the owner, whose command it is; return who may sign in.

    Only the owner may take statistics, without which a join of what was just written may last.
    """
    from django.utils import timezone

    from config import demo

    silent = SimpleNamespace(set_description_str=lambda text: None, update=lambda n: None)
    with as_owner():
        return demo.fill(size, 1, timezone.now(), silent)


class Rows:
    """The rows that migrations put in: empties all tables and puts those back."""

    def __init__(self, servers: embedded.Engines, database: str) -> None:
        """Stay connected: a new connection first reads up on 166 tables and their indexes."""
        self.owner = connect(servers, database)
        self.seeds: dict[str, bytes] = {}
        tables = self._tables(self.owner)
        for table in tables:
            copied = b"".join(bytes(part) for part in self._copy_out(self.owner, table))
            if copied:
                self.seeds[table] = copied
        self.which_are_used = " union all ".join(
            f"select '{t}', pg_total_relation_size('{t}') where exists (select 1 from {t})"
            for t in tables
        )

    def reset(self) -> None:
        """As the owner with triggers off: the application may not even truncate.

        Few rows are deleted: to truncate a table makes its files and those of its indexes anew.
        """
        with self.owner.transaction():
            self.owner.execute("set local session_replication_role = replica")
            used = self.owner.execute(self.which_are_used, prepare=True).fetchall()
            large = [table for table, size in used if size > MANY_BYTES or table == CLICKS]
            for table, _size in used:
                if table not in large:
                    self.owner.execute(f"delete from {table}")
            if large:
                self.owner.execute(f"truncate {', '.join(large)} cascade")
            for table, rows in self.seeds.items():
                with self.owner.cursor().copy(f"copy {table} from stdin") as copy:
                    copy.write(rows)

    @staticmethod
    def _copy_out(connection: psycopg.Connection, table: str) -> Iterator[bytes]:
        columns = connection.execute(
            """select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
            where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = ''""",
            [table],
        ).fetchone()[0]
        with connection.cursor().copy(f"copy (select {columns} from {table}) to stdout") as copy:
            yield from copy

    @staticmethod
    def _tables(connection: psycopg.Connection) -> list[str]:
        rows = connection.execute(
            """select quote_ident(relname) from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
              and not relispartition and relname <> 'django_migrations'"""
        )
        return [row[0] for row in rows]


MANY_BYTES = 1 << 20  # of a table with its indexes
CLICKS = "affiliates_click"  # by month


class Served:
    """A real server in a process of its own, on `port`, answering `/healthz`."""

    def __init__(self, port: int, command: list[str], env: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=os.environ | env, start_new_session=True
        )
        end = time.monotonic() + START_LIMIT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"{command[0]} did not start on port {port}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                return self.process.poll() is None
        except OSError:
            return False

    def stop(self) -> None:
        """Ask it to end; what is left of its group is killed."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Site(Served):
    """The real server on the test database."""

    def __init__(self, port: int, env: dict[str, str]) -> None:
        command = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--workers", "1", "--blocking-threads", "4", "--no-ws"]
        super().__init__(port, [*command, "--log-level", "warning", "config.wsgi:application"], env)
        self.url = f"http://localhost:{port}"
