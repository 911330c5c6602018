"""The tables that a creator sees, for her to take along."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from affiliates import dashboards, earnings, exposure, linkreports, samplelists, statements
from affiliates.labels import bank_reason
from affiliates.models import LinkDay, Participation, Payout, SettlementLine
from affiliates.tables import shared
from config.lib import money
from config.lib.http import whole
from config.lib.tables import Asked, Column, Few, Nothing, Rows, Table, day, share
from creators import cases
from creators.models import Case, Creator


def _amount(row: earnings.Row, amount: int | None) -> Decimal | None:
    return None if amount is None else money.decimal(amount, row.commission.currency)


COMMISSIONS = Table(
    name="commissions",
    title=_("Commissions"),
    page="affiliates:earnings",
    params=("state",),
    rows=lambda creator, asked: earnings.in_state(creator, asked.get("state", "")),
    fill=earnings.with_facts,
    columns=(
        Column(_("Number"), lambda row: row.commission.pk),
        Column(_("Sold"), lambda row: day(row.commission.created_at)),
        Column(_("Brand"), lambda row: row.commission.brand.name),
        Column(_("What"), lambda row: shared.sold(row.commission)),
        Column(_("Kind"), lambda row: row.commission.get_kind_display()),
        Column(_("State"), lambda row: row.commission.get_state_display()),
        Column(_("Price without VAT"), lambda row: _amount(row, row.commission.base)),
        Column(_("Rate %"), lambda row: share(row.commission.rate_bp)),
        Column(_("Amount"), lambda row: _amount(row, row.commission.amount)),
        Column(_("Came back"), lambda row: _amount(row, row.back)),
        Column(_("Left"), lambda row: _amount(row, row.left)),
        Column(_("Currency"), lambda row: row.commission.currency),
        Column(_("Clears"), lambda row: row.clears_on),
        Column(
            _("Night"),
            lambda row: (
                row.commission.settlement_line.run.night if row.commission.settlement_line else None
            ),
        ),
        Column(_("Paid out"), lambda row: day(row.paid_at)),
        Column(_("Waits for"), lambda row: row.waits_for),
        Column(_("Why it is yours"), lambda row: row.rule),
        Column(
            _("Why it is void"),
            lambda row: (
                row.commission.void_note.reason if hasattr(row.commission, "void_note") else ""
            ),
        ),
    ),
)

LINKS = Table(
    name="links",
    title=_("Links"),
    page="affiliates:links",
    rows=lambda creator, _asked: linkreports.listed(creator),
    fill=lambda _creator, rows: linkreports.rows(rows),
    columns=(
        Column(_("Link"), lambda row: row.url),
        Column(_("Product"), lambda row: row.link.product.title if row.link.product else ""),
        Column(_("Brand"), lambda row: row.link.collaboration.brand.name),
        Column(_("Posted on"), lambda row: row.link.get_platform_display()),
        Column(_("Taken"), lambda row: day(row.link.created_at)),
        Column(_("Works"), lambda row: _("yes") if row.link.is_active else _("no")),
        Column(_("Clicks"), lambda row: row.clicks),
        Column(_("Visitors per day"), lambda row: row.people),
        Column(_("Orders"), lambda row: row.orders),
        Column(_("Orders per click %"), lambda row: share(row.conversion_bp)),
        Column(_("Earned"), lambda row: money.decimal(row.earned, row.currency)),
        Column(_("Currency"), lambda row: row.currency),
    ),
)


def _days(creator: Creator, asked: Asked) -> QuerySet[LinkDay]:
    """Return the days of all her links, or of one, oldest first."""
    found = LinkDay.objects.filter(link__creator=creator, link__collaboration__isnull=False)
    if text := asked.get("link"):
        link = creator.links.filter(pk=whole(text) or 0).first()
        if link is None:
            raise Nothing("no such link of hers")
        found = found.filter(link=link)
    rows = found.select_related("link__product", "link__collaboration__brand")
    return rows.order_by("day", "link")


DAYS = Table(
    name="clicks",
    title=_("Clicks by day"),
    page="affiliates:links",
    params=("link",),
    rows=_days,
    columns=(
        Column(_("Link"), lambda row: row.link.code),
        Column(_("Product"), lambda row: row.link.product.title if row.link.product else ""),
        Column(_("Brand"), lambda row: row.link.collaboration.brand.name),
        Column(_("Posted on"), lambda row: row.link.get_platform_display()),
        Column(_("Day"), lambda row: row.day),
        Column(_("Clicks"), lambda row: row.clicks),
        Column(_("Visitors"), lambda row: row.uniques),
        Column(_("Orders"), lambda row: row.orders),
        Column(
            _("Income"),
            lambda row: money.decimal(row.income, linkreports.currency_of(row.link)),
        ),
        Column(_("Currency"), lambda row: linkreports.currency_of(row.link)),
    ),
)

STATEMENT = shared.statement_table("affiliates:earnings_statement", statements.of_creator)
LINE = shared.line_table("affiliates:earnings_statement", "creator")


def _lines(creator: Creator, _asked: Asked) -> QuerySet[SettlementLine]:
    rows = SettlementLine.objects.filter(creator=creator).select_related("run", "brand")
    return rows.order_by("-run__night", "-id")


LINES = Table(
    name="settled",
    title=_("Settled lines"),
    page="affiliates:earnings_statement",
    rows=_lines,
    columns=(
        Column(_("Night"), lambda row: row.run.night),
        Column(_("Brand"), lambda row: row.brand.name),
        Column(_("Commissions"), lambda row: row.commission_count),
        Column(_("Amount"), lambda row: money.decimal(row.amount, row.currency)),
        Column(_("Currency"), lambda row: row.currency),
    ),
)


def _payouts(creator: Creator, _asked: Asked) -> QuerySet[Payout]:
    rows = Payout.objects.filter(creator=creator).select_related("batch", "method")
    return rows.prefetch_related("self_bills")


PAYOUTS = Table(
    name="payouts",
    title=_("Payouts"),
    page="affiliates:payouts",
    rows=_payouts,
    columns=(
        Column(_("Date"), lambda row: row.batch.pay_on),
        Column(_("State"), lambda row: row.get_state_display()),
        Column(_("Paid"), lambda row: row.paid_at),
        Column(_("Account"), lambda row: str(row.method or "")),
        Column(_("Amount"), lambda row: money.decimal(row.amount, row.currency)),
        Column(_("VAT"), lambda row: money.decimal(row.vat, row.currency)),
        Column(_("Currency"), lambda row: row.currency),
        Column(
            _("Documents"), lambda row: ", ".join(str(one.number) for one in row.self_bills.all())
        ),
        Column(_("Why not"), lambda row: bank_reason(row.reason)),
    ),
)

SAMPLES = Table(
    name="samples",
    title=_("Samples"),
    page="affiliates:samples",
    rows=lambda creator, _asked: samplelists.by_turn(creator),
    columns=(
        Column(_("Product"), lambda row: row.variant.product.title),
        Column(_("Choice"), lambda row: row.variant.label),
        Column(_("Brand"), lambda row: row.collaboration.brand.name),
        *shared.SAMPLE,
    ),
)


def _invitations(creator: Creator, _asked: Asked) -> QuerySet[Participation]:
    rows = Participation.objects.filter(creator=creator).select_related("collaboration__brand")
    return rows.order_by("-asked_at", "-id")


INVITATIONS = Table(
    name="invitations",
    title=_("Invitations and applications"),
    page="affiliates:invitations",
    rows=_invitations,
    columns=(
        Column(_("Brand"), lambda row: row.collaboration.brand.name),
        Column(_("Collaboration"), lambda row: row.collaboration.name),
        Column(_("Rate %"), lambda row: share(row.collaboration.rate_bp)),
        Column(_("You asked"), lambda row: _("yes") if row.asked_by_creator else _("no")),
        Column(_("Asked"), lambda row: row.asked_at),
        Column(_("Answer by"), lambda row: row.answer_by),
        Column(_("Answered"), lambda row: row.answered_at),
        Column(_("State"), lambda row: row.get_state_display()),
    ),
)


def _cases(creator: Creator, _asked: Asked) -> QuerySet[Case]:
    rows = cases.seen_by(creator).select_related("violation")
    return rows.order_by("-opened_at", "-pk")


CASES = Table(
    name="cases",
    title=_("Cases"),
    page="affiliates:cases",
    rows=_cases,
    columns=(
        Column(_("Number"), lambda row: row.pk),
        Column(_("Kind"), lambda row: row.get_kind_display()),
        Column(_("State"), lambda row: row.get_state_display()),
        Column(_("Rule"), lambda row: row.violation.label if row.violation else ""),
        Column(_("Points"), lambda row: row.points),
        Column(_("Opened"), lambda row: row.opened_at),
        Column(_("Answer by"), lambda row: row.answer_by),
        Column(_("We decide by"), lambda row: row.decide_by),
        Column(_("Decided"), lambda row: row.decided_at),
    ),
)


def _board(creator: Creator, asked: Asked) -> Rows:
    period = asked.get("period", "")
    period = period if period in dashboards.PERIODS else "30"
    funnel = dashboards.creator_board(creator, period, timezone.now()).funnel
    return Few([(bar, funnel.currency) for bar in reversed(funnel.bars)])


BOARD = Table(
    name="earned",
    title=_("Clicks, orders and earnings"),
    page="affiliates:creator_dashboard",
    params=("period",),
    rows=_board,
    columns=(
        Column(_("From"), lambda row: row[0].day),
        Column(_("Clicks"), lambda row: row[0].clicks),
        Column(_("Orders"), lambda row: row[0].orders),
        Column(_("Earned"), lambda row: money.decimal(row[0].earned, row[1])),
        Column(_("Currency"), lambda row: row[1]),
    ),
)


def _risk(creator: Creator, _asked: Asked) -> Rows:
    return shared.parts(exposure.of_creator(creator, timezone.now()))


RISK = shared.risk_table("affiliates:creator_risk", _("Commission"), _risk)

ALL = (
    COMMISSIONS, LINKS, DAYS, STATEMENT, LINE, LINES, PAYOUTS, SAMPLES, INVITATIONS, CASES, BOARD, RISK,
)  # fmt: skip
