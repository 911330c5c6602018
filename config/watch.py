"""Tells admins by mail what /readyz says for longer than a moment, and when it is over.

Once per cause and day. It runs in a worker: that worker, beat or Redis themselves are away is
told by whoever asks /readyz from outside (deploy/grafana/alerts.yaml).
"""

from datetime import datetime

from django.conf import settings
from django.core.cache import caches

from config import health
from config.lib.alarms import tell_admins

AGAIN_S = 24 * 3_600
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
    new = [name for name in lasting if name not in told]
    over = [name for name in told if name not in wrong]
    if new and _tell("Not well: " + ", ".join(new), {n: wrong[n] for n in new}):
        cache.set_many({f"watch:told:{name}": 1 for name in new}, AGAIN_S)
    if over and _tell("Well again: " + ", ".join(over), {n: found[n] for n in over}):
        cache.delete_many([f"watch:told:{name}" for name in over])
    return new + over


def _tell(subject: str, said: dict[str, str]) -> bool:
    lines = "\n".join(f"{name}: {words}" for name, words in said.items())
    return tell_admins(subject, f"{lines}\n\n{settings.SITE_URL}/readyz\n")
