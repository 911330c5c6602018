"""What the queue does for the house itself."""

from celery import shared_task
from django.utils import timezone

from config import cache, signedin, watch


@shared_task
def look_after() -> int:
    """Mail admins what is wrong with the market's parts; return how many causes were told."""
    return len(watch.look(timezone.now()))


@shared_task
def forget_sessions() -> int:
    """Delete sessions that ended, with what was known of their browsers; return how many."""
    cache.tidy()
    return signedin.forget_ended(timezone.now())
