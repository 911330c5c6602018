"""A small limiter on the cache: so many times within so many seconds, by a key."""

import hashlib
import time

from django.core.cache import caches
from redis.exceptions import RedisError


def allow(name: str, key: str, *, times: int, seconds: int, without_redis: bool) -> bool:
    """Count one use of `name` by `key` (an address, a user) and say whether it is within the limit.

    The window is fixed: it starts at a multiple of `seconds`. `without_redis` is the answer
    while Redis is away: True for what may go on, False where money moves.
    """
    cache = caches["strict"]
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    slot = f"limit:{name}:{digest}:{int(time.time()) // seconds}"
    try:
        if cache.add(slot, 1, timeout=seconds + 1):
            return times >= 1
        return cache.incr(slot) <= times
    except RedisError:
        return without_redis
    except ValueError:  # the window ended between the two questions
        return True
