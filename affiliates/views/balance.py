"""A brand's money: its balance, what is spoken for, and each entry."""

from django.views.decorators.http import require_GET

from affiliates import funding, ledger
from affiliates.labels import entry_label
from affiliates.models import Account
from config.lib import sheets
from config.lib.http import render_page, whole
from config.lib.money import decimal
from shop.access import brand_required

PAGE = 50


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
    return Account.objects.filter(
        kind=Account.Kind.BRAND_BALANCE, brand=brand, currency=currency
    ).first()


@brand_required
@require_GET
def balance(request):
    currency, known = chosen_currency(request)
    account = account_of(request.brand, currency)
    before = whole(request.GET.get("before", ""))
    lines = ledger.newest(account.pk, before=before, size=PAGE + 1) if account else []
    context = {
        "funds": funding.of(request.brand, currency),
        "currency": currency,
        "currencies": known,
        "rows": [{"line": line, "label": entry_label(line.kind)} for line in lines[:PAGE]],
        "older": lines[PAGE - 1].id if len(lines) > PAGE else None,
    }
    return render_page(request, "affiliates/balance.html", context)


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
@require_GET
def balance_csv(request):
    currency, _known = chosen_currency(request)
    rows = _rows(account_of(request.brand, currency), currency)
    return sheets.answer(rows, f"{request.brand.slug}-{currency.lower()}.csv")
