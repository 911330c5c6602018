"""The tables that a creator sees, for her to take along."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from affiliates import dashboards, earnings, exposure, linkreports, samplelists, statements
from affiliates.labels import bank_reason
from affiliates.models import CaseLine, LinkDay, Participation, Payout
from affiliates.tables import doors, shared
from config.lib import money
from config.lib.http import whole
from config.lib.tables import Asked, Column, Few, Nothing, Rows, Table, amount, on, percent
from creators import cases
from creators.models import Case, Creator, Reading

COMMISSIONS = Table(
    name="commissions",
    title=_("Commissions"),
    page="affiliates:earnings",
    params=("state",),
    rows=lambda creator, asked: earnings.in_state(creator, asked.get("state", "")),
    fill=earnings.with_facts,
    columns=(
        Column(_("Number"), "commission.pk"),
        on(_("Sold"), "commission.created_at"),
        Column(_("Brand"), "commission.brand.name"),
        Column(_("What"), lambda row: shared.sold(row.commission)),
        Column(_("Kind"), "commission.get_kind_display"),
        Column(_("State"), "commission.get_state_display"),
        amount(_("Price without VAT"), "commission.base", "commission.currency"),
        percent(_("Rate %"), "commission.rate_bp"),
        amount(_("Amount"), "commission.amount", "commission.currency"),
        amount(_("Came back"), "back", "commission.currency"),
        amount(_("Left"), "left", "commission.currency"),
        Column(_("Currency"), "commission.currency"),
        Column(_("Clears"), "clears_on"),
        Column(_("Night"), "commission.settlement_line.run.night"),
        on(_("Paid out"), "paid_at"),
        Column(_("Waits for"), "waits_for"),
        Column(_("Why it is yours"), "rule"),
        Column(
            _("Why it is void"),
            lambda row: (
                row.commission.void_note.reason if hasattr(row.commission, "void_note") else ""
            ),
        ),
    ),
)

COMING = Table(
    name="coming",
    title=_("What is coming"),
    page="affiliates:earnings",
    rows=lambda creator, _asked: Few(earnings.forecast(creator, timezone.now())),
    columns=(
        Column(_("Clears in the night of"), "night"),
        Column(_("Until the night of"), "until"),
        Column(_("Goes out on"), "pays_on"),
        Column(_("Sales"), "count"),
        Column(_("Not delivered yet"), "unsure"),
        amount(_("Amount"), "amount"),
        Column(_("Currency"), "currency"),
    ),
)

LINKS = Table(
    name="links",
    title=_("Links"),
    page="affiliates:links",
    rows=lambda creator, _asked: linkreports.listed(creator),
    fill=lambda _creator, rows: linkreports.rows(rows),
    columns=(
        Column(_("Link"), "url"),
        Column(_("Product"), "link.product.title"),
        Column(_("Brand"), "link.collaboration.brand.name"),
        Column(_("Posted on"), "link.get_platform_display"),
        on(_("Taken"), "link.created_at"),
        Column(_("Works"), "link.is_active"),
        Column(_("Why we switched it off"), "block.reason"),
        Column(_("Clicks"), "clicks"),
        Column(_("Visitors per day"), "people"),
        Column(_("Orders"), "orders"),
        percent(_("Orders per click %"), "conversion_bp"),
        amount(_("Earned"), "earned"),
        Column(_("Currency"), "currency"),
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
        Column(_("Link"), "link.code"),
        Column(_("Product"), "link.product.title"),
        Column(_("Brand"), "link.collaboration.brand.name"),
        Column(_("Posted on"), "link.get_platform_display"),
        Column(_("Day"), "day"),
        Column(_("Clicks"), "clicks"),
        Column(_("Visitors"), "uniques"),
        Column(_("Orders"), "orders"),
        Column(
            _("Income"),
            lambda row: money.decimal(row.income, linkreports.currency_of(row.link)),
        ),
        Column(_("Currency"), lambda row: linkreports.currency_of(row.link)),
    ),
)

STATEMENT = shared.statement_table("affiliates:earnings_statement", statements.of_creator)
LINE = shared.line_table("affiliates:earnings_statement", "creator")


LINES = shared.settled_table("affiliates:earnings_statement", "creator")


def _payouts(creator: Creator, _asked: Asked) -> QuerySet[Payout]:
    rows = Payout.objects.filter(creator=creator).select_related("batch", "method")
    return rows.prefetch_related("self_bills")


PAYOUTS = Table(
    name="payouts",
    title=_("Payouts"),
    page="affiliates:payouts",
    rows=_payouts,
    columns=(
        Column(_("Date"), "batch.pay_on"),
        Column(_("State"), "get_state_display"),
        Column(_("Paid"), "paid_at"),
        Column(_("Account"), lambda row: str(row.method or "")),
        amount(_("Amount"), "amount"),
        amount(_("VAT"), "vat"),
        Column(_("Currency"), "currency"),
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
        Column(_("Product"), "variant.product.title"),
        Column(_("Choice"), "variant.label"),
        Column(_("Brand"), "collaboration.brand.name"),
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
        Column(_("Brand"), "collaboration.brand.name"),
        Column(_("Collaboration"), "collaboration.name"),
        percent(_("Rate %"), "collaboration.rate_bp"),
        Column(_("You asked"), "asked_by_creator"),
        Column(_("Asked"), "asked_at"),
        Column(_("Answer by"), "answer_by"),
        Column(_("Answered"), "answered_at"),
        Column(_("State"), "get_state_display"),
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
        Column(_("Number"), "pk"),
        Column(_("Kind"), "get_kind_display"),
        Column(_("State"), "get_state_display"),
        Column(_("Rule"), "violation.label"),
        Column(_("Points"), "points"),
        Column(_("Opened"), "opened_at"),
        Column(_("Answer by"), "answer_by"),
        Column(_("We decide by"), "decide_by"),
        Column(_("Decided"), "decided_at"),
        Column(_("You may appeal until"), "appeal_by"),
        Column(_("Points count until"), "points_expire_on"),
    ),
)


def _case_lines(creator: Creator, asked: Asked) -> QuerySet[CaseLine]:
    case = cases.seen_by(creator).filter(pk=whole(asked.get("case", "")) or 0).first()
    if case is None:
        raise Nothing("no such case of hers")
    return CaseLine.objects.of(case).select_related("commission__brand", "commission__order_line")


CASE_LINES = Table(
    name="case-lines",
    title=_("The sales that a case is about"),
    page="affiliates:cases",
    params=("case",),
    rows=_case_lines,
    columns=(
        Column(_("Sale"), lambda row: shared.sold(row.commission)),
        on(_("Sold"), "commission.created_at"),
        Column(_("Brand"), "commission.brand.name"),
        Column(_("State"), "commission.get_state_display"),
        amount(_("Amount"), "commission.amount", "commission.currency"),
        Column(_("Currency"), "commission.currency"),
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
        Column(_("From"), "0.day"),
        Column(_("Clicks"), "0.clicks"),
        Column(_("Orders"), "0.orders"),
        amount(_("Earned"), "0.earned", "1"),
        Column(_("Currency"), "1"),
    ),
)


def _risk(creator: Creator, _asked: Asked) -> Rows:
    return shared.parts(exposure.of_creator(creator, timezone.now()))


RISK = shared.risk_table("affiliates:creator_risk", _("Commission"), _risk)


def _readings(creator: Creator, _asked: Asked) -> QuerySet[Reading]:
    rows = Reading.objects.filter(channel__in=creator.channels.verified())
    return rows.select_related("channel").order_by("channel", "-day")


REACH = shared.reach_table(
    "affiliates:creator_risk",
    lambda creator, _asked: Few(exposure.of_creator(creator, timezone.now()).reach),
)

READINGS = Table(
    name="readings",
    title=_("Readings of your channels"),
    page="creators:channels",
    rows=_readings,
    columns=(
        Column(_("Platform"), "channel.get_platform_display"),
        Column(_("Handle"), "channel.handle"),
        Column(_("Day"), "day"),
        Column(_("Followers"), "followers"),
        Column(_("Posts"), "posts"),
    ),
)

ALL = (
    COMMISSIONS, COMING, LINKS, DAYS, STATEMENT, LINE, LINES, PAYOUTS, SAMPLES, INVITATIONS, CASES, CASE_LINES,
    BOARD, RISK, REACH, READINGS, *doors.of("creator"),
)  # fmt: skip
