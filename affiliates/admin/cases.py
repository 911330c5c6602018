"""The queue of cases: what waits for a person, until when, and the decision with its reasons."""

from django.contrib import admin, messages
from django.db import IntegrityError
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates import commissions, holds
from affiliates.admin.base import second_factor
from affiliates.forms.cases import DecideForm, OpenForm
from affiliates.models import CaseLine
from config.lib import money, stepup
from config.lib.desk import Waiting
from config.lib.readonly import Editable, ReadOnly, ReadOnlyRows, ReasonForm
from creators import cases, channels, enrolment
from creators.models import Case, CaseEvent, ChannelDispute, Report, Sanction, Violation

REFUSED = (
    cases.Decided, cases.TooLate, cases.TooEarly, cases.SameJudge, commissions.NotHeld,
    channels.ChannelTaken, enrolment.OwnAccount,
    holds.NotFreezable, IntegrityError,
)  # fmt: skip


def why_not(error: Exception) -> str:
    """Say to an admin why a step was refused, and what comes next."""
    match error:
        case cases.Decided():
            return _("It is decided already.")
        case cases.TooLate():
            return _("Its time is over: it lifts by itself tonight.")
        case cases.TooEarly():
            return _("The creator may still answer. Until then it can only be dismissed.")
        case cases.SameJudge() | IntegrityError():
            return _("An appeal is heard by another admin than the one who decided.")
        case channels.ChannelTaken():
            return _("A third creator has verified this channel meanwhile.")
        case enrolment.OwnAccount():
            return _("Another admin decides about your own account.")
        case holds.NotFreezable():
            return _("Not opened: %s. What is settled can only be corrected by hand.") % error
    return str(error)


class QueueFilter(admin.SimpleListFilter):
    """What waits for us first."""

    title = gettext_lazy("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin):
        return [
            ("ours", _("Waiting for us")),
            ("theirs", _("Waiting for an answer")),
            ("overdue", _("Overdue")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "ours":
                return queryset.filter(state=Case.State.ANSWERED)
            case "theirs":
                return queryset.filter(state=Case.State.OPEN)
            case "overdue":
                return queryset.overdue(timezone.now())
        return queryset


class EventRows(ReadOnlyRows):
    model = CaseEvent
    show_change_link = False
    fields = ["at", "actor", "kind", "text"]


class LineRows(ReadOnlyRows):
    model = CaseLine
    show_change_link = False
    fields = readonly_fields = ["commission_id", "brand", "amount", "state"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("commission__brand")

    @admin.display(description=gettext_lazy("brand"))
    def brand(self, row: CaseLine) -> str:
        return row.commission.brand.name

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, row: CaseLine) -> str:
        return money.display(row.commission.amount, row.commission.currency)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: CaseLine) -> str:
        return row.commission.get_state_display()


class DisputeRows(ReadOnlyRows):
    model = ChannelDispute
    show_change_link = False
    fields = ["holder", "platform", "handle", "code", "proven_at", "followers", "channel"]


class ReportRows(ReadOnlyRows):
    model = Report
    show_change_link = False
    fields = ["created_at", "ground", "text", "url", "name", "email"]


@admin.register(Case)
class CaseAdmin(Editable):
    list_display = [
        "id", "kind", "creator", "violation", "state", "subject", "points", "opened_at",
        "answer_by", "decide_by", "in_time",
    ]  # fmt: skip
    list_filter = [QueueFilter, "kind", "state", "violation"]
    list_select_related = ["creator", "violation"]
    search_fields = ["=id", "creator__handle", "subject", "reason"]
    date_hierarchy = "opened_at"
    raw_id_fields = ["creator"]
    inlines = [DisputeRows, LineRows, ReportRows, EventRows]
    action_form = ReasonForm
    actions = ["uphold", "dismiss"]
    show_full_result_count = False
    waiting = [
        Waiting(gettext_lazy("cases to decide"), {"state": "answered"}, "opened_at"),
        Waiting(gettext_lazy("cases that wait for an answer"), {"state": "open"}, "opened_at"),
    ]
    readonly_facts = [
        "kind", "state", "creator", "violation", "points", "points_expire_on", "subject", "reason",
        "automated", "opened_at", "opened_by", "answer_by", "decide_by", "decided_at", "decided_by",
        "appeal_of", "appeal_by",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).order_by(F("decide_by").asc(nulls_last=True), "-id")

    @admin.display(description=gettext_lazy("in time"), boolean=True)
    def in_time(self, case: Case) -> bool | None:
        if case.state not in cases.UNDECIDED or case.decide_by is None:
            return None
        return case.decide_by > timezone.now()

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        closed = obj is not None and obj.state not in cases.UNDECIDED
        return not closed and super().has_change_permission(request, obj)

    def get_form(self, request: HttpRequest, obj=None, change=False, **kwargs):
        kwargs["form"] = DecideForm if change else OpenForm
        form = super().get_form(request, obj, change=change, **kwargs)
        form.is_confirmed = stepup.is_confirmed(request, second_factor=True)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        return self.readonly_facts if obj else []

    def get_fields(self, request: HttpRequest, obj=None):
        if obj is None:
            return ["creator", "violation", "reason", "lines", "flag", "takes_lines"]
        if not self.has_change_permission(request, obj):
            return [*self.readonly_facts, "takes_lines"]
        return [*self.readonly_facts, "takes_lines", "outcome", "outcome_reason"]

    def get_inlines(self, request: HttpRequest, obj=None):
        if obj is None:
            return []
        is_dispute = obj.kind == Case.Kind.CHANNEL_DISPUTE
        return [rows for rows in self.inlines if is_dispute or rows is not DisputeRows]

    def save_model(self, request: HttpRequest, obj: Case, form, change: bool) -> None:
        data, now = form.cleaned_data, timezone.now()
        try:
            if not change:
                made = holds.open_case(
                    data["creator"], data["violation"], data["reason"], by=request.user, at=now,
                    lines=data["lines"], flag=data["flag"], takes_lines=data["takes_lines"],
                )  # fmt: skip
                obj.pk, obj.kind = made.pk, made.kind
                return
            Case.objects.undecided().filter(pk=obj.pk).update(takes_lines=data["takes_lines"])
            if data["outcome"]:
                reason, upheld = data["outcome_reason"], data["outcome"] == "uphold"
                holds.decide(obj, upheld, by=request.user, reason=reason, at=now)
                self.log_change(request, obj, f"{data['outcome']}: {reason}")
        except REFUSED as error:
            messages.error(request, why_not(error))

    def log_addition(self, request: HttpRequest, obj: Case, message):
        return super().log_addition(request, obj, message) if obj.pk else None

    def response_add(self, request: HttpRequest, obj: Case, post_url_continue=None):
        if obj.pk is None:  # refused; why is said above
            return self.response_post_save_add(request, obj)
        return super().response_add(request, obj, post_url_continue)

    @admin.action(
        description=gettext_lazy("Uphold, with a reason that the creator reads"),
        permissions=["change"],
    )
    @second_factor
    def uphold(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._decide(request, queryset, upheld=True)

    @admin.action(
        description=gettext_lazy("Dismiss, with a reason that the creator reads"),
        permissions=["change"],
    )
    @second_factor
    def dismiss(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._decide(request, queryset, upheld=False)

    def _decide(self, request: HttpRequest, queryset: QuerySet, upheld: bool) -> None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, _("Type the reason beside the action."))
            return
        done = 0
        for case in queryset.undecided().order_by("pk"):
            try:
                holds.decide(case, upheld, by=request.user, reason=reason, at=timezone.now())
            except REFUSED as error:
                messages.error(request, f"{case}: {why_not(error)}")
            else:
                self.log_change(request, case, reason)
                done += 1
        said = ngettext("%(n)s case is decided.", "%(n)s cases are decided.", done)
        messages.info(request, said % {"n": done})


class Dated(Editable):
    """Rules drafted for a date to come; what is in force is never edited."""

    ordering = ["-effective_from"]

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        ahead = obj is None or obj.effective_from > timezone.now()
        return ahead and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        ahead = obj is not None and obj.effective_from > timezone.now()
        return ahead and super().has_delete_permission(request, obj)


@admin.register(Violation)
class ViolationAdmin(Dated):
    list_display = ["code", "title", "points", "days", "effective_from"]


@admin.register(Sanction)
class SanctionAdmin(Dated):
    list_display = ["effect", "from_points", "effective_from"]


@admin.register(Report)
class ReportAdmin(ReadOnly):
    list_display = ["created_at", "ground", "case", "url", "name"]
    list_filter = ["ground"]
    list_select_related = ["case"]
    search_fields = ["=id", "url", "text"]
