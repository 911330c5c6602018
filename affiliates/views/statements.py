"""Statements by month for creators and brands, and the commissions behind one settled line."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates import earnings, statements
from affiliates.models import Account, Commission, SettlementLine
from affiliates.views.balance import chosen_account
from config.lib import ratelimit, sheets
from config.lib.http import render_page, whole
from creators.access import creator_required
from shop.access import brand_required

PAGE = 100
FILES = {"csv": sheets.answer, "xlsx": sheets.workbook}


def _month(request, account, currency):
    """Return the statement that the address asks for, and the months there are."""
    months = statements.months(account, timezone.now())
    month = statements.month_of(request.GET.get("month", ""), months)
    return statements.of(account, currency, month), months


def _shown(request, choose, where: str):
    """Show a month, its entries by the hundred; `where`: earnings or balance.

    `choose` says which account the address asks for, its currency, and which there are.
    """
    account, currency, known = choose(request)
    found, months = _month(request, account, currency)
    number = whole(request.GET.get("page", "")) or 1
    skip = (min(number, found.count // PAGE + 1) - 1) * PAGE
    context = {
        "statement": found,
        "rows": list(statements.rows(found, skip, PAGE)),
        "months": months,
        "currency": currency,
        "currencies": known,
        "files": f"affiliates:{where}_statement_file",
        "next_page": number + 1 if skip + PAGE < found.count else None,
    }
    return render_page(request, f"affiliates/{where}_statement.html", context)


def _file(request, choose, kind: str, name: str):
    """Return a month as a download."""
    if kind not in FILES:
        raise Http404("no such kind of file")
    account, currency, _known = choose(request)
    found, _months = _month(request, account, currency)
    return FILES[kind](statements.cells(found), f"{name}-{found.month:%Y-%m}-{currency}.{kind}")


# ------------------------------------------------------------ creators


def _of_creator(request) -> tuple[Account | None, str, list[str]]:
    own = Account.objects.filter(kind=Account.Kind.CREATOR_BALANCE, creator=request.creator)
    accounts = {row.currency: row for row in own.order_by("currency")}
    known = list(accounts) or ["EUR"]
    asked = request.GET.get("currency", "")
    currency = asked if asked in accounts else ("EUR" if "EUR" in accounts else known[0])
    return accounts.get(currency), currency, known


@creator_required
@require_safe
def earnings_statement(request):
    return _shown(request, _of_creator, "earnings")


@creator_required
@require_safe
@ratelimit.exports
def earnings_statement_file(request, kind: str):
    return _file(request, _of_creator, kind, request.creator.handle)


@creator_required
@require_safe
def earnings_line(request, pk: int):
    """The commissions that one night brought her from one brand."""
    lines = SettlementLine.objects.select_related("run", "brand")
    line = get_object_or_404(lines, pk=pk, creator=request.creator)
    rows = earnings.with_facts(request.creator, _sales_of(line))
    return render_page(request, "affiliates/earnings_line.html", {"line": line, "rows": rows})


def _sales_of(line: SettlementLine) -> list[Commission]:
    found = line.commissions.filter(creator=line.creator_id).select_related(
        "order_line__brand_order__order", "brand", "link", "settlement_line__run", "collaboration",
        "creator", "reverses",
    )  # fmt: skip
    return list(found.order_by("id")[: PAGE * 5])


# ------------------------------------------------------------ brands


@brand_required
@require_safe
def balance_statement(request):
    return _shown(request, chosen_account, "balance")


@brand_required
@require_safe
@ratelimit.exports
def balance_statement_file(request, kind: str):
    return _file(request, chosen_account, kind, request.brand.slug)


@brand_required
@require_safe
def balance_line(request, pk: int):
    """The commissions that one night brought one creator from this brand."""
    lines = SettlementLine.objects.select_related("run", "creator")
    line = get_object_or_404(lines, pk=pk, brand=request.brand)
    context = {"line": line, "rows": _sales_of(line)}
    return render_page(request, "affiliates/balance_line.html", context)
