"""What a prepared data directory was prepared from. Cheap: a start looks at this before anything."""

import hashlib
from pathlib import Path

from django.conf import settings

SOURCES = ("*/migrations/*.py", "locale/*/LC_MESSAGES/*.po", "static/**/*", "requirements.lock")
STAMP = "prepared"


def current() -> str:
    """Return a digest of the sources and of the database's birth."""
    files = [file for pattern in SOURCES for file in settings.BASE_DIR.glob(pattern)]
    files.append(settings.DATA_DIR / "postgres" / "PG_VERSION")
    return _digest(files)


def static() -> str:
    """Return a digest of what the collected static files come from."""
    return _digest(
        [*settings.BASE_DIR.glob("static/**/*"), settings.BASE_DIR / "requirements.lock"]
    )


def is_prepared() -> bool:
    """Say whether nothing has changed since the last preparation (of the embedded database)."""
    stamp = settings.DATA_DIR / STAMP
    return "postgres" in settings.EMBEDDED and stamp.exists() and stamp.read_text() == current()


def remember() -> None:
    (settings.DATA_DIR / STAMP).write_text(current())


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(file for file in files if file.is_file()):
        status = file.stat()
        digest.update(f"{file} {status.st_mtime_ns} {status.st_size}\n".encode())
    return digest.hexdigest()
