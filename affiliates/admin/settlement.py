"""The nights: what each settled, how long each shard took, and the button that runs them."""

from collections import Counter
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, Sum
from django.http import HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

from affiliates import fraud, tasks
from affiliates.admin.base import Desk, amount
from affiliates.models import SettlementLine, SettlementRun, SettlementShard
from affiliates.models.commissions import SHARDS
from config.lib import money
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnlyRows

REFRESH_S = 5  # while a night is being settled


class ShardRows(ReadOnlyRows):
    model = SettlementShard
    fields = readonly_fields = [
        "shard", "done_at", "seconds", "commissions", "lines", "amount", "set_aside", "error"
    ]  # fmt: skip
    show_change_link = False


@admin.register(SettlementRun)
class SettlementRunAdmin(Desk):
    list_display = [
        "night", "completed_at", "progress", "commissions", "lines", "sums", "set_aside", "left"
    ]  # fmt: skip
    inlines = [ShardRows]
    readonly_fields = ["progress", "commissions", "lines", "sums", "set_aside", "left"]
    waiting = [
        Waiting(
            gettext_lazy("nights not settled to the end"),
            {"completed_at__isnull": True},
            "cutoff",
        )
    ]
    change_list_template = "admin/affiliates/settlementrun/change_list.html"
    change_form_template = "admin/affiliates/settlementrun/change_form.html"

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(
                sum_commissions=Sum("shards__commissions"),
                sum_lines=Sum("shards__lines"),
                sum_set_aside=Sum("shards__set_aside"),
                done=Count("shards", filter=Q(shards__done_at__isnull=False)),
                failed=Count("shards", filter=~Q(shards__error="")),
                amounts=ArrayAgg("shards__amount", default=[]),
            )
        )

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, row):
        return format_html(
            '<progress max="{}" value="{}"></progress> {}/{}', SHARDS, row.done, row.done, SHARDS
        )

    @admin.display(description=gettext_lazy("commissions"))
    def commissions(self, row):
        return row.sum_commissions

    @admin.display(description=gettext_lazy("lines"))
    def lines(self, row):
        return row.sum_lines

    @admin.display(description=gettext_lazy("sums"))
    def sums(self, row):
        total = Counter()
        for amounts in row.amounts:
            total.update(amounts)
        shown = [money.display(total[code], code) for code in sorted(total)]
        return ", ".join(shown) or "–"

    @admin.display(description=gettext_lazy("set aside"))
    def set_aside(self, row):
        """Commissions that were held with a flag, and the way to those flags."""
        if not row.sum_set_aside:
            return row.sum_set_aside
        flags = reverse("admin:affiliates_riskflag_changelist")
        query = urlencode({"rule": fraud.SETTLEMENT_ERROR, "q": f"run:{row.pk}"})
        return format_html('<a href="{}?{}">{}</a>', flags, query, row.sum_set_aside)

    @admin.display(description=gettext_lazy("left"))
    def left(self, row):
        if row.completed_at:
            return 0
        return _("%(left)d shards, %(failed)d of them failed") % {
            "left": SHARDS - row.done, "failed": row.failed
        }  # fmt: skip

    def get_urls(self):
        run = self.admin_site.admin_view(self.run_night)
        return [path("run/", run, name="affiliates_settlementrun_run"), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        may_run = self.has_finance_permission(request)
        context = {"may_run": may_run} | (extra_context or {})
        return self._refreshed(super().changelist_view(request, context))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        may_run = self.has_finance_permission(request)
        context = {"may_run": may_run} | (extra_context or {})
        return self._refreshed(super().change_view(request, object_id, form_url, context))

    def _refreshed(self, response):
        """Let a page show how the night goes on while one is open."""
        if SettlementRun.objects.filter(completed_at=None).exists():
            response["Refresh"] = str(REFRESH_S)
        return response

    def run_night(self, request):
        """Let the workers settle what is over, and what was left of a night that stopped."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_finance_permission(request):
            self.message_user(request, _("Only finance runs the night."), messages.ERROR)
            return redirect("admin:affiliates_settlementrun_changelist")
        try:
            tasks.settle_nights.delay()
        except OperationalError:
            error = _("The queue does not answer. On the server, `manage.py settle` does the same.")
            self.message_user(request, error, messages.ERROR)
        else:
            left = SettlementShard.objects.filter(run__completed_at=None, done_at=None).count()
            said = _("The workers have been called; %(left)d shards were left. This page follows.")
            self.message_user(request, said % {"left": left})
        return redirect("admin:affiliates_settlementrun_changelist")


@admin.register(SettlementLine)
class SettlementLineAdmin(Desk):
    list_display = ["id", "run", "creator", "brand", amount, "commission_count", "case"]
    list_filter = ["currency"]
    list_select_related = ["run", "creator", "brand", "case"]
    search_fields = ["=id", "creator__handle", "brand__name"]
