"""A brand's money: its balance, what is spoken for, and each entry."""

from django.conf import settings
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import funding, ledger, statements
from affiliates.forms.balance import TopUpForm
from affiliates.models import Account
from config.lib import sheets
from config.lib.http import render_page, whole
from config.lib.money import decimal
from shop import gateways, movements
from shop.access import brand_required

PAGE = 50
INVOICES = 24


def currencies_of(brand) -> list[str]:
    """Return the currencies that the brand has money in, its own first."""
    found = Account.objects.filter(kind=Account.Kind.BRAND_BALANCE, brand=brand)
    others = found.exclude(currency=brand.currency).order_by("currency")
    return [brand.currency, *others.values_list("currency", flat=True)]


def chosen_currency(request) -> tuple[str, list[str]]:
    known = currencies_of(request.brand)
    asked = request.GET.get("currency", "")
    return (asked if asked in known else known[0]), known


def account_of(brand, currency: str) -> Account | None:
    rows = Account.objects.filter(kind=Account.Kind.BRAND_BALANCE, brand=brand, currency=currency)
    return rows.select_related("brand").first()


@brand_required
@require_safe
def balance(request):
    currency, known = chosen_currency(request)
    account = account_of(request.brand, currency)
    before = whole(request.GET.get("before", ""))
    lines = ledger.newest(account.pk, before=before, size=PAGE + 1) if account else []
    context = {
        "invoices": list(request.brand.invoices.filter(currency=currency)[:INVOICES]),
        "funds": funding.of(request.brand, currency),
        "currency": currency,
        "currencies": known,
        "rows": statements.with_causes(account, lines[:PAGE]) if account else [],
        "older": lines[PAGE - 1].id if len(lines) > PAGE else None,
    }
    return render_page(request, "affiliates/balance.html", context)


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


def _rows(account: Account | None, currency: str):
    yield ["entry", "posted_at", "kind", "amount", "balance", "currency"]
    for line in ledger.statement(account.pk) if account else ():
        yield [
            line.id,
            line.posted_at.isoformat(),
            line.kind,
            decimal(line.amount, currency),
            decimal(line.balance, currency),
            currency,
        ]


@brand_required
@require_safe
def balance_csv(request):
    currency, _others = chosen_currency(request)
    rows = _rows(account_of(request.brand, currency), currency)
    return sheets.answer(rows, f"{request.brand.slug}-{currency.lower()}.csv")
