"""What tables of creators and of brands have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from affiliates import clock, earnings, statements
from affiliates.exposure import Exposure
from affiliates.models import Commission, SettlementLine
from config.lib import money
from config.lib.http import whole
from config.lib.tables import Asked, Column, Few, Nothing, Rows, Stream, Table, amount, on, percent
from creators.models import Platform


def sold(commission: Commission) -> str:
    """Return what a commission is for: the product, or why it was given."""
    line = commission.order_line
    return line.title if line else commission.reason


PERSON = (Column(_("Creator"), "creator.display_name"), Column(_("Handle"), "creator.handle"))
HANDLE = Column(_("Creator"), lambda row: f"@{row.creator.handle}")

# ------------------------------------------------------------ one month of an account

Entry = tuple[int | None, date, str, str, int, int, str]  # id, day, what, why, amount, balance, ISO


def _entries(found: statements.Statement) -> Iterator[Entry]:
    currency = found.currency
    yield None, found.month, gettext("Opening balance"), "", 0, found.opening, currency
    for row in statements.rows(found):
        on = clock.local_day(row.line.posted_at)
        yield (
            row.line.id, on, row.label, row.cause.text, row.line.amount, row.line.balance, currency,
        )  # fmt: skip
    last = statements.following(found.month)
    yield None, last, gettext("Closing balance"), "", 0, found.closing, currency


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
            Column(_("Entry"), "0"),
            Column(_("Date"), "1"),
            Column(_("What"), "2"),
            Column(_("Because of"), "3"),
            Column(_("Amount"), lambda row: money.decimal(row[4], row[6]) if row[0] else None),
            amount(_("Balance after it"), "5", "6"),
            Column(_("Currency"), "6"),
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

    order = Column(_("Order"), "order_line.brand_order.order.number")
    return Table(
        name="line",
        title=_("Commissions of a settled line"),
        page=page,
        params=("line",),
        rows=rows,
        columns=(
            Column(_("What"), sold),
            Column(_("Kind"), "get_kind_display"),
            # a creator sees no order number of a shopper
            *((order,) if owner_field == "brand" else ()),
            on(_("Bought"), "created_at"),
            percent(_("Rate %"), "rate_bp"),
            amount(_("Price without VAT"), "base"),
            amount(_("Amount"), "amount"),
            Column(_("Currency"), "currency"),
        ),
    )


def settled_table(page: str, owner_field: str) -> Table:
    """Return the table of all settled lines of an owner, each with who is on its other side."""
    is_brand = owner_field == "brand"

    def rows(owner: Any, _asked: Asked) -> Rows:
        found = SettlementLine.objects.filter(**{owner_field: owner})
        return found.select_related("run", "brand", "creator").order_by("-run__night", "-id")

    return Table(
        name="settled",
        title=_("Settled lines"),
        page=page,
        rows=rows,
        columns=(
            Column(_("Night"), "run.night"),
            HANDLE if is_brand else Column(_("Brand"), "brand.name"),
            Column(_("Commissions"), "commission_count"),
            amount(_("Amount"), "amount"),
            Column(_("Currency"), "currency"),
        ),
    )


# ------------------------------------------------------------ samples

SAMPLE = (
    Column(_("State"), "get_state_display"),
    Column(_("What is promised"), "get_content_display"),
    Column(_("Promised on"), lambda row: str(row.channel or "")),
    Column(_("Her word"), "message"),
    amount(_("Worth"), "value"),
    Column(_("Currency"), "currency"),
    Column(_("Asked"), "asked_at"),
    Column(_("Sent"), "shipped_at"),
    Column(_("Tracking"), "tracking"),
    Column(_("Arrived"), "delivered_at"),
    Column(_("Posted"), "posted_at"),
    Column(_("Post"), "post_url"),
    Column(_("Act by"), lambda row: None if row.closed_at else row.act_by),
    Column(_("Over"), "closed_at"),
)


# ------------------------------------------------------------ platforms


def parts(found: Exposure) -> Few:
    """Return the platforms of a risk page, each with the currency of its income."""
    return Few([(part, found.currency) for part in found.parts])


def _platform(key: str) -> str:
    known = {"page": gettext("Pages here"), "code": gettext("Typed codes")}
    return known.get(key) or str(Platform(key).label)


def risk_table(page: str, income: Any, rows: Callable[[Any, Asked], Rows]) -> Table:
    return Table(
        name="platforms",
        title=_("Clicks, orders and income by platform"),
        page=page,
        rows=rows,
        columns=(
            Column(_("Seen on"), lambda row: _platform(row[0].platform)),
            Column(_("Clicks"), "0.clicks"),
            percent(_("Clicks %"), "0.clicks_bp"),
            Column(_("Orders"), "0.orders"),
            percent(_("Orders %"), "0.orders_bp"),
            amount(income, "0.income", "1"),
            percent(_("Income %"), "0.income_bp"),
            percent(_("Income %, last 30 days"), "0.lately_bp"),
            percent(_("Income %, 30 days before"), "0.before_bp"),
            Column(_("Currency"), "1"),
        ),
    )


def reach_table(page: str, rows: Callable[[Any, Asked], Rows]) -> Table:
    return Table(
        name="second-channels",
        title=_("Who can still be reached elsewhere"),
        page=page,
        rows=rows,
        columns=(
            Column(_("Platform"), lambda row: str(Platform(row.platform).label)),
            Column(_("Creators"), "creators"),
            Column(_("Followers"), "followers"),
            Column(_("Creators without a second channel"), "alone"),
            Column(_("Followers without a second channel"), "alone_followers"),
        ),
    )
