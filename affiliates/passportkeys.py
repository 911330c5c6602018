"""The keys that sign passports, and how they are published.

The first is the seed in PASSPORT_KEY; PASSPORT_OLD_KEYS are public keys of before, published until
the last passport that they signed has expired (90 days). To turn the key: `manage.py passport_key`.
"""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from config.lib import jws


class NoKey(Exception):
    """This market signs no passports: PASSPORT_KEY is not set."""


def seed() -> str:
    """Return what signs. Raises NoKey."""
    if not settings.PASSPORT_KEY:
        raise NoKey("PASSPORT_KEY is not set")
    return settings.PASSPORT_KEY


def published() -> list[dict[str, str]]:
    """Return our public keys as JWK, the one in use first."""
    return [
        dict(key) for key in _published(settings.PASSPORT_KEY, tuple(settings.PASSPORT_OLD_KEYS))
    ]


@lru_cache(maxsize=8)
def _published(current: str, old: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    named = [{"kty": "OKP", "crv": "Ed25519", "x": one} for one in old]
    known = [jws.public_of(key) for key in named]
    if current:
        known.insert(0, jws.private(current).public_key())
    return tuple(jws.jwk(key) for key in known)
