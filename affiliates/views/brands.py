"""What brands get here, and what it costs."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import number_format
from django.views.decorators.http import require_safe

from affiliates import fees
from affiliates.forms.brands import CalculatorForm
from affiliates.models import FeePolicy
from config.lib.access import public
from config.lib.http import render_page
from config.lib.money import half_up, tax_within

TAX_BP = 2100  # the Dutch standard rate; the example says that VAT is in the price
EXAMPLE = Decimal("34.50"), Decimal(12)  # euros, percent


@dataclass(frozen=True)
class Quote:
    """One sale in minor units: gross = tax + net, and left = net − commission − fee."""

    gross: int
    tax: int
    net: int
    rate_bp: int
    commission: int
    fee_bp: int
    fee: int
    left: int
    currency: str = "EUR"


def quote(gross: int, rate_bp: int, policy: FeePolicy | None, currency: str = "EUR") -> Quote:
    """Work out what a sale of `gross` minor units costs a brand under `policy`."""
    tax = tax_within(gross, TAX_BP)
    net = gross - tax
    fee_bp = policy.rate_bp if policy else 0
    commission = half_up(net, rate_bp)
    fee = fees.fee_of(net, fee_bp, policy.minimum_in(currency) if policy else 0)
    return Quote(
        gross, tax, net, rate_bp, commission, fee_bp, fee, net - commission - fee, currency
    )


@public
@require_safe
def brands_home(request):
    asked = "price" in request.GET
    price, percent = (number_format(value) for value in EXAMPLE)
    form = CalculatorForm(request.GET if asked else {"price": price, "percent": percent})
    context = {"form": form, "quote": None}
    if form.is_valid():
        policy = fees.policy_at(0, timezone.now())
        context["quote"] = quote(form.cleaned_data["price"], form.cleaned_data["percent"], policy)
    return render_page(
        request, "affiliates/brands.html", context, partial="affiliates/_calculator.html"
    )
