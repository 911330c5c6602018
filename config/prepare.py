"""What must be true before the site starts: schema, translations, static files, a demo market."""

import subprocess
import sys
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import get_commands
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import catalogue, fingerprint


class NotPrepared(Exception):
    """The site cannot start; the message says what to do."""


def prepare(say: Callable[[str], None], *, demo: bool) -> None:
    """Bring everything up to date; quick when nothing has changed."""
    _schema(say)
    catalogue.compile_stale()
    _static(say)
    try:
        if demo and "demo" in get_commands() and not get_user_model().objects.exists():
            say("Filling the demo market …")
            _manage("demo")
    finally:
        connection.close()
    fingerprint.remember()


def _schema(say: Callable[[str], None]) -> None:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.close()
    if not pending:
        return
    if settings.LIVE:
        raise NotPrepared(f"{len(pending)} migrations to do: run `manage.py migrate` first.")
    say("Making the tables …")
    _manage("migrate", "--verbosity", "0")


def _static(say: Callable[[str], None]) -> None:
    """Collect the static files again if ours or the packages' have changed."""
    digest = fingerprint.static()
    stamp = settings.STATIC_ROOT / ".stamp"
    if stamp.exists() and stamp.read_text() == digest:
        return
    say("Collecting the static files …")
    _manage("collectstatic", "--noinput", "--clear", "--verbosity", "0")
    stamp.write_text(digest)


def _manage(*arguments: str) -> None:
    """Run another command of ours in its own process (and with the role that it needs)."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=settings.BASE_DIR, check=False
    )
    if done.returncode:
        raise NotPrepared(f"`manage.py {arguments[0]}` failed; the lines above say why.")
