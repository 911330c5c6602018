"""Creators and niches; the queue of applications, and decisions by hand."""

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.lib.readonly import Editable, ReadOnly, ReadOnlyRows
from creators import enrolment, reasons
from creators.models import (
    Channel,
    Creator,
    Decision,
    DirectoryEntry,
    Niche,
    QuizAttempt,
)


class QueueFilter(admin.SimpleListFilter):
    """The two queues first."""

    title = gettext_lazy("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin):
        return [
            ("waiting", _("Applications that wait")),
            ("declined", _("Declined")),
            ("checks", _("With a check by hand")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "checks":
            return queryset.filter(channels__manual_checks__state="asked").distinct()
        if self.value():
            return queryset.filter(status=self.value())
        return queryset


class ChannelInline(ReadOnlyRows):
    model = Channel
    fields = ["platform", "handle", "verified_at", "checked_at", "problem", "token_state"]


class DecisionForm(forms.Form):
    """An admin's own decision; added to the form of a creator."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Decide by hand"),
        choices=[("", "---------"), *Decision.Outcome.choices],
        required=False,
    )
    outcome_reason = forms.CharField(
        label=gettext_lazy("Reason, which the creator reads"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=300,
        required=False,
    )


class CreatorForm(forms.ModelForm, DecisionForm):
    class Meta:
        model = Creator
        fields = ["display_name", "bio", "country", "languages", "niches"]

    def clean(self) -> dict[str, object]:
        data = super().clean()
        if data.get("outcome") and not (data.get("outcome_reason") or "").strip():
            self.add_error("outcome_reason", _("Give the reason: the creator reads it."))
        return data


@admin.register(Creator)
class CreatorAdmin(Editable):
    form = CreatorForm
    list_display = ["handle", "display_name", "status", "country", "decided", "created_at"]
    list_filter = [QueueFilter, "status", "country", "niches", "is_demo"]
    list_select_related = ["decision"]
    search_fields = ["handle", "display_name", "user__email", "channels__handle"]
    date_hierarchy = "created_at"
    readonly_fields = ["handle", "user", "status", "why", "case", "pilot_since", "quiz_passed_at"]
    fields = [
        "handle", "user", "status", "why", "case", "outcome", "outcome_reason", "display_name",
        "bio", "country", "languages", "niches", "pilot_since", "quiz_passed_at",
    ]  # fmt: skip
    inlines = [ChannelInline]
    actions = ["decide_by_rules"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    @admin.display(description=gettext_lazy("decided"), ordering="decision__decided_at")
    def decided(self, creator: Creator):
        return creator.decision.decided_at if creator.decision else None

    @admin.display(description=gettext_lazy("why"))
    def why(self, creator: Creator) -> str:
        if creator.decision is None:
            return _("No decision yet.")
        lines = [reasons.reason(check) for check in creator.decision.checks.all()]
        return "; ".join(f"{line.text}: {line.small or _('yes')}" for line in lines)

    def save_model(self, request: HttpRequest, obj: Creator, form, change: bool) -> None:
        super().save_model(request, obj, form, change)
        outcome = form.cleaned_data.get("outcome")
        if not outcome:
            return
        reason = form.cleaned_data["outcome_reason"]
        try:
            enrolment.decide_by_hand(
                obj, outcome, by=request.user, reason=reason, at=timezone.now()
            )
        except enrolment.OwnAccount:
            messages.error(request, _("Another admin decides about your own account."))
        except enrolment.NotDecidable:
            messages.error(request, _("A suspended or closed account is decided by its case."))

    @admin.action(description=gettext_lazy("Decide again by the rules"), permissions=["change"])
    def decide_by_rules(self, request: HttpRequest, queryset: QuerySet) -> None:
        changed = 0
        for creator in queryset.select_related("decision"):
            before = creator.status
            enrolment.reconsider(creator, timezone.now())
            if creator.status != before:
                changed += 1
        said = ngettext("%(n)s creator changed.", "%(n)s creators changed.", changed)
        messages.info(request, said % {"n": changed})


@admin.register(DirectoryEntry)
class DirectoryEntryAdmin(ReadOnly):
    list_display = [
        "creator", "is_listed", "best_platform", "followers_total", "engagement_bp", "score",
        "country", "refreshed_at",
    ]  # fmt: skip
    list_filter = ["is_listed", "best_platform", "country"]
    list_select_related = ["creator"]
    search_fields = ["creator__handle", "creator__display_name"]
    exclude = ["search"]
    show_full_result_count = False


@admin.register(Niche)
class NicheAdmin(Editable):
    list_display = ["name", "name_nl", "slug", "creator_count"]
    search_fields = ["name", "name_nl"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(of=Count("creators"))

    @admin.display(description=gettext_lazy("creators"), ordering="of")
    def creator_count(self, niche: Niche) -> int:
        return niche.of


@admin.register(QuizAttempt)
class QuizAttemptAdmin(ReadOnly):
    list_display = ["creator", "at", "passed", "version"]
    list_filter = ["passed"]
    list_select_related = ["creator"]
    search_fields = ["creator__handle"]
