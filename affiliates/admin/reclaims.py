"""What is owed to accounts that are closed: looked at, kept, and given to whoever proves it hers."""

from django import forms
from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import payouts
from affiliates.admin.base import Desk, second_factor
from affiliates.forms.payouts import BankForm
from affiliates.models import Payout, Reclaim, TaxProfile
from affiliates.payouts import reclaims
from config.lib import money, stepup
from config.lib.desk import Waiting


class ReclaimForm(forms.ModelForm):
    """The account of whoever came for it, and how we know that it is hers."""

    class Meta:
        model = Reclaim
        fields = ["iban", "holder", "evidence"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True

    clean_iban = BankForm.clean_iban


@admin.register(Reclaim)
class ReclaimAdmin(Desk):
    form = ReclaimForm
    list_display = ["id", "creator", "owed", "state", "opened_at", "proposed_by", "decided_by"]
    list_filter = ["state"]
    list_select_related = ["creator", "proposed_by", "decided_by"]
    search_fields = ["=creator__id", "creator__tax_profiles__legal_name"]
    fields = [
        "creator", "owed", "known_as", "came_back", "state", "opened_at", "closed_at", "iban",
        "holder", "evidence", "proposed_by", "proposed_at", "decided_by", "decided_at", "decision",
    ]  # fmt: skip
    readonly_fields = [name for name in fields if name not in ReclaimForm.Meta.fields]
    actions = ["keep", "agree", "refuse"]
    waiting = [
        Waiting(
            gettext_lazy("balances of closed accounts with nowhere to go"),
            {"state": "waiting"}, "opened_at",
        ),
        Waiting(
            gettext_lazy("accounts for people who are gone, to decide"),
            {"state": "proposed"}, "proposed_at",
        ),
    ]  # fmt: skip

    @admin.display(description=gettext_lazy("owed"))
    def owed(self, row):
        found = reclaims.owed(row.creator_id)
        return ", ".join(money.display(amount, code) for code, amount in found.items()) or "–"

    @admin.display(description=gettext_lazy("known to the tax office as"))
    def known_as(self, row):
        """Name her as her last self-bill does: whoever comes for the money must be that person."""
        one = TaxProfile.objects.filter(creator=row.creator_id).first()
        return f"{one.legal_name}, {one.address}, {one.country}" if one else "–"

    @admin.display(description=gettext_lazy("payouts that came back"))
    def came_back(self, row):
        back = [Payout.State.FAILED, Payout.State.RETURNED, Payout.State.CANCELLED]
        found = Payout.objects.filter(creator=row.creator_id, state__in=back)[:10]
        return "; ".join(f"{one}: {one.reason}" for one in found) or "–"

    def has_change_permission(self, request, obj=None):
        is_free = obj is not None and obj.state in Reclaim.FREE
        return is_free and self.has_finance_permission(request)

    def changeform_view(self, request, *args, **kwargs):
        """Where money goes is said only by who proved a moment ago who she is."""
        if request.method == "POST" and not stepup.is_confirmed(request, second_factor=True):
            return stepup.ask(request, request.get_full_path())
        return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request, obj, form, change):
        facts = form.cleaned_data
        try:
            reclaims.propose(
                obj, facts["iban"], facts["holder"], facts["evidence"], request.user,
                timezone.now(),
            )  # fmt: skip
        except reclaims.NotAllowed as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, _("The account waits for another admin to agree to it."))

    def _each(self, request, queryset, step, done):
        for row in queryset:
            try:
                step(row)
            except reclaims.NotAllowed as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            else:
                self.note(request, [row], done)
                self.message_user(request, f"{row}: {done}")

    @admin.action(description=gettext_lazy("Keep it, with a reason"), permissions=["finance"])
    def keep(self, request, queryset):
        if reason := self.reason(request):
            said = _("Kept: %s") % reason
            self._each(request, queryset, lambda row: reclaims.keep(row, reason), said)

    @admin.action(
        description=gettext_lazy("Agree to the account (another admin)"), permissions=["finance"]
    )
    @second_factor
    def agree(self, request, queryset):
        now = timezone.now()

        def step(row):
            payouts.check_name(reclaims.agree(row, request.user, now).method, now)

        self._each(request, queryset, step, _("Agreed. It goes out after 48 hours."))

    @admin.action(
        description=gettext_lazy("Refuse the account, with a reason"), permissions=["finance"]
    )
    @second_factor
    def refuse(self, request, queryset):
        if reason := self.reason(request):
            now, said = timezone.now(), _("Refused: %s") % reason
            self._each(
                request, queryset, lambda row: reclaims.refuse(row, request.user, reason, now), said
            )
