"""The cache while Redis is away: every question is answered "not there", every write is dropped.

But for what keeps guessers out: how often a sign-in was tried, and which code was used. That is
then counted in PostgreSQL (`beside`), so that nobody guesses freely meanwhile, and nobody who
signs in for the first time is turned away either.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from functools import wraps

from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from redis.exceptions import ConnectionError, TimeoutError  # noqa: A004

logger = logging.getLogger(__name__)
RETRY_AFTER_S = 2  # one slow question in that time, not one per question
GUARDS = ("allauth",)  # keys that begin so: limits of sign-in and codes that were used
BESIDE = "config_beside"  # their table while Redis is away


def _forgive(name: str, answer: object) -> Callable:
    """Wrap RedisCache's method `name`: return `answer` (called, when callable) without Redis."""
    method = getattr(RedisCache, name)

    @wraps(method)
    def forgiving(self: "ForgivingRedisCache", *args: object, **kwargs: object) -> object:
        if time.monotonic() >= type(self).silent_until:
            try:
                return method(self, *args, **kwargs)
            except (ConnectionError, TimeoutError) as away:
                type(self).silent_until = time.monotonic() + RETRY_AFTER_S
                logger.warning("the cache does not answer: %s", away)
        if args and isinstance(args[0], str) and args[0].startswith(GUARDS):
            return getattr(caches["beside"], name)(*args, **kwargs)
        return answer(*args, **kwargs) if callable(answer) else answer

    return forgiving


def hashed(key: str, prefix: str, version: int) -> str:
    """Return what stands in the table for a key: addresses are in some."""
    return hashlib.sha256(f"{prefix}:{version}:{key}".encode()).hexdigest()


def tidy() -> int:
    """Delete what has run out of the table; return how many rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {BESIDE} WHERE expires < now()")  # noqa: S608 (a constant)
        return cursor.rowcount


def _default(key: str, default: object = None, version: int | None = None) -> object:
    return default


class ForgivingRedisCache(RedisCache):
    silent_until = 0.0  # shared by the threads of this process

    add = _forgive("add", True)
    get = _forgive("get", _default)
    set = _forgive("set", None)
    touch = _forgive("touch", False)
    delete = _forgive("delete", False)
    get_many = _forgive("get_many", lambda *args, **kwargs: {})
    has_key = _forgive("has_key", False)
    set_many = _forgive("set_many", lambda *args, **kwargs: [])
    delete_many = _forgive("delete_many", None)
    clear = _forgive("clear", False)
