"""Lists of the admin as files: the columns, filters and order of the page, for who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Field, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from config.lib import sheets

MOST = 5_000  # rows; more are for the database's own tools


class TakesAlong:
    """A ModelAdmin whose list can be taken along as CSV and XLSX; each file is on record."""

    def get_urls(self) -> list:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.take_along)
        return [path("export.<str:kind>", view, name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None):
        more = {"files": list(sheets.KINDS)}
        return super().changelist_view(request, extra_context=more | (extra_context or {}))

    def take_along(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        if kind not in sheets.KINDS or request.method != "GET":
            raise Http404("no such kind of file")
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise Http404("no such filter") from error
        if shown.queryset[: MOST + 1].count() > MOST:
            said = _("These are more than %(n)d rows: filter the list first.")
            messages.error(request, said % {"n": MOST})
            back = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
            return redirect(back)
        columns = [name for name in shown.list_display if name != "action_checkbox"]
        LogEntry.objects.create(
            user=request.user,
            content_type=ContentType.objects.get_for_model(self.model),
            object_repr=str(self.opts.verbose_name_plural)[:200],
            action_flag=CHANGE,
            change_message=_("Taken along as a file: %s") % (request.GET.urlencode() or "–"),
        )
        name = f"{self.opts.model_name}-{timezone.localdate():%Y-%m-%d}.{kind}"
        return sheets.download(kind, self._rows(shown.queryset, columns), name)

    def _rows(self, rows: QuerySet, columns: list[Any]) -> Iterator[list[object]]:
        yield [str(label_for_field(name, self.model, self)) for name in columns]
        for row in rows.iterator(chunk_size=500):
            yield [self._cell(name, row) for name in columns]

    def _cell(self, name: Any, row: Any) -> object:
        field, _attribute, value = lookup_field(name, row, self)
        if isinstance(field, Field) and field.choices:
            value = getattr(row, f"get_{field.name}_display")()
        if value is None or isinstance(value, (bool, int, float)) or hasattr(value, "isoformat"):
            return (_("yes") if value else _("no")) if isinstance(value, bool) else value
        return strip_tags(str(value)) if hasattr(value, "__html__") else str(value)
