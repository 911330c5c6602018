"""What tables of creators and of brands have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from affiliates import clock, earnings, statements
from affiliates.exposure import Exposure
from affiliates.models import Commission, SettlementLine
from config.lib import money
from config.lib.http import whole
from config.lib.tables import Asked, Column, Few, Nothing, Rows, Stream, Table, day, share
from creators.models import Platform


def sold(commission: Commission) -> str:
    """Return what a commission is for: the product, or why it was given."""
    line = commission.order_line
    return line.title if line else commission.reason


# ------------------------------------------------------------ one month of an account

Entry = tuple[int | None, date, str, str, int, int, str]  # id, day, what, why, amount, balance, ISO


def _entries(found: statements.Statement) -> Iterator[Entry]:
    currency = found.currency
    yield None, found.month, _now("Opening balance"), "", 0, found.opening, currency
    for row in statements.rows(found):
        on = clock.local_day(row.line.posted_at)
        yield (
            row.line.id, on, row.label, row.cause.text, row.line.amount, row.line.balance, currency,
        )  # fmt: skip
    last = statements.following(found.month)
    yield None, last, _now("Closing balance"), "", 0, found.closing, currency


def statement_table(page: str, choose: Callable[[Any, str], statements.Choice]) -> Table:
    """Return the table of a month; `choose` says which account of an owner has a currency."""

    def rows(owner: Any, asked: Asked) -> Rows:
        choice = choose(owner, asked.get("currency", ""))
        found, _known = statements.asked_for(choice, asked.get("month", ""), timezone.now())
        return Stream(lambda: _entries(found), lambda: found.count + 2)

    return Table(
        name="statement",
        title=_("Statement"),
        page=page,
        params=("month", "currency"),
        rows=rows,
        columns=(
            Column(_("Entry"), lambda row: row[0]),
            Column(_("Date"), lambda row: row[1]),
            Column(_("What"), lambda row: row[2]),
            Column(_("Because of"), lambda row: row[3]),
            Column(_("Amount"), lambda row: money.decimal(row[4], row[6]) if row[0] else None),
            Column(_("Balance after it"), lambda row: money.decimal(row[5], row[6])),
            Column(_("Currency"), lambda row: row[6]),
        ),
    )


# ------------------------------------------------------------ one settled line


def line_table(page: str, owner_field: str) -> Table:
    """Return the table of the commissions that one night brought, of a line that is the owner's."""

    def rows(owner: Any, asked: Asked) -> Rows:
        lines = SettlementLine.objects.filter(**{owner_field: owner})
        line = lines.filter(pk=whole(asked.get("line", "")) or 0).first()
        if line is None:
            raise Nothing("no such line of this owner")
        return earnings.of_line(line)

    order = Column(
        _("Order"),
        lambda row: row.order_line.brand_order.order.number if row.order_line else "",
    )
    return Table(
        name="line",
        title=_("Commissions of a settled line"),
        page=page,
        params=("line",),
        rows=rows,
        columns=(
            Column(_("What"), sold),
            Column(_("Kind"), lambda row: row.get_kind_display()),
            # a creator sees no order number of a shopper
            *((order,) if owner_field == "brand" else ()),
            Column(_("Bought"), lambda row: day(row.created_at)),
            Column(_("Rate %"), lambda row: share(row.rate_bp)),
            Column(
                _("Price without VAT"),
                lambda row: None if row.base is None else money.decimal(row.base, row.currency),
            ),
            Column(_("Amount"), lambda row: money.decimal(row.amount, row.currency)),
            Column(_("Currency"), lambda row: row.currency),
        ),
    )


# ------------------------------------------------------------ samples

SAMPLE = (
    Column(_("State"), lambda row: row.get_state_display()),
    Column(_("What is promised"), lambda row: row.get_content_display()),
    Column(_("Worth"), lambda row: money.decimal(row.value, row.currency)),
    Column(_("Currency"), lambda row: row.currency),
    Column(_("Asked"), lambda row: row.asked_at),
    Column(_("Sent"), lambda row: row.shipped_at),
    Column(_("Arrived"), lambda row: row.delivered_at),
    Column(_("Posted"), lambda row: row.posted_at),
    Column(_("Post"), lambda row: row.post_url),
    Column(_("Act by"), lambda row: None if row.closed_at else row.act_by),
    Column(_("Over"), lambda row: row.closed_at),
)


# ------------------------------------------------------------ platforms


def parts(found: Exposure) -> Few:
    """Return the platforms of a risk page, each with the currency of its income."""
    return Few([(part, found.currency) for part in found.parts])


def _platform(key: str) -> str:
    known = {"page": _now("Pages here"), "code": _now("Typed codes")}
    return known.get(key) or str(Platform(key).label)


def risk_table(page: str, income: Any, rows: Callable[[Any, Asked], Rows]) -> Table:
    return Table(
        name="platforms",
        title=_("Clicks, orders and income by platform"),
        page=page,
        rows=rows,
        columns=(
            Column(_("Seen on"), lambda row: _platform(row[0].platform)),
            Column(_("Clicks"), lambda row: row[0].clicks),
            Column(_("Clicks %"), lambda row: share(row[0].clicks_bp)),
            Column(_("Orders"), lambda row: row[0].orders),
            Column(_("Orders %"), lambda row: share(row[0].orders_bp)),
            Column(income, lambda row: money.decimal(row[0].income, row[1])),
            Column(_("Income %"), lambda row: share(row[0].income_bp)),
            Column(_("Currency"), lambda row: row[1]),
        ),
    )
