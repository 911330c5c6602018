"""The queues on the admin's first page. `{% load desk %}{% waiting as queues %}`."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django import template
from django.contrib import admin
from django.db import connection
from django.db.models import F, Model
from django.template.context import RequestContext
from django.urls import reverse

from config.lib.desk import Waiting

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
    wanted = [
        (model, kind)
        for model, desk in admin.site._registry.items()
        if getattr(desk, "waiting", None) and desk.has_view_permission(request)
        for kind in desk.waiting
    ]
    queues = [
        Queue(str(kind.label), count, oldest, f"{_listed(model)}?{urlencode(kind.lookups)}")
        for (model, kind), (count, oldest) in zip(wanted, _counted(wanted), strict=True)
    ]
    return sorted(queues, key=lambda q: (not q.count, str(q.oldest or ""), q.label))


def _listed(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _counted(wanted: list[tuple[type[Model], Waiting]]) -> list[tuple[int, datetime | None]]:
    """Return how many rows wait in each queue and since when, in one statement."""
    parts, values = [], []
    for n, (model, kind) in enumerate(wanted):
        rows = model._default_manager.filter(**kind.lookups).order_by().values(at=F(kind.since))
        sql, own = rows.query.sql_with_params()
        parts.append(f"SELECT {n}, count(*), min(at)::timestamptz FROM ({sql}) q")  # noqa: S608
        values += own
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1", values)
        return [(count, oldest) for _n, count, oldest in cursor.fetchall()]
