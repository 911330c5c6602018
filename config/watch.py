"""Tells admins by mail what /readyz says for longer than a moment, and when it is over.

Once per cause and day; what comes and goes is told of three times, and then no more that day. It runs in a worker: that worker, beat or Redis themselves are away is
told by whoever asks /readyz from outside (deploy/grafana/alerts.yaml).
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.cache import caches

from config import health
from config.lib.alarms import tell_admins

AGAIN_S = 24 * 3_600
MOST_A_DAY = 3  # times that one check is told of
SEEN_S = 20 * 60  # a cause is told when the next look, five minutes later, finds it too


def look(at: datetime) -> list[str]:
    """Look at every check, mail what is new and what is over; return the names told of."""
    cache, found = caches["strict"], health.look(at)
    wrong = {name: said for name, said in found.items() if said != health.OK}
    told = [name for name in found if cache.get(f"watch:told:{name}")]
    lasting = [name for name in wrong if cache.get(f"watch:seen:{name}")]
    for name in wrong:
        cache.set(f"watch:seen:{name}", 1, SEEN_S)
    for name in set(found) - set(wrong):
        cache.delete(f"watch:seen:{name}")
    times = cache.get_many(f"watch:times:{name}" for name in found)
    quiet = {name for name in found if times.get(f"watch:times:{name}", 0) >= MOST_A_DAY}
    new = [name for name in lasting if name not in told and name not in quiet]
    over = [name for name in told if name not in wrong]
    if new and _tell("Not well: " + ", ".join(new), {n: wrong[n] for n in new}, _last(times, new)):
        cache.set_many({f"watch:told:{name}": 1 for name in new}, AGAIN_S)
        for name in new:
            cache.add(f"watch:times:{name}", 0, AGAIN_S)
            cache.incr(f"watch:times:{name}")
    heard = [name for name in over if name not in quiet]
    if not heard or _tell("Well again: " + ", ".join(heard), {n: found[n] for n in heard}):
        cache.delete_many([f"watch:told:{name}" for name in over])
    return new + heard


def _last(times: dict[str, int], new: list[str]) -> list[str]:
    """Return what is told of for the last time today."""
    return [name for name in new if times.get(f"watch:times:{name}", 0) + 1 >= MOST_A_DAY]


def _tell(subject: str, said: dict[str, str], last: Iterable[str] = ()) -> bool:
    lines = "\n".join(f"{name}: {words}" for name, words in said.items())
    lines += "".join(f"\n{name} comes and goes: no more mail about it today." for name in last)
    return tell_admins(subject, f"{lines}\n\n{settings.SITE_URL}/readyz\n")
