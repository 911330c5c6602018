"""The bank's answers: uploaded by finance, reported line by line."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import bankfiles, bankreplies, tasks
from affiliates.admin.base import Desk, second_factor
from affiliates.models import BankFile, BankReply
from config.lib import money
from config.lib.readonly import ReadOnlyRows

Outcome = BankReply.Outcome


class UploadForm(forms.Form):
    """One file of the bank; what it is, is read from itself."""

    file = forms.FileField(
        label=gettext_lazy("file of the bank"),
        help_text=gettext_lazy("pain.002 (status) or camt.054 (bookings), as XML."),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > bankfiles.MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 5 MB."))
        return file


class ReplyRows(ReadOnlyRows):
    model = BankReply
    fields = readonly_fields = ["line", "kind", "reference", "sum", "code", "text", "outcome", "note", "payout"]  # fmt: skip
    show_change_link = False

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("payout")

    @admin.display(description=gettext_lazy("amount"))
    def sum(self, row):
        return "" if row.amount is None else money.display(row.amount, row.currency)


@admin.register(BankFile)
class BankFileAdmin(Desk):
    list_display = ["uploaded_at", "name", "kind", "uploaded_by", "lines", "booked", "to_look_at"]
    list_filter = ["kind"]
    list_select_related = ["uploaded_by"]
    inlines = [ReplyRows]

    def has_add_permission(self, request):
        return self.has_finance_permission(request)

    def get_queryset(self, request):
        odd = Q(replies__outcome__in=[Outcome.UNKNOWN, Outcome.REFUSED])
        return (
            super()
            .get_queryset(request)
            .annotate(
                n_lines=Count("replies"),
                n_booked=Count("replies", filter=Q(replies__outcome=Outcome.BOOKED)),
                n_odd=Count("replies", filter=odd),
            )
        )

    @admin.display(description=gettext_lazy("lines"))
    def lines(self, row):
        return row.n_lines

    @admin.display(description=gettext_lazy("booked"))
    def booked(self, row):
        return row.n_booked

    @admin.display(description=gettext_lazy("to look at"))
    def to_look_at(self, row):
        return row.n_odd

    @second_factor
    def add_view(self, request, form_url="", extra_context=None):
        """Take a file, book its lines, and show what became of each."""
        if not self.has_finance_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if form.is_valid():
            file = form.cleaned_data["file"]
            now = timezone.now()
            try:
                taken = bankreplies.take(file.name, file.read(), request.user, now)
            except bankfiles.BadFile as error:
                form.add_error("file", str(error))
            else:
                return self._book(request, taken, now)
        context = self.admin_site.each_context(request) | {
            "form": form,
            "opts": self.opts,
            "title": _("Upload an answer of the bank"),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(
            request, "admin/affiliates/bankfile/upload.html", context, status=status
        )

    def _book(self, request, file, now):
        if file.uploaded_at != now:
            self.message_user(request, _("This file was here before."), messages.WARNING)
        bankreplies.book(now, file, bankreplies.INLINE)
        if file.replies.filter(outcome=Outcome.WAITING).exists():
            tasks.book_bank_replies.delay()
            self.message_user(request, _("The rest of the lines is booked in the background."))
        odd = file.replies.filter(outcome__in=[Outcome.UNKNOWN, Outcome.REFUSED]).count()
        self.log_addition(request, file, _("Uploaded"))
        if odd:
            self.message_user(request, _("%d lines need a look.") % odd, messages.WARNING)
        else:
            self.message_user(request, _("Every line is in its place."))
        return redirect("admin:affiliates_bankfile_change", file.pk)
