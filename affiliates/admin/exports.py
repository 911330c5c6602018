"""Tables that people had made as files."""

from django.contrib import admin

from affiliates.admin.base import Desk
from affiliates.models import Export


@admin.register(Export)
class ExportAdmin(Desk):
    list_display = ["id", "user", "table", "kind", "state", "rows_done", "asked_at", "done_at"]
    list_filter = ["state", "table"]
    list_select_related = ["user"]
    exclude = ["file"]
