"""The nights: what each settled, how long each shard took, and the button that runs them."""

from django.contrib import admin, messages
from django.db.models import Sum
from django.http import HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import clock, night, tasks
from affiliates.admin.base import Desk, amount
from affiliates.models import SettlementLine, SettlementRun, SettlementShard
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnlyRows


class ShardRows(ReadOnlyRows):
    model = SettlementShard
    fields = readonly_fields = [
        "shard", "done_at", "commissions", "lines", "amount", "set_aside", "seconds"
    ]  # fmt: skip
    show_change_link = False


@admin.register(SettlementRun)
class SettlementRunAdmin(Desk):
    list_display = ["night", "cutoff", "completed_at", "commissions", "lines", "set_aside", "root"]
    inlines = [ShardRows]
    readonly_fields = ["commissions", "lines", "set_aside"]
    waiting = [
        Waiting(
            gettext_lazy("nights not settled to the end"),
            {"completed_at__isnull": True},
            "cutoff",
        )
    ]
    change_list_template = "admin/affiliates/settlementrun/change_list.html"

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(
                sum_commissions=Sum("shards__commissions"),
                sum_lines=Sum("shards__lines"),
                sum_set_aside=Sum("shards__set_aside"),
            )
        )

    @admin.display(description=gettext_lazy("commissions"))
    def commissions(self, row):
        return row.sum_commissions

    @admin.display(description=gettext_lazy("lines"))
    def lines(self, row):
        return row.sum_lines

    @admin.display(description=gettext_lazy("set aside"))
    def set_aside(self, row):
        return row.sum_set_aside

    def get_urls(self):
        run = self.admin_site.admin_view(self.run_night)
        return [path("run/", run, name="affiliates_settlementrun_run"), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        may_run = self.has_finance_permission(request)
        return super().changelist_view(request, {"may_run": may_run} | (extra_context or {}))

    def run_night(self, request):
        """Settle every night that is over, here and now; what is left, the queue does."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_finance_permission(request):
            self.message_user(request, _("Only finance runs the night."), messages.ERROR)
            return redirect("admin:affiliates_settlementrun_changelist")
        done = night.run(clock.now())
        result = done.settled
        for day in result.nights:
            tasks.mail_settlement.delay(day.isoformat())
        self.message_user(
            request,
            _("%(nights)d nights and %(count)d commissions are settled, %(left)d shards are left.")
            % {"nights": len(result.nights), "count": result.commissions, "left": result.left},
        )
        for name, ids in done.offences.items():
            self.message_user(request, f"check_books: {name}: {ids}", messages.ERROR)
        return redirect("admin:affiliates_settlementrun_changelist")


@admin.register(SettlementLine)
class SettlementLineAdmin(Desk):
    list_display = ["id", "run", "creator", "brand", amount, "commission_count", "case"]
    list_filter = ["currency"]
    list_select_related = ["run", "creator", "brand", "case"]
    search_fields = ["=id", "creator__handle", "brand__name"]
