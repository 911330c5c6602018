"""The queue's door: finds the tasks of every app. What runs when: config/schedule.py.

Who rings while Redis is away waits once, and for a moment nobody else does: a Redis that is cut off
answers nobody, not even with a refusal.
"""

import os
import time
from typing import Any

from celery import Celery, Task
from celery.signals import before_task_publish, task_prerun
from kombu.exceptions import OperationalError

from config import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SILENCE_S = 2.0  # after a bell that nobody heard


class Bell(Task):
    """A task of ours. `apply_async` raises OperationalError while the queue is away."""

    silent_until = 0.0  # of this process

    def apply_async(self, *args: Any, **options: Any) -> Any:
        if time.monotonic() < Bell.silent_until:
            raise OperationalError("the queue did not answer a moment ago")
        try:
            return super().apply_async(*args, **options)
        except OperationalError:
            Bell.silent_until = time.monotonic() + SILENCE_S
            raise


app = Celery("thousand", task_cls=Bell)
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
