"""Flags that hold money until a person decided."""

from django.contrib import admin, messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import commissions
from affiliates.admin.base import Desk, amount
from affiliates.admin.money import decide
from affiliates.models import Commission, RiskFlag
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnlyRows


class HeldRows(ReadOnlyRows):
    model = Commission
    fields = readonly_fields = ["created_at", "brand", "kind", amount, "state"]


@admin.register(RiskFlag)
class RiskFlagAdmin(Desk):
    list_display = ["opened_at", "rule", "creator", "subject", "state", "reason"]
    list_filter = ["state", "rule"]
    list_select_related = ["creator"]
    search_fields = ["creator__handle", "subject"]
    inlines = [HeldRows]
    actions = ["clear", "confirm"]
    waiting = [Waiting(gettext_lazy("risk flags to decide"), {"state": "open"}, "opened_at")]

    def _open(self, queryset):
        return list(queryset.filter(state=RiskFlag.State.OPEN))

    @admin.action(
        description=gettext_lazy("Clear: let the money go on, with a reason"),
        permissions=["finance"],
    )
    def clear(self, request, queryset):
        if not (reason := self.reason(request)):
            return
        flags, released = self._open(queryset), 0
        for flag in flags:
            held = flag.commission_set.filter(state=Commission.State.HELD)
            released += commissions.release(held.values_list("pk", flat=True))
            decide(flag, RiskFlag.State.CLEARED, reason, request.user)
        self.note(request, flags, _("Cleared: %s") % reason)
        self.message_user(request, _("%d commissions go on.") % released)

    @admin.action(
        description=gettext_lazy("Confirm: void what it holds, with a reason"),
        permissions=["finance"],
    )
    def confirm(self, request, queryset):
        if not (reason := self.reason(request)):
            return
        flags, gone = self._open(queryset), 0
        for flag in flags:
            held = flag.commission_set.filter(state=Commission.State.HELD)
            try:
                gone += commissions.void(held.values_list("pk", flat=True))
            except commissions.NotHeld as error:
                self.message_user(request, f"{flag}: {error}", messages.ERROR)
                continue
            decide(flag, RiskFlag.State.CONFIRMED, reason, request.user)
        self.note(request, flags, _("Confirmed: %s") % reason)
        self.message_user(request, _("%d commissions are void.") % gone)
