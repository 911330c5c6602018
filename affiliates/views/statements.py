"""Statements by month for creators and brands, and the commissions behind one settled line."""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates import earnings, statements
from affiliates.models import Commission, SettlementLine
from config.lib.http import render_page, whole
from creators.access import creator_required
from shop.access import brand_required

PAGE = 100


def _shown(request, choice: statements.Choice, where: str):
    """Show a month of an account, its entries by the hundred; `where`: earnings or balance."""
    found, months = statements.asked_for(choice, request.GET.get("month", ""), timezone.now())
    number = whole(request.GET.get("page", "")) or 1
    skip = (min(number, found.count // PAGE + 1) - 1) * PAGE
    context = {
        "statement": found,
        "rows": list(statements.rows(found, skip, PAGE)),
        "months": months,
        "currency": choice.currency,
        "currencies": choice.known,
        "next_page": number + 1 if skip + PAGE < found.count else None,
    }
    return render_page(request, f"affiliates/{where}_statement.html", context)


# ------------------------------------------------------------ creators


@creator_required
@require_safe
def earnings_statement(request):
    currency = request.GET.get("currency", "")
    return _shown(request, statements.of_creator(request.creator, currency), "earnings")


@creator_required
@require_safe
def earnings_line(request, pk: int):
    """The commissions that one night brought her from one brand."""
    lines = SettlementLine.objects.select_related("run", "brand")
    line = get_object_or_404(lines, pk=pk, creator=request.creator)
    rows = earnings.with_facts(request.creator, _sales_of(line))
    return render_page(request, "affiliates/earnings_line.html", {"line": line, "rows": rows})


def _sales_of(line: SettlementLine) -> list[Commission]:
    return list(earnings.of_line(line)[: PAGE * 5])


# ------------------------------------------------------------ brands


@brand_required
@require_safe
def balance_statement(request):
    currency = request.GET.get("currency", "")
    return _shown(request, statements.of_brand(request.brand, currency), "balance")


@brand_required
@require_safe
def balance_line(request, pk: int):
    """The commissions that one night brought one creator from this brand."""
    lines = SettlementLine.objects.select_related("run", "creator")
    line = get_object_or_404(lines, pk=pk, brand=request.brand)
    context = {"line": line, "rows": _sales_of(line)}
    return render_page(request, "affiliates/balance_line.html", context)
