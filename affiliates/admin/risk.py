"""Flags that hold money until a person decided."""

from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Count, Q
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import commissions, holds
from affiliates.admin.base import Desk, amount, second_factor
from affiliates.clock import local_day
from affiliates.fraud import words as fraud_words
from affiliates.models import Commission, RiskFlag
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnlyRows


class HeldRows(ReadOnlyRows):
    model = Commission
    fields = readonly_fields = ["created_at", "brand", "kind", amount, "state"]


@admin.register(RiskFlag)
class RiskFlagAdmin(Desk):
    list_display = ["opened_at", "rule", "creator", "says", "holds", "lifts_on", "state", "reason"]
    list_filter = ["state", "rule"]
    list_select_related = ["creator"]
    search_fields = ["creator__handle", "subject"]
    inlines = [HeldRows]
    actions = ["clear", "confirm", "open_case", "take_back"]
    waiting = [Waiting(gettext_lazy("risk flags to decide"), {"state": "open"}, "opened_at")]

    def get_queryset(self, request):
        held = Count("commission", filter=Q(commission__state=Commission.State.HELD))
        return super().get_queryset(request).annotate(held_count=held)

    @admin.display(description=gettext_lazy("what was found"))
    def says(self, row):
        return fraud_words.say(row.rule, row.evidence)

    @admin.display(description=gettext_lazy("commissions held"), ordering="held_count")
    def holds(self, row):
        return row.held_count

    @admin.display(description=gettext_lazy("lifts by itself on"), ordering="opened_at")
    def lifts_on(self, row):
        if row.state != RiskFlag.State.OPEN:
            return "–"
        return date_format(local_day(row.opened_at + holds.FLAG_DAYS), "j F")

    def _open(self, queryset):
        return list(queryset.filter(state=RiskFlag.State.OPEN))

    @admin.action(
        description=gettext_lazy("Clear: let the money go on, with a reason"),
        permissions=["finance"],
    )
    @second_factor
    def clear(self, request, queryset):
        self._decide(request, queryset, False, _("Cleared: %s"), _("%d commissions go on."))

    @admin.action(
        description=gettext_lazy("Confirm: void what it holds, with a reason"),
        permissions=["finance"],
    )
    @second_factor
    def confirm(self, request, queryset):
        self._decide(request, queryset, True, _("Confirmed: %s"), _("%d commissions are void."))

    def _decide(self, request, queryset, confirmed, noted, said):
        if not (reason := self.reason(request)):
            return
        done, moved = [], 0
        for flag in self._open(self.without_own(request, queryset)):
            try:
                moved += holds.decide_flag(
                    flag, confirmed, by=request.user, reason=reason, at=timezone.now()
                )
            except commissions.NotHeld as error:
                self.message_user(request, f"{flag}: {error}", messages.ERROR)
            else:
                done.append(flag)
        self.note(request, done, noted % reason)
        self.message_user(request, said % moved)

    @admin.action(
        description=gettext_lazy("Take the decision back, with a reason"), permissions=["finance"]
    )
    @second_factor
    def take_back(self, request, queryset):
        if not (reason := self.reason(request)):
            return
        done, moved = [], 0
        for flag in self.without_own(request, queryset.order_by("pk")):
            try:
                moved += holds.reverse_flag(flag, by=request.user, reason=reason, at=timezone.now())
            except holds.NotFreezable as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                done.append(flag)
        self.note(request, done, _("Taken back: %s") % reason)
        self.message_user(request, _("%d commissions moved.") % moved)

    @admin.action(
        description=gettext_lazy("Open a case about what it holds"), permissions=["finance"]
    )
    def open_case(self, request, queryset):
        flag = queryset.first()
        if len(self._open(queryset)) != 1 or flag.creator_id is None:
            said = _("Choose one open flag that concerns a creator.")
            return self.message_user(request, said, messages.ERROR)
        query = {"creator": flag.creator_id, "flag": flag.pk}
        return redirect(f"{reverse('admin:creators_case_add')}?{urlencode(query)}")
