"""The queue's door: finds the tasks of every app. What runs when: config/schedule.py."""

import os
import time
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_prerun

from config import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("thousand")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@before_task_publish.connect
def _mark(headers: dict[str, Any] | None = None, **_facts: Any) -> None:
    """Write into each task when it was sent, for the queue's age, and on whose behalf."""
    if headers is not None:
        headers["thousand_sent_at"] = time.time()
        headers["thousand_request"] = logs.current.get()


@task_prerun.connect
def _take_id(task: Any = None, task_id: str = "", **_facts: Any) -> None:
    """What a task writes carries the id of the request that sent it; beat's tasks have their own."""
    logs.current.set((task and task.request.get("thousand_request")) or task_id)
