"""The queues on the admin's first page. `{% load desk %}{% waiting as queues %}`."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django import template
from django.contrib import admin
from django.db.models import Count, Min
from django.template.context import RequestContext
from django.urls import reverse

register = template.Library()


class Queue(NamedTuple):
    label: str
    count: int
    oldest: datetime | None
    url: str


@register.simple_tag(takes_context=True)
def waiting(context: RequestContext) -> list[Queue]:
    """Return every queue that this admin may see, those with rows first, then by age."""
    request = context["request"]
    queues = []
    for model, desk in admin.site._registry.items():
        if not getattr(desk, "waiting", None) or not desk.has_view_permission(request):
            continue
        listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for kind in desk.waiting:
            found = model._default_manager.filter(**kind.lookups).aggregate(
                count=Count("pk"), oldest=Min(kind.since)
            )
            url = f"{listed}?{urlencode(kind.lookups)}"
            queues.append(Queue(str(kind.label), found["count"], found["oldest"], url))
    return sorted(queues, key=lambda q: (not q.count, str(q.oldest or ""), q.label))
