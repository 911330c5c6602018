"""The log of who did what, to read."""

from django.contrib import admin
from django.http import HttpRequest

from config.lib.readonly import ReadOnly
from config.models import AuditEntry


@admin.register(AuditEntry)
class AuditDesk(ReadOnly):
    """For superusers; the groups of staff see what they did at each row's own history."""

    list_display = ["at", "user_id", "acting_for", "act", "object", "before", "after"]
    fields = [*list_display, "request_id"]
    list_filter = ["act"]
    search_fields = ["=object", "=user_id", "=request_id"]
    ordering = ["-id"]

    def has_view_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return request.user.is_superuser
