"""Where static files lie: worked out once for each name, it changes with a release only."""

from typing import Any

from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class _Remembering:
    """Keeps the address of each name that was asked for; a page asks for thirty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known: dict[str, str] = {}

    def url(self, name: str, *rest: Any, **more: Any) -> str:
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = super().url(name, *rest, **more)  # type: ignore[misc]
        return found


class Plain(_Remembering, StaticFilesStorage):
    """Files under their own names, before they are collected."""


class Hashed(_Remembering, CompressedManifestStaticFilesStorage):
    """Collected files, under names that change with what they hold."""
