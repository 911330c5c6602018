"""The enrolment rules, edited until they are published; and the decisions made by them."""

from dataclasses import replace

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.readonly import Editable, ReadOnly, ReadOnlyRows
from creators import policy, rulebook, what_if
from creators.models import Decision, DecisionCheck, EnrolmentPolicy

SIDES = [
    ("come_in", gettext_lazy("Come in")),
    ("fall_out", gettext_lazy("Fall out, if they applied today")),
    ("rise", gettext_lazy("Rise from pilot to full")),
    ("sink", gettext_lazy("Sink from full to pilot, if they applied today")),
]


@admin.register(EnrolmentPolicy)
class EnrolmentPolicyAdmin(Editable):
    """Drafts may be edited; what is published stays as it is."""

    list_display = [
        "__str__", "platform", "country", "min_followers", "full_followers", "min_age",
        "effective_from", "published_at", "who_changes",
    ]  # fmt: skip
    list_filter = ["platform", "country"]
    readonly_fields = ["who_changes", "published_at", "published_by"]
    actions = ["publish"]

    def get_urls(self):
        look = self.admin_site.admin_view(self.what_if)
        return [
            path("<int:pk>/what-if/", look, name="creators_enrolmentpolicy_what_if"),
            *super().get_urls(),
        ]

    @admin.display(description=gettext_lazy("what if"))
    def who_changes(self, row: EnrolmentPolicy) -> str:
        if row.pk is None:
            return _("Save the draft first.")
        url = reverse("admin:creators_enrolmentpolicy_what_if", args=[row.pk])
        return format_html('<a href="{}">{}</a>', url, _("Who comes in, who falls out"))

    def what_if(self, request: HttpRequest, pk: int):
        """Show whom this rule would let in or out if it held from now. Changes nothing."""
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        now = timezone.now()
        found = what_if.compare(replace(rulebook.rule_of(row), effective_from=now), now)
        context = {
            **self.admin_site.each_context(request),
            "title": _("What if this rule held"),
            "opts": self.opts,
            "row": row,
            "looked_at": found.looked_at,
            "sides": [(words, getattr(found, name)) for name, words in SIDES],
        }
        return TemplateResponse(request, "admin/creators/enrolmentpolicy/what_if.html", context)

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
                rulebook.publish(row, by=request.user, at=timezone.now())
            except rulebook.NotPublishable as error:
                messages.error(request, f"{row}: {error}")
            else:
                messages.success(request, _("%(policy)s: published.") % {"policy": row})


class CheckInline(ReadOnlyRows):
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
