"""Refunds that failed: each is paid once more, the one way or the other."""

from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import money, stepup
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnly, ReasonForm
from shop import failures, gateways
from shop.models import RefundFailure


@admin.register(RefundFailure)
class RefundFailureAdmin(ReadOnly):
    list_display = [
        "reference",
        "order",
        "owed",
        "state",
        "failed_at",
        "resolved_by",
        "resolved_at",
    ]
    list_filter = ["state", "gateway", "currency"]
    list_select_related = ["payment__order", "resolved_by"]
    search_fields = ["reference", "payment__order__number"]
    action_form = ReasonForm
    actions = ["send_again", "paid_by_bank"]
    waiting = [Waiting(gettext_lazy("refunds that failed"), {"state": "open"}, "failed_at")]

    @admin.display(description=gettext_lazy("order"))
    def order(self, row):
        return row.payment.order

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def owed(self, row):
        return money.display(row.amount, row.currency)

    def has_refund_permission(self, request):
        return request.user.has_perm("shop.add_refund")

    @admin.action(
        description=gettext_lazy("Send again to where the money came from"), permissions=["refund"]
    )
    def send_again(self, request, queryset):
        return self._resolve(request, queryset, failures.send_again, _("Sent again."))

    @admin.action(
        description=gettext_lazy("Paid by our bank: its reference beside the action"),
        permissions=["refund"],
    )
    def paid_by_bank(self, request, queryset):
        reference = request.POST.get("reason", "")
        said = _("Paid by our bank: %s") % reference

        def step(row, by, at):
            return failures.paid_by_bank(row, reference, by, at)

        if queryset.count() > 1:
            only = _("One transfer pays one refund: choose one.")
            return self.message_user(request, only, messages.ERROR)
        return self._resolve(request, queryset, step, said)

    def _resolve(self, request, queryset, step, said):
        if not stepup.is_confirmed(request, second_factor=True):
            return stepup.ask(request, request.get_full_path())
        for row in queryset.select_related("payment__order", "payment__misfit"):
            try:
                step(row, request.user, timezone.now())
            except failures.NotAllowed as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            except gateways.NoAnswer:
                asked = _(
                    "%s: the provider did not say yes. Try again, or pay it by bank tomorrow."
                )
                self.message_user(request, asked % row, messages.ERROR)
            else:
                self.log_change(request, row, said)
                self.message_user(request, f"{row}: {said}")
        return None
