"""A small limiter on the cache: so many times within so many seconds, by a key."""

import hashlib
import time
from collections.abc import Callable, Iterable
from functools import wraps

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from redis.exceptions import RedisError

from config.lib.http import client_network, render_page

View = Callable[..., HttpResponseBase]


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


def who(request: HttpRequest) -> str:
    """Return whose uses are counted: the account's, else the connection's."""
    user = request.user
    return f"user {user.pk}" if user.is_authenticated else client_network(request.META)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """Answer 429 with the moment from which it goes on: the end of this window."""
    wait_s = seconds - int(time.time()) % seconds
    context = {"minutes": -(-wait_s // 60)}
    response = render_page(request, "429.html", context, status=429)
    response["Retry-After"] = str(wait_s)
    return response


def limited(
    name: str, *, times: int, seconds: int, methods: Iterable[str] = ("POST",)
) -> Callable[[View], View]:
    """Let one account or connection use a view so often, by `methods`; views may share a name.

    Goes inside the access rule. Without Redis everybody may: no money moves behind it.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if request.method in methods and not allow(
                name, who(request), times=times, seconds=seconds, without_redis=True
            ):
                return too_many(request, seconds)
            return view(request, *args, **kwargs)

        return wrapper

    return decorator


# Files: one sum for all of them.
exports = limited("export", times=120, seconds=3_600, methods=("GET", "HEAD", "POST"))
