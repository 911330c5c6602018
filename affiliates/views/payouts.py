"""A creator's payouts, her bank account and tax profile."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from affiliates import payouts as domain
from affiliates import tax
from affiliates.clock import local_day
from affiliates.dashboards import purses_of
from affiliates.forms.payouts import BankForm, TaxForm
from affiliates.models import Payout, PayoutMethod
from config.lib.http import render_page
from creators.access import creator_required

SHOWN = 50


@creator_required
@require_http_methods(["GET", "POST"])
def payouts(request):
    which = request.POST.get("form")
    bank = BankForm(request.POST if which == "bank" else None, prefix="bank")
    profile = tax.profile_on(request.creator.pk, local_day(timezone.now()))
    start = {}
    if profile:
        start = {name: getattr(profile, name) for name in TAX_FIELDS}
    taxes = TaxForm(request.POST if which == "tax" else None, prefix="tax", initial=start)
    if bank.is_bound and bank.is_valid():
        return _save_bank(request, bank)
    if taxes.is_bound and taxes.is_valid():
        return _save_tax(request, taxes)
    return _page(request, bank, taxes, profile)


TAX_FIELDS = ("kind", "legal_name", "address", "vat_number")


def _save_bank(request, form):
    data = form.cleaned_data
    domain.change_method(request.creator, data["iban"], data["holder"], timezone.now())
    messages.success(request, _("Your bank account is saved. It is used after 48 hours."))
    return redirect("affiliates:payouts")


def _save_tax(request, form):
    facts = {name: form.cleaned_data[name] for name in TAX_FIELDS}
    tax.change_profile(request.creator, timezone.now(), **facts)
    messages.success(request, _("Your tax status is saved."))
    return redirect("affiliates:payouts")


def _page(request, bank, taxes, profile):
    now = timezone.now()
    purses = purses_of(request.creator, now)
    currency = purses[0].currency
    context = {
        "bank": bank,
        "taxes": taxes,
        "form": bank if bank.errors else taxes if taxes.errors else None,
        "profile": profile,
        "method": PayoutMethod.objects.filter(creator=request.creator, replaced_at=None).first(),
        "purse": purses[0],
        "next_amount": domain.claimable(request.creator.pk, currency),
        "pays_on": domain.next_pay_day(now),
        "history": list(
            Payout.objects.filter(creator=request.creator).select_related("batch", "method")[:SHOWN]
        ),
        "now": now,
        "nav_active": "earnings",
    }
    status = 422 if bank.errors or taxes.errors else 200
    return render_page(request, "affiliates/payouts.html", context, status=status)
