"""Commissions, accounts, entries and fees."""

from datetime import timedelta
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import commissions, fraud, holds, ledger
from affiliates.admin.base import Desk, amount, second_factor
from affiliates.models import (
    Account,
    BrandWeek,
    BrandWeekStale,
    Closing,
    Commission,
    FeePolicy,
    LedgerEntry,
)
from config.lib import money, stepup

BY_HAND = "by_hand"
NOTICE = timedelta(days=15)  # Regulation (EU) 2019/1150, art. 3


@admin.register(Commission)
class CommissionAdmin(Desk):
    list_display = ["id", "created_at", "creator", "brand", "kind", amount, "state", "due_at"]
    list_filter = ["state", "kind", "currency", ("due_at", admin.DateFieldListFilter)]
    list_select_related = ["creator", "brand"]
    search_fields = ["=id", "creator__handle", "order_line__brand_order__order__number"]
    ordering = ["-id"]
    actions = ["hold", "release", "void", "open_case"]

    @admin.action(description=gettext_lazy("Hold, with a reason"), permissions=["finance"])
    def hold(self, request, queryset):
        if not (reason := self.reason(request)):
            return
        ids = list(queryset.values_list("pk", flat=True))
        now = timezone.now()
        evidence = {"commissions": ids, "by": request.user.pk, "reason": reason, "at": str(now)}
        flag = fraud.flag(BY_HAND, None, f"commission:{ids[0]}", evidence, now)
        held = commissions.hold(ids, flag=flag)
        self.note(request, queryset, _("Held: %s") % reason)
        self.message_user(request, _("%d commissions are held.") % held)

    @admin.action(description=gettext_lazy("Release, with a reason"), permissions=["finance"])
    @second_factor
    def release(self, request, queryset):
        if not (reason := self.reason(request)):
            return
        others = self.without_own(request, queryset)
        rows = list(others.filter(state=Commission.State.HELD).select_related("flag"))
        released = commissions.release([row.pk for row in rows])
        for flag in {row.flag for row in rows if row.flag}:
            holds.clear_if_empty(flag, reason, request.user, timezone.now())
        self.note(request, rows, _("Released: %s") % reason)
        self.message_user(request, _("%d commissions go on.") % released)

    @admin.action(description=gettext_lazy("Void, with a reason"), permissions=["finance"])
    @second_factor
    def void(self, request, queryset):
        if not (reason := self.reason(request)):
            return
        try:
            rows = list(self.without_own(request, queryset))
            ids = [row.pk for row in rows]
            gone = commissions.void(ids, reason, request.user, timezone.now())
        except commissions.NotHeld as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        self.note(request, rows, _("Void: %s") % reason)
        self.message_user(request, _("%d commissions are void.") % gone)

    @admin.action(description=gettext_lazy("Open a case about these"), permissions=["finance"])
    def open_case(self, request, queryset):
        rows = list(queryset.order_by("pk")[:500])
        if len({row.creator_id for row in rows}) != 1:
            said = _("A case concerns one creator: choose commissions of one.")
            return self.message_user(request, said, messages.ERROR)
        query = {"creator": rows[0].creator_id, "lines": ",".join(str(row.pk) for row in rows)}
        return redirect(f"{reverse('admin:creators_case_add')}?{urlencode(query)}")


@admin.register(LedgerEntry)
class LedgerEntryAdmin(Desk):
    list_display = ["id", "posted_at", "kind", "debit", "credit", amount, "source"]
    list_filter = ["kind", "currency"]
    list_select_related = [
        "debit__brand", "debit__creator", "credit__brand", "credit__creator",
    ]  # fmt: skip
    search_fields = ["=id", "=source_id"]

    @admin.display(description=gettext_lazy("caused by"))
    def source(self, row):
        return f"{row.source_kind} {row.source_id}"


@admin.register(Account)
class AccountAdmin(Desk):
    list_display = ["id", "kind", "brand", "creator", "currency"]
    list_filter = ["kind", "currency"]
    list_select_related = ["brand", "creator"]
    search_fields = ["brand__name", "creator__handle"]
    readonly_fields = ["balance"]
    ordering = ["-id"]

    @admin.display(description=gettext_lazy("balance"))
    def balance(self, row):
        owner = ledger.Owner(row.kind, row.brand_id, row.creator_id)
        return money.display(ledger.balance(owner, row.currency), row.currency)


@admin.register(Closing)
class ClosingAdmin(Desk):
    list_display = ["id", "account", "entry_id", "held"]
    list_select_related = ["account__brand", "account__creator"]
    search_fields = ["account__brand__name"]
    ordering = ["-id"]

    @admin.display(description=gettext_lazy("balance"), ordering="amount")
    def held(self, row):
        return money.display(row.amount, row.account.currency)


@admin.register(BrandWeek)
class BrandWeekAdmin(Desk):
    list_display = [
        "id", "brand", "week", "grain", "platform", "creator", "product", "before", "net",
    ]  # fmt: skip
    list_filter = ["grain", "week"]
    list_select_related = ["brand", "creator", "product"]
    search_fields = ["brand__name"]
    ordering = ["-id"]

    @admin.display(description=gettext_lazy("sold before returns"), ordering="sold")
    def before(self, row):
        return money.display(row.sold, row.currency)

    @admin.display(description=gettext_lazy("sales"), ordering="sales")
    def net(self, row):
        return money.display(row.sales, row.currency)


@admin.register(BrandWeekStale)
class BrandWeekStaleAdmin(Desk):
    list_display = ["id", "brand", "at"]
    list_select_related = ["brand"]
    search_fields = ["brand__name"]
    ordering = ["-id"]


@admin.register(FeePolicy)
class FeePolicyAdmin(Desk):
    """A policy may be drafted for a date to come; one in force is never edited."""

    list_display = [
        "effective_from",
        "brand",
        "rate_bp",
        "base",
        "minimum",
        "minimum_currency",
        "gives_back",
    ]
    list_select_related = ["brand"]
    raw_id_fields = ["brand"]
    ordering = ["-effective_from"]

    def has_add_permission(self, request):
        return self.has_finance_permission(request)

    def has_change_permission(self, request, obj=None):
        to_come = obj is not None and obj.effective_from > timezone.now()
        return to_come and self.has_finance_permission(request)

    def changeform_view(self, request, *args, **kwargs):
        """What brands pay is changed only by who proved a moment ago who she is."""
        if request.method == "POST" and not stepup.is_confirmed(request, second_factor=True):
            return stepup.ask(request, request.get_full_path())
        return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)

        class ForLater(form):
            def clean_effective_from(self):
                moment = self.cleaned_data["effective_from"]
                if moment < timezone.now() + NOTICE:
                    said = _("Brands are told 15 days before: choose a later moment.")
                    raise forms.ValidationError(said)
                return moment

        return ForLater
