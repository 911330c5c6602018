"""The queue's door: finds the tasks of every app. What runs when: config/schedule.py."""

import os
import time
from typing import Any

from celery import Celery
from celery.signals import before_task_publish

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("thousand")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@before_task_publish.connect
def _mark(headers: dict[str, Any] | None = None, **_facts: Any) -> None:
    """Write into each task when it was sent: the queue's age is read from it."""
    if headers is not None:
        headers["thousand_sent_at"] = time.time()
