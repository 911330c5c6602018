"""A brand's money: its balance, what is spoken for, and each entry."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import funding, identities, ledger, payday, statements, tax, vatnumbers
from affiliates.forms.balance import TopUpForm
from affiliates.forms.payouts import BrandTaxForm
from config.lib import stepup
from config.lib.http import render_page, whole
from shop import gateways, movements
from shop.access import brand_required, owner_required

PAGE = 50
INVOICES = 24


@brand_required
@require_safe
def balance(request):
    chosen = statements.of_brand(request.brand, request.GET.get("currency", ""))
    account, currency = chosen.account, chosen.currency
    before = whole(request.GET.get("before", ""))
    lines = ledger.newest(account.pk, before=before, size=PAGE + 1) if account else []
    context = {
        "invoices": list(request.brand.invoices.filter(currency=currency)[:INVOICES]),
        "funds": funding.of(request.brand, currency),
        "currency": currency,
        "unpaid_currency": payday.unpaid(currency),
        "currencies": chosen.known,
        "identity": identities.of_brand(account.brand if account else request.brand),
        "vat_check": vatnumbers.of_brand(request.brand),
        "asks_tax": request.brand.country in tax.EU,
        "rows": statements.with_causes(account, lines[:PAGE]) if account else [],
        "older": lines[PAGE - 1].id if len(lines) > PAGE else None,
    }
    return render_page(request, "affiliates/balance.html", context)


@owner_required
@require_http_methods(["GET", "HEAD", "POST"])
@stepup.confirmed_by_two
def balance_tax(request):
    """Tell what the tax office knows the brand by; asked before its first payout."""
    brand, now = request.brand, timezone.now()
    known = identities.of_brand(brand)
    start = {
        "kind": known.kind if known else None,
        "birth_on": known.birth_on if known else None,
        "tin_country": known.tin_country if known else brand.country,
    }
    start = {name: value for name, value in start.items() if value}
    form = BrandTaxForm(
        request.POST or stepup.typed(request), prefix="tax", initial=start, known=known
    )
    if request.method == "POST" and form.is_valid():
        facts = {
            name: form.cleaned_data[name] for name in ("kind", "birth_on", "tin", "tin_country")
        }
        identities.store_brand(brand, now, **facts)
        messages.success(request, _("The tax number is saved."))
        return redirect("affiliates:balance", brand.slug)
    status = 422 if request.method == "POST" else 200
    return render_page(request, "affiliates/balance_tax.html", {"form": form}, status=status)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def balance_topup(request):
    """Pay in by card, on the provider's page; the balance grows when the provider tells."""
    form = TopUpForm(request.brand.currency, request.POST or None)
    if form.is_valid():
        back = settings.SITE_URL + reverse("affiliates:balance", args=[request.brand.slug])
        try:
            started = movements.begin(
                request.brand, form.cleaned_data["amount"], request.brand.currency,
                by=request.user, at=timezone.now(), return_url=back, cancel_url=back,
            )  # fmt: skip
            return redirect(started.url)
        except gateways.NoAnswer:
            form.add_error(None, _("The payment provider does not answer. Try again in a minute."))
    status = 422 if form.is_bound else 200
    context = {"form": form, "funds": funding.of(request.brand)}
    return render_page(request, "affiliates/balance_topup.html", context, status=status)
