"""The enrolment rules, edited until they are published; and the decisions made by them."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from creators import enrolment, policy
from creators.admin.base import ReadOnly, ReadOnlyInline
from creators.models import Decision, DecisionCheck, EnrolmentPolicy


@admin.register(EnrolmentPolicy)
class EnrolmentPolicyAdmin(admin.ModelAdmin):
    """Drafts may be edited; what is published stays as it is."""

    list_display = [
        "__str__", "platform", "country", "min_followers", "full_followers", "min_age",
        "effective_from", "published_at",
    ]  # fmt: skip
    list_filter = ["platform", "country"]
    readonly_fields = ["published_at", "published_by"]
    actions = ["publish"]

    def _fixed(self, obj: EnrolmentPolicy | None) -> bool:
        return obj is not None and obj.published_at is not None

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return not self._fixed(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return not self._fixed(obj) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # it would take published ones along
        return actions

    @admin.action(description=gettext_lazy("Publish for its date"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            try:
                enrolment.publish(row, by=request.user, at=timezone.now())
            except enrolment.NotPublishable as error:
                messages.error(request, f"{row}: {error}")
            else:
                messages.success(request, _("%(policy)s: published.") % {"policy": row})


class CheckInline(ReadOnlyInline):
    model = DecisionCheck
    show_change_link = False
    fields = ["rule", "platform", "needed", "measured", "passed", "remedy", "recheck_on"]


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ["creator", "outcome", "decided_at", "decided_by", "policy", "reason"]
    list_filter = ["outcome", "decided_at"]
    list_select_related = ["creator", "policy", "decided_by"]
    search_fields = ["creator__handle", "sha256"]
    inlines = [CheckInline]
    readonly_fields = ["replays"]
    show_full_result_count = False

    @admin.display(description=gettext_lazy("decides the same today"), boolean=True)
    def replays(self, decision: Decision) -> bool:
        return policy.replay(decision.facts).sha256 == decision.sha256
