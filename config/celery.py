"""The queue's door: finds the tasks of every app. What runs when: config/schedule.py."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("thousand")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
