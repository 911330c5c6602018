"""Payouts: one admin approves a batch, another exports it, the bank's answer is booked."""

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, F, Sum
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import books, documents, payouts, rails, tasks
from affiliates.admin.base import Desk, amount, second_factor
from affiliates.models import (
    BrandInvoice,
    PayDay,
    Payout,
    PayoutAttempt,
    PayoutBatch,
    PayoutClaim,
    PayoutMethod,
    PayoutWord,
    SelfBill,
    TaxProfile,
)
from config.lib import money
from config.lib.desk import Waiting
from config.lib.readonly import ReadOnlyRows

PDF = "application/pdf"
LEFT_OUT = {
    "tax": gettext_lazy("no tax profile"),
    "identity": gettext_lazy("no date of birth and tax number"),
    "vat_number": gettext_lazy("a VAT number that VIES has not confirmed"),
}
REFUSALS = (payouts.NotAllowed, rails.Refused, books.OutOfBalance)


@admin.register(PayDay)
class PayDayAdmin(Desk):
    list_display = ["friday", "built_at"]


class PayoutRows(ReadOnlyRows):
    model = Payout
    fields = readonly_fields = ["creator", "brand", amount, "vat", "state", "reason"]


def download(document: rails.Document) -> HttpResponse:
    response = HttpResponse(document.content, content_type=document.content_type)
    response["Content-Disposition"] = f'attachment; filename="{document.name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@admin.register(PayoutBatch)
class PayoutBatchAdmin(Desk):
    list_display = [
        "id", "pay_on", "rail", "count", "total", "state", "by_night", "built_by", "approved_by",
        "exported_by",
    ]  # fmt: skip
    list_filter = ["state", "rail", "currency"]
    list_select_related = ["built_by", "approved_by", "exported_by"]
    inlines = [PayoutRows]
    readonly_fields = ["count", "total", "by_state", "left_out_words"]
    exclude = ["left_out", "file_debtor"]
    actions = ["approve", "export", "download_again", "confirm"]
    waiting = [
        Waiting(gettext_lazy("payout batches to approve"), {"state": "built"}, "pay_on"),
        Waiting(gettext_lazy("payout batches to export"), {"state": "approved"}, "pay_on"),
        Waiting(gettext_lazy("payout batches to confirm"), {"state": "exported"}, "pay_on"),
    ]

    def get_queryset(self, request):
        paid = Sum(F("payouts__amount") + F("payouts__vat"))
        return super().get_queryset(request).annotate(n=Count("payouts"), sum=paid)

    @admin.display(description=gettext_lazy("payouts"))
    def count(self, row):
        return row.n

    @admin.display(description=gettext_lazy("total with VAT"))
    def total(self, row):
        return money.display(row.sum or 0, row.currency)

    @admin.display(description=gettext_lazy("by state"))
    def by_state(self, row):
        found = payouts.totals(PayoutBatch.objects.filter(pk=row.pk), "state")
        return render_to_string("admin/affiliates/payoutbatch/totals.html", {"totals": found})

    @admin.display(description=gettext_lazy("left out"))
    def left_out_words(self, row):
        return "; ".join(
            f"{LEFT_OUT[why]}: {one['count']} ({', '.join(map(str, one['creators']))})"
            for why, one in row.left_out.items()
        )

    def changelist_view(self, request, extra_context=None):
        """Show, under the batches that are listed, what they come to in each currency."""
        answer = super().changelist_view(request, extra_context)
        if hasattr(answer, "context_data") and "cl" in answer.context_data:
            listed = answer.context_data["cl"].queryset.values("pk")
            answer.context_data["totals"] = payouts.totals(
                PayoutBatch.objects.filter(pk__in=listed), "currency"
            )
        return answer

    @admin.action(description=gettext_lazy("Approve"), permissions=["finance"])
    @second_factor
    def approve(self, request, queryset):
        for batch in queryset:
            try:
                payouts.approve(batch, request.user, timezone.now())
            except REFUSALS as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.note(request, [batch], _("Approved"))
                self.message_user(request, _("Approved. Another admin exports it."))

    @admin.action(
        description=gettext_lazy("Export: download the bank's file"), permissions=["finance"]
    )
    @second_factor
    def export(self, request, queryset):
        batch = queryset.first()
        try:
            if len(queryset) != 1:
                raise payouts.NotAllowed(_("Export one batch at a time."))
            gone = set(
                batch.payouts.filter(state=Payout.State.CANCELLED).values_list("pk", flat=True)
            )
            document = payouts.export(batch, request.user, timezone.now())
        except REFUSALS as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        self._tell_taken_out(request, batch, gone)
        if document is None:
            said = _("Nothing of this batch may go out any more: there is no file.")
            self.message_user(request, said, messages.WARNING)
            return None
        self.note(request, [batch], _("Exported"))
        if rails.named(batch.rail).sends:
            transaction.on_commit(tasks.send_payouts.delay, robust=True)
        return download(document)

    def _tell_taken_out(self, request, batch, before):
        """Say which payouts left the batch at its export, and why; and what was built anew."""
        rows = batch.payouts.filter(state=Payout.State.CANCELLED).exclude(pk__in=before)
        for row in rows.select_related("creator", "brand"):
            facts = {"payout": row, "whom": row.creator or row.brand, "why": row.reason}
            said = _("%(payout)s to %(whom)s stays here: %(why)s") % facts
            self.note(request, [batch, row], said)
            self.message_user(request, said, messages.WARNING)
        new = PayoutBatch.objects.filter(payouts__retries__in=rows).distinct().first()
        if new is not None:
            facts = {"n": new.pk, "count": new.payouts.count()}
            said = _("Batch %(n)d holds what may still go out: %(count)d payouts.") % facts
            self.message_user(request, said, messages.WARNING)

    @admin.action(
        description=gettext_lazy("Download the exported file again"), permissions=["finance"]
    )
    @second_factor
    def download_again(self, request, queryset):
        """Hand out the same bytes; nothing is exported anew."""
        batch = queryset.first()
        try:
            if len(queryset) != 1:
                raise payouts.NotAllowed(_("Download one batch at a time."))
            document = payouts.document(batch)
        except REFUSALS as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        self.note(request, [batch], _("Downloaded again"))
        return download(document)

    @admin.action(description=gettext_lazy("The bank has paid it"), permissions=["finance"])
    @second_factor
    def confirm(self, request, queryset):
        for batch in queryset:
            try:
                count = payouts.confirm_batch(batch, timezone.now())
            except REFUSALS as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.note(request, [batch], _("Confirmed as paid"))
                self.message_user(request, _("%d payouts are paid.") % count)


class ClaimRows(ReadOnlyRows):
    model = PayoutClaim
    fields = readonly_fields = ["line", "released_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("line__run")


class AttemptRows(ReadOnlyRows):
    model = PayoutAttempt
    fields = readonly_fields = ["n", "idempotency_key", "state", "reason", "sent_at", "finished_at"]


@admin.register(Payout)
class PayoutAdmin(Desk):
    list_display = ["id", "created_at", "creator", "brand", amount, "vat", "state", "reason"]
    list_filter = ["state", "rail", "currency"]
    list_select_related = ["creator", "brand"]
    search_fields = ["=id", "creator__handle", "brand__name"]
    inlines = [ClaimRows, AttemptRows]
    readonly_fields = ["pays_again"]
    exclude = ["retries"]
    actions = ["confirm", "cancel", "retry", "again", "fail", "returned"]

    def act(self, request, queryset, step, *args):
        """Do one step for each payout; say which could not be done."""
        for payout in queryset:
            try:
                step(payout, *args, timezone.now())
            except REFUSALS as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.note(request, [payout], " ".join([step.__name__, *args]))
                self.message_user(request, _("Done: %s") % payout)

    @admin.action(description=gettext_lazy("The bank has paid it"), permissions=["finance"])
    @second_factor
    def confirm(self, request, queryset):
        self.act(request, queryset, payouts.confirm)

    @admin.action(description=gettext_lazy("Cancel, with a reason"), permissions=["finance"])
    @second_factor
    def cancel(self, request, queryset):
        if reason := self.reason(request):
            self.act(request, queryset, payouts.cancel, reason)

    @admin.action(
        description=gettext_lazy("Send again what failed (rails that are called)"),
        permissions=["finance"],
    )
    @second_factor
    def retry(self, request, queryset):
        self.act(request, queryset, payouts.retry)

    @admin.display(description=gettext_lazy("pays again"))
    def pays_again(self, row):
        """Name the payout that came to nothing, and why it did."""
        return f"{row.retries}: {row.retries.reason}" if row.retries else ""

    @admin.action(
        description=gettext_lazy("Pay again what failed or came back: a new payout"),
        permissions=["finance"],
    )
    @second_factor
    def again(self, request, queryset):
        for payout in queryset:
            try:
                new = payouts.again(payout, request.user, timezone.now())
            except REFUSALS as error:
                self.message_user(request, f"{payout}: {error}", messages.ERROR)
            else:
                text = _("Paid again as payout %(n)d: %(why)s") % {
                    "n": new.pk,
                    "why": payout.reason,
                }
                self.note(request, [payout, new], text)
                self.message_user(request, text)

    @admin.action(
        description=gettext_lazy("The bank refused it, with its reason (two admins)"),
        permissions=["finance"],
    )
    @second_factor
    def fail(self, request, queryset):
        self._say(request, queryset, PayoutWord.Kind.FAILED)

    @admin.action(
        description=gettext_lazy("The money came back, with the reason (two admins)"),
        permissions=["finance"],
    )
    @second_factor
    def returned(self, request, queryset):
        self._say(request, queryset, PayoutWord.Kind.RETURNED)

    def _say(self, request, queryset, kind):
        """Note it, or book it where another admin noted it before."""
        if not (reason := self.reason(request)):
            return
        for payout in queryset:
            try:
                booked = payouts.say(payout, kind, reason, request.user, timezone.now())
            except REFUSALS as error:
                self.message_user(request, f"{payout}: {error}", messages.ERROR)
                continue
            self.note(request, [payout], f"{kind.label}: {reason}")
            if booked:
                self.message_user(request, _("Done: %s") % payout)
            else:
                said = _("Noted. Nothing moves until another admin does the same.")
                self.message_user(request, said, messages.WARNING)


@admin.register(PayoutWord)
class PayoutWordAdmin(Desk):
    list_display = ["payout", "kind", "reason", "said_by", "said_at", "agreed_by"]
    list_filter = ["kind", ("agreed_by", admin.EmptyFieldListFilter)]
    list_select_related = ["payout", "said_by", "agreed_by"]
    waiting = [
        Waiting(
            gettext_lazy("payouts that one admin reports as failed or returned"),
            {"agreed_by__isnull": True},
            "said_at",
        )
    ]


@admin.register(PayoutMethod)
class PayoutMethodAdmin(Desk):
    list_display = ["creator", "__str__", "holder", "name_check", "usable_from", "replaced_at"]
    list_filter = ["name_check", "rail"]
    list_select_related = ["creator"]
    search_fields = ["creator__handle", "holder"]
    ordering = ["-id"]


@admin.register(TaxProfile)
class TaxProfileAdmin(Desk):
    list_display = ["creator", "kind", "legal_name", "country", "vat_number", "effective_from"]
    list_filter = ["kind", "country"]
    list_select_related = ["creator"]
    search_fields = ["creator__handle", "legal_name", "vat_number"]


@admin.register(SelfBill)
class SelfBillAdmin(Desk):
    list_display = ["creator", "number", "kind", "issued_on", amount, "vat"]
    list_filter = ["kind"]
    actions = ["pdf"]
    list_select_related = ["creator"]
    search_fields = ["creator__handle"]
    ordering = ["-id"]

    @admin.action(description=gettext_lazy("Download as PDF, one"), permissions=["finance"])
    def pdf(self, request, queryset):
        row = queryset[0]
        return download(
            rails.Document(f"{row.creator_id}-{row.number}.pdf", PDF, documents.self_bill(row))
        )


@admin.register(BrandInvoice)
class BrandInvoiceAdmin(Desk):
    list_display = ["number", "brand", "month", "currency", "commission", "fee", "vat"]
    list_filter = ["currency", "month"]
    list_select_related = ["brand"]
    search_fields = ["=number", "brand__name"]
    actions = ["pdf"]

    @admin.action(description=gettext_lazy("Download as PDF, one"), permissions=["finance"])
    def pdf(self, request, queryset):
        row = queryset[0]
        return download(rails.Document(f"{row.number}.pdf", PDF, documents.brand_invoice(row)))
