"""Run the whole site: engines, web, worker, beat, click drain. Ctrl-C ends all of it.

Needs settings but no apps (manage.py calls it without them): it starts fast and stays small.
"""

import fcntl
import os
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TextIO
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config import fingerprint
from config.embedded import EngineFailed
from config.lib import arguments
from config.supervisor import GaveUp, Part, Supervisor

READY_LIMIT_S = 60
# one each for catalogues, their pictures, shops to tell and large files; one for the rest at least
WORKER_PLACES = "5"


class NotPrepared(Exception):
    """The preparation failed; its own lines said why."""


class Command(BaseCommand):
    help = "Run the whole site: engines, web, worker, beat, click drain. Ctrl-C ends all of it."
    requires_system_checks = []  # the parts check themselves

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="in demo mode loopback only")
        parser.add_argument("--workers", type=arguments.positive, default=2, help="web processes")
        parser.add_argument("--no-demo", action="store_true", help="start with an empty market")

    def handle(self, *, host: str, workers: int, no_demo: bool, **options: object) -> None:
        if settings.DEMO and host not in {"127.0.0.1", "localhost", "::1"}:
            self.refuse(f"A demo market listens on this machine only, not on {host}.")
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self.lock()
        ports = [settings.PORT, *([settings.FAKE_PLATFORM_PORT] if settings.DEMO else [])]
        self.clear_old_parts()
        for port in ports:
            if in_use(port):
                self.refuse(f"Port {port} is in use. Choose another: PORT={settings.PORT + 10} …")
        try:
            self.run(host, workers, no_demo=no_demo)
        except (EngineFailed, GaveUp, NotPrepared) as error:
            self.stderr.write(f"Stopped: {error}")
            sys.exit(1)
        finally:
            lock.close()

    def refuse(self, message: str) -> None:
        self.stderr.write(message)
        sys.exit(2)

    def lock(self) -> TextIO:
        """Hold the data directory; the kernel lets go of it when this process ends."""
        file = open(settings.DATA_DIR / "up.lock", "a+")  # noqa: SIM115  (held until the end)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip()
            self.refuse(f"This market is already up (process {pid}, data in {settings.DATA_DIR}).")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        return file

    def clear_old_parts(self) -> None:
        """End what a killed `up` may have left, before the ports are looked at."""
        self.supervisor = Supervisor(
            parts("127.0.0.1", 2), environment(), settings.DATA_DIR / "parts", self.tend, self.say
        )
        self.supervisor.clear()

    def run(self, host: str, workers: int, *, no_demo: bool) -> None:
        try:
            self.tend()
            if not fingerprint.is_prepared():
                prepare(*(["--no-demo"] if no_demo else []))
            self.supervisor.parts = parts(host, workers)
            self.supervisor.run(self.welcome)
        finally:
            self.say("Ending …")
            if settings.EMBEDDED:
                settings.ENGINES.stop()
        self.say("Everything has ended. The data stays.")

    def say(self, message: str) -> None:
        self.stdout.write(message)
        self.stdout.flush()

    def tend(self) -> None:
        started = settings.ENGINES.ensure(settings.EMBEDDED) if settings.EMBEDDED else []
        if started and self.supervisor.running:
            self.say(f"{', '.join(started)} did not answer; started again.")

    def welcome(self) -> None:
        """Say where everything is, once the site answers."""
        if not self.answers():
            return
        site = settings.SITE_URL
        lines = ["", f"  Thousand is up: {site}", ""]
        if settings.EMBEDDED:
            lines.append(f"  SQL      {settings.ENGINES.sql_address()}")
        if settings.DEMO:
            lines.append(f"  Mail     {site}/mailbox/")
            sign_ins = settings.DATA_DIR / "sign-ins.txt"
            if sign_ins.exists():
                lines += ["", *(f"  {line}" for line in sign_ins.read_text().splitlines())]
            else:
                lines += ["", f"  Sign up: {site}/accounts/signup/"]
        lines += ["", "  Ctrl-C ends everything; the data stays.", ""]
        self.say("\n".join(lines))

    def answers(self) -> bool:
        """Wait for the web's first answer. Raises GaveUp when none comes."""
        host = urlsplit(settings.SITE_URL).netloc
        url = f"http://127.0.0.1:{settings.PORT}/healthz"
        request = urllib.request.Request(url, headers={"Host": host})
        end = time.monotonic() + READY_LIMIT_S
        while not self.supervisor.ending:
            try:
                with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                    return True
            except OSError as error:
                if time.monotonic() > end:
                    raise GaveUp(f"the web does not answer ({error}); see above.") from error
            self.supervisor.look()
            time.sleep(0.05)
        return False


def prepare(*arguments: str) -> None:
    command = [sys.executable, "manage.py", "prepare", *arguments]
    if subprocess.run(command, cwd=settings.BASE_DIR, env=environment(), check=False).returncode:
        raise NotPrepared("the preparation failed; the lines above say why.")


def in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def environment() -> dict[str, str]:
    """The environment of every part: that of this process, with what it decided made plain."""
    return os.environ | {
        "DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FAKE_PLATFORM_PORT": str(settings.FAKE_PLATFORM_PORT),
        "MARKET_MODE": settings.MARKET_MODE,
        "PORT": str(settings.PORT),
        "PYTHONPATH": str(settings.BASE_DIR),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore:You're running the worker" if settings.DEMO else "",
    }


def parts(host: str, workers: int) -> list[Part]:
    """What runs beside the engines."""
    python = [sys.executable, "-m"]
    web = [*python, "granian", "--interface", "wsgi", "--host", host, "--port", str(settings.PORT)]
    web += [
        "--workers",
        str(workers),
        "--blocking-threads",
        "4",
        "--backpressure",
        "64",
        "--respawn-failed-workers",
    ]
    web += ["--no-ws", "--log-level", "warning", "--workers-kill-timeout", "10"]
    celery = [*python, "celery", "--quiet", "-A", "config"]
    quiet = ["-l", "warning", "--without-gossip", "--without-mingle"]
    running = [
        Part("web", [*web, "config.wsgi:application"]),
        Part("worker", [*celery, "worker", "-c", WORKER_PLACES, *quiet]),
        Part("beat", [*celery, "beat", "-l", "warning", "--pidfile", ""]),
    ]
    commands = settings.BASE_DIR / "affiliates" / "management" / "commands"
    if (commands / "drain_clicks.py").exists():
        manage = str(settings.BASE_DIR / "manage.py")
        running.append(Part("drain", [sys.executable, manage, "drain_clicks"]))
    if settings.DEMO:
        port = str(settings.FAKE_PLATFORM_PORT)
        running.append(Part("platforms", [*python, "creators.platforms.fake", "--port", port]))
    return running
