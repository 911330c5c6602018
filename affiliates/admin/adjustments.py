"""Corrections by hand, which one admin proposes and another decides; and checks of the books."""

from django import forms
from django.contrib import admin, messages
from django.http import HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import adjustments, tasks
from affiliates.admin.base import Desk, amount, second_factor
from affiliates.models import Adjustment, BooksCheck
from config.lib import money
from config.lib.desk import Waiting

Kind = Adjustment.Kind


class AdjustmentForm(forms.ModelForm):
    """What should be booked, and why; whoever it concerns may read the reason."""

    class Meta:
        model = Adjustment
        fields = ["kind", "brand", "creator", "amount", "currency", "reason", "reference"]

    def clean_currency(self):
        currency = self.cleaned_data["currency"].upper()
        if currency not in money.CURRENCIES:
            raise forms.ValidationError(_("Type the three letters of a currency, such as EUR."))
        return currency

    def clean_reason(self):
        if not self.cleaned_data["reason"].strip():
            raise forms.ValidationError(_("Type the reason; whoever it concerns may read it."))
        return self.cleaned_data["reason"].strip()

    def clean(self):
        data = super().clean()
        kind, amount_ = data.get("kind"), data.get("amount")
        if amount_ == 0 or (amount_ is not None and amount_ < 0 and kind != Kind.CORRECTION):
            self.add_error("amount", _("Type an amount above zero in minor units: 500 for €5.00."))
        if kind == Kind.CORRECTION and not data.get("creator"):
            self.add_error("creator", _("A correction names the creator whose balance it changes."))
        if kind in {Kind.WRITE_OFF, Kind.TOP_UP} and data.get("creator"):
            self.add_error("creator", _("This concerns the brand alone; leave it empty."))
        if kind == Kind.TOP_UP and not data.get("reference"):
            self.add_error("reference", _("Type the bank's reference of the transfer."))
        return data


@admin.register(Adjustment)
class AdjustmentAdmin(Desk):
    form = AdjustmentForm
    list_display = [
        "id", "kind", "brand", "creator", amount, "reason", "state", "proposed_by", "decided_by"
    ]  # fmt: skip
    list_filter = ["state", "kind", "currency"]
    list_select_related = ["brand", "creator", "proposed_by", "decided_by"]
    search_fields = ["=id", "brand__name", "creator__handle", "reason", "reference"]
    raw_id_fields = ["brand", "creator"]
    actions = ["approve", "refuse"]
    waiting = [Waiting(gettext_lazy("adjustments to decide"), {"state": "proposed"}, "proposed_at")]

    def has_add_permission(self, request):
        return self.has_finance_permission(request)

    def save_model(self, request, obj, form, change):
        facts = form.cleaned_data
        made = adjustments.propose(
            facts["kind"], facts["brand"], facts["amount"], facts["currency"], facts["reason"],
            request.user, timezone.now(), creator=facts["creator"], reference=facts["reference"],
        )  # fmt: skip
        obj.pk = made.pk
        self.message_user(request, _("The adjustment waits for another admin to approve it."))

    def decide(self, request, queryset, step, done):
        if not (reason := self.reason(request)):
            return
        for row in queryset:
            try:
                step(row, request.user, timezone.now(), reason)
            except adjustments.NotAllowed as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.note(request, [row], f"{done} {reason}")
                self.message_user(request, f"{row.pk}: {done}")

    @admin.action(description=gettext_lazy("Approve, with a reason"), permissions=["finance"])
    @second_factor
    def approve(self, request, queryset):
        self.decide(request, queryset, adjustments.approve, _("Approved and booked."))

    @admin.action(description=gettext_lazy("Refuse, with a reason"), permissions=["finance"])
    @second_factor
    def refuse(self, request, queryset):
        self.decide(request, queryset, adjustments.refuse, _("Refused."))


@admin.register(BooksCheck)
class BooksCheckAdmin(Desk):
    list_display = ["checked_at", "seconds", "broken", "alerted"]
    change_list_template = "admin/affiliates/bookscheck/change_list.html"

    @admin.display(description=gettext_lazy("broken"))
    def broken(self, row):
        return "; ".join(f"{name}: {ids}" for name, ids in row.offences.items()) or "–"

    def get_urls(self):
        run = self.admin_site.admin_view(self.run_check)
        return [path("run/", run, name="affiliates_bookscheck_run"), *super().get_urls()]

    def run_check(self, request):
        """Let a worker check; when nothing offends, payouts go on."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if self.has_finance_permission(request):
            tasks.check_books.delay()
            self.message_user(request, _("The check runs; its result appears here."))
        return redirect("admin:affiliates_bookscheck_changelist")
