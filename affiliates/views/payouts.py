"""A creator's payouts, her bank account and tax profile."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import documents, identities, payday, statements, tasks, tax
from affiliates import payouts as domain
from affiliates.clock import local_day
from affiliates.dashboards import purses_of
from affiliates.forms.payouts import BankForm, TaxForm
from affiliates.labels import bank_reason
from affiliates.models import BrandInvoice, Payout, PayoutMethod, SelfBill
from config.lib import ratelimit, stepup
from config.lib.http import render_page
from creators.access import creator_required
from shop.access import brand_required

SHOWN = 50
TAX_FIELDS = ("kind", "legal_name", "address", "vat_number")
IDENTITY_FIELDS = ("birth_on", "tin", "tin_country")


def _method_of(creator):
    return PayoutMethod.objects.filter(creator=creator, replaced_at=None).first()


def _history(creator) -> list[dict]:
    rows = Payout.objects.filter(creator=creator).select_related("batch", "method")
    rows = rows.prefetch_related("self_bills")[:SHOWN]
    return [{"payout": row, "why": bank_reason(row.reason)} for row in rows]


@creator_required
@require_safe
def payouts(request):
    now = timezone.now()
    purses = purses_of(request.creator, now)
    paydays = payday.of_all(request.creator, [purse.currency for purse in purses], now)
    context = {
        "profile": tax.profile_on(request.creator.pk, local_day(now)),
        "identity": identities.of(request.creator),
        "method": _method_of(request.creator),
        "purses": list(zip(purses, paydays, strict=True)),
        "payday": paydays[0],
        "history": _history(request.creator),
        "months": statements.months_of_creator(request.creator, now),
        "now": now,
        "nav_active": "earnings",
    }
    return render_page(request, "affiliates/payouts.html", context)


def pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


@creator_required
@require_safe
@ratelimit.exports
def self_bill(request, number):
    """One of her own documents; another creator's number is not there."""
    row = get_object_or_404(SelfBill, creator=request.creator, number=number)
    return pdf(documents.self_bill(row), f"thousand-{row.creator_id}-{row.number}")


@brand_required
@require_safe
@ratelimit.exports
def brand_invoice(request, number):
    """An invoice to this brand; another brand's number is not there."""
    row = get_object_or_404(BrandInvoice, brand=request.brand, number=number)
    return pdf(documents.brand_invoice(row), f"thousand-invoice-{row.number}")


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@stepup.confirmed_by_two
def payout_bank(request):
    """Change where the money goes; the name is checked at once, the wait begins."""
    form = BankForm(request.POST or stepup.typed(request), prefix="bank")
    if request.method == "POST" and form.is_valid():
        data, now = form.cleaned_data, timezone.now()
        method = domain.change_method(request.creator, data["iban"], data["holder"], now)
        if domain.check_name(method, now) == PayoutMethod.NameCheck.NONE:
            messages.warning(
                request,
                _("Saved, but the bank says that this name is not the account's. Check both."),
            )
        else:
            messages.success(request, _("Your bank account is saved. It is used after 48 hours."))
        return redirect("affiliates:payouts")
    context = {"form": form, "method": _method_of(request.creator), "nav_active": "earnings"}
    status = 422 if request.method == "POST" else 200
    return render_page(request, "affiliates/payout_bank.html", context, status=status)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@stepup.confirmed_by_two
def payout_tax(request):
    """Change her tax status from today on, and what the tax office knows her by."""
    creator, now = request.creator, timezone.now()
    profile = tax.profile_on(creator.pk, local_day(now))
    known = identities.of(creator)
    form = TaxForm(
        request.POST or stepup.typed(request), prefix="tax",
        initial=_tax_start(creator, profile, known), known=known,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            facts = {name: form.cleaned_data[name] for name in IDENTITY_FIELDS}
            identities.store(creator, now, **facts)
            facts = {name: form.cleaned_data[name] for name in TAX_FIELDS}
            tax.change_profile(creator, now, **facts)
            transaction.on_commit(tasks.check_vat_numbers.delay, robust=True)
        messages.success(request, _("Your tax status is saved."))
        return redirect("affiliates:payouts")
    context = {"form": form, "profile": profile, "nav_active": "earnings"}
    status = 422 if request.method == "POST" else 200
    return render_page(request, "affiliates/payout_tax.html", context, status=status)


def _tax_start(creator, profile, known) -> dict[str, object]:
    """Return what stands in the form: what she told us before, but not her tax number."""
    start = {name: getattr(profile, name) for name in TAX_FIELDS} if profile else {}
    return start | {
        "birth_on": (known and known.birth_on) or creator.birth_on,
        "tin_country": known.tin_country if known else creator.country,
    }
