"""The tables of the market that a brand sees, for it to take along; the shop's are beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from affiliates import (
    brandlinks,
    clock,
    collaborations,
    dashboards,
    exposure,
    ledger,
    programmes,
    samplelists,
    shortlists,
    statements,
)
from affiliates.labels import rule_label
from affiliates.models import (
    BrandInvoice,
    Collaboration,
    Commission,
    Participation,
    SettlementLine,
    ShortlistEntry,
)
from affiliates.models.links import PostedOn
from affiliates.tables import shared
from config.lib import money
from config.lib.http import whole
from config.lib.tables import Asked, Column, Few, Nothing, Rows, Stream, Table, day, share
from creators.models import Platform
from shop.models import Brand

COLLABORATIONS = Table(
    name="collaborations",
    title=_("Collaborations"),
    page="affiliates:collaborations",
    rows=lambda brand, _asked: collaborations.listed(brand),
    columns=(
        Column(_("Collaboration"), lambda row: row.name),
        Column(_("Kind"), lambda row: row.get_kind_display()),
        Column(_("Rate %"), lambda row: share(row.rate_bp)),
        Column(_("From"), lambda row: day(row.starts_at)),
        Column(_("To"), lambda row: day(row.ends_at)),
        Column(_("Links"), lambda row: row.link_count),
        Column(_("Creators"), lambda row: row.creator_count),
        Column(_("Samples"), lambda row: _("yes") if row.gives_samples else _("no")),
        Column(
            _("Budget"),
            lambda row: (
                None if row.budget is None else money.decimal(row.budget, row.brand.currency)
            ),
        ),
        Column(_("Fee for a post"), lambda row: money.decimal(row.flat_fee, row.brand.currency)),
        Column(_("Currency"), lambda row: row.brand.currency),
    ),
)


def _participants(brand: Brand, asked: Asked) -> QuerySet[Participation]:
    rows = Participation.objects.filter(collaboration__brand=brand)
    if text := asked.get("collaboration"):
        offer = Collaboration.objects.filter(brand=brand, pk=whole(text) or 0).first()
        if offer is None:
            raise Nothing("no such collaboration of this brand")
        rows = rows.filter(collaboration=offer)
    return rows.select_related("creator", "collaboration").order_by("-asked_at", "-pk")


PARTICIPANTS = Table(
    name="participants",
    title=_("Creators in collaborations"),
    page="affiliates:collaborations",
    params=("collaboration",),
    rows=_participants,
    columns=(
        Column(_("Creator"), lambda row: row.creator.display_name),
        Column(_("Handle"), lambda row: row.creator.handle),
        Column(_("Collaboration"), lambda row: row.collaboration.name),
        Column(_("State"), lambda row: row.get_state_display()),
        Column(_("Asked"), lambda row: row.asked_at),
        Column(_("Answered"), lambda row: row.answered_at),
    ),
)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """What one creator brought by links on one platform."""

    name: str
    handle: str
    platform: str
    links: int
    sums: brandlinks.Sums
    currency: str


def _links(brand: Brand, asked: Asked) -> QuerySet:
    period = asked.get("days", "")
    period = period if period in brandlinks.PERIODS else brandlinks.USUAL
    today = clock.local_day(timezone.now())
    found = brandlinks.by_creator(brand, today, brandlinks.PERIODS[period])
    return found.values(
        "link__creator__display_name", "link__creator__handle", "link__platform",
        "links", "c", "u", "o", "i",
    )  # fmt: skip


def _posted_on(platform: str) -> str:
    return _now("own page") if platform == PostedOn.PAGE else str(PostedOn(platform).label)


def _link_rows(brand: Brand, rows: Sequence[dict]) -> Iterable[LinkRow]:
    for row in rows:
        yield LinkRow(
            row["link__creator__display_name"], row["link__creator__handle"],
            _posted_on(row["link__platform"]), row["links"], brandlinks.sums_of(row),
            brand.currency,
        )  # fmt: skip


LINKS = Table(
    name="links",
    title=_("Links by creator"),
    page="affiliates:brand_links",
    params=("days",),
    rows=_links,
    fill=_link_rows,
    columns=(
        Column(_("Creator"), lambda row: row.name),
        Column(_("Handle"), lambda row: row.handle),
        Column(_("Posted on"), lambda row: row.platform),
        Column(_("Links"), lambda row: row.links),
        Column(_("Clicks"), lambda row: row.sums.clicks),
        Column(_("Visitors per day"), lambda row: row.sums.visitors),
        Column(_("Orders"), lambda row: row.sums.orders),
        Column(_("Orders per click %"), lambda row: share(row.sums.conversion_bp)),
        Column(_("Commission"), lambda row: money.decimal(row.sums.income, row.currency)),
        Column(_("Currency"), lambda row: row.currency),
    ),
)


def _claims(brand: Brand, asked: Asked) -> Rows:
    known = programmes.months(clock.local_day(timezone.now()))
    return Few(programmes.report(brand, programmes.month_of(asked.get("month", ""), known)))


CLAIMS = Table(
    name="claims",
    title=_("Claimed twice"),
    page="affiliates:claims",
    params=("month",),
    rows=_claims,
    columns=(
        Column(_("Order"), lambda row: row.order),
        Column(_("Paid"), lambda row: row.paid_on),
        Column(_("Product"), lambda row: row.title),
        Column(_("Creator"), lambda row: row.handle),
        Column(_("Why"), lambda row: rule_label(row.rule)),
        Column(_("Click on Thousand"), lambda row: row.ours_at),
        Column(_("Your own programme"), lambda row: row.own_at),
        Column(_("Commission"), lambda row: money.decimal(row.commission, row.currency)),
        Column(_("Currency"), lambda row: row.currency),
    ),
)


def _shortlist(brand: Brand, asked: Asked) -> QuerySet[ShortlistEntry]:
    chosen = shortlists.chosen(brand, asked.get("list", ""))
    if chosen is None:
        raise Nothing("no list yet")
    return shortlists.entries_of(chosen)


def _with_orders(brand: Brand, rows: Sequence[ShortlistEntry]) -> Sequence[ShortlistEntry]:
    orders = shortlists.orders_for(brand, [row.creator_id for row in rows])
    for row in rows:
        row.orders = orders.get(row.creator_id, 0)
    return rows


SHORTLIST = Table(
    name="shortlist",
    title=_("Shortlist"),
    page="affiliates:shortlists",
    params=("list",),
    rows=_shortlist,
    fill=_with_orders,
    columns=(
        Column(_("Creator"), lambda row: row.creator.display_name),
        Column(_("Handle"), lambda row: row.creator.handle),
        Column(_("Page"), lambda row: settings.SITE_URL + row.creator.get_absolute_url()),
        Column(_("Country"), lambda row: row.creator.directoryentry.country),
        Column(_("Followers"), lambda row: row.creator.directoryentry.followers_total),
        *(
            Column(one.label, lambda row, key=one.value: getattr(row.creator.directoryentry, key))
            for one in Platform
        ),
        Column(_("Engagement %"), lambda row: share(row.creator.directoryentry.engagement_bp)),
        Column(
            _("Views per follower"),
            lambda row: (
                None
                if row.creator.directoryentry.views_bp is None
                else row.creator.directoryentry.views_bp / 10_000
            ),
        ),
        Column(_("Orders for you"), lambda row: row.orders),
        Column(_("Note of your team"), lambda row: row.note),
        Column(_("Added"), lambda row: day(row.added_at)),
        Column(_("Added by"), lambda row: row.added_by.email if row.added_by else ""),
    ),
)

SAMPLES = Table(
    name="samples",
    title=_("Samples"),
    page="affiliates:brand_samples",
    params=("over",),
    rows=lambda brand, asked: samplelists.of_brand_by_turn(brand, "over" in asked),
    columns=(
        Column(_("Creator"), lambda row: row.creator.display_name),
        Column(_("Handle"), lambda row: row.creator.handle),
        Column(_("Product"), lambda row: row.variant.product.title),
        Column(_("Choice"), lambda row: row.variant.label),
        *shared.SAMPLE,
    ),
)


def _entries(brand: Brand, asked: Asked) -> Rows:
    choice = statements.of_brand(brand, asked.get("currency", ""))
    if choice.account is None:
        return Few([])
    account = choice.account
    return Stream(
        lambda: ((line, choice.currency) for line in ledger.statement(account.pk)),
        lambda: ledger.entry_count(account.pk),
    )


def _with_causes(brand: Brand, rows: Sequence[tuple]) -> Iterable[tuple]:
    currency = rows[0][1]
    account = statements.of_brand(brand, currency).account
    lines = [line for line, _currency in rows]
    return ((row, currency) for row in statements.with_causes(account, lines)) if account else ()


ENTRIES = Table(
    name="entries",
    title=_("Entries of your balance"),
    page="affiliates:balance",
    params=("currency",),
    rows=_entries,
    fill=_with_causes,
    columns=(
        Column(_("Entry"), lambda row: row[0].line.id),
        Column(_("When"), lambda row: row[0].line.posted_at),
        Column(_("What"), lambda row: row[0].label),
        Column(_("Because of"), lambda row: row[0].cause.text),
        Column(_("Amount"), lambda row: money.decimal(row[0].line.amount, row[1])),
        Column(_("Balance after it"), lambda row: money.decimal(row[0].line.balance, row[1])),
        Column(_("Currency"), lambda row: row[1]),
    ),
)

STATEMENT = shared.statement_table("affiliates:balance_statement", statements.of_brand)
LINE = shared.line_table("affiliates:balance_statement", "brand")


def _lines(brand: Brand, _asked: Asked) -> QuerySet[SettlementLine]:
    rows = SettlementLine.objects.filter(brand=brand).select_related("run", "creator")
    return rows.order_by("-run__night", "-id")


LINES = Table(
    name="settled",
    title=_("Settled lines"),
    page="affiliates:balance_statement",
    rows=_lines,
    columns=(
        Column(_("Night"), lambda row: row.run.night),
        Column(_("Creator"), lambda row: f"@{row.creator.handle}"),
        Column(_("Commissions"), lambda row: row.commission_count),
        Column(_("Amount"), lambda row: money.decimal(row.amount, row.currency)),
        Column(_("Currency"), lambda row: row.currency),
    ),
)


def _commissions(brand: Brand, _asked: Asked) -> QuerySet[Commission]:
    rows = Commission.objects.filter(brand=brand).order_by("-created_at", "-id")
    return rows.select_related("order_line__brand_order__order", "creator", "settlement_line__run")


COMMISSIONS = Table(
    name="commissions",
    title=_("Commissions"),
    page="affiliates:balance",
    rows=_commissions,
    columns=(
        Column(_("Sold"), lambda row: row.created_at),
        Column(_("Creator"), lambda row: f"@{row.creator.handle}"),
        Column(_("What"), shared.sold),
        Column(
            _("Order"),
            lambda row: row.order_line.brand_order.order.number if row.order_line else "",
        ),
        Column(_("Kind"), lambda row: row.get_kind_display()),
        Column(_("State"), lambda row: row.get_state_display()),
        Column(
            _("Price without VAT"),
            lambda row: None if row.base is None else money.decimal(row.base, row.currency),
        ),
        Column(_("Rate %"), lambda row: share(row.rate_bp)),
        Column(_("Amount"), lambda row: money.decimal(row.amount, row.currency)),
        Column(_("Currency"), lambda row: row.currency),
        Column(
            _("Night"), lambda row: row.settlement_line.run.night if row.settlement_line else None
        ),
    ),
)


def _invoices(brand: Brand, _asked: Asked) -> QuerySet[BrandInvoice]:
    return brand.invoices.all()


INVOICES = Table(
    name="invoices",
    title=_("Invoices"),
    page="affiliates:balance",
    rows=_invoices,
    columns=(
        Column(_("Number"), lambda row: row.number),
        Column(_("Month"), lambda row: row.month),
        Column(_("Issued"), lambda row: row.issued_on),
        Column(_("Commissions"), lambda row: money.decimal(row.commission, row.currency)),
        Column(_("Our fee"), lambda row: money.decimal(row.fee, row.currency)),
        Column(_("VAT"), lambda row: money.decimal(row.vat, row.currency)),
        Column(_("Total"), lambda row: money.decimal(row.total, row.currency)),
        Column(_("Currency"), lambda row: row.currency),
    ),
)


def _weeks(brand: Brand, asked: Asked) -> Rows:
    weeks = dashboards.WEEKS.get(asked.get("weeks", ""), dashboards.WEEKS["12"])
    board = dashboards.brand_board(brand, weeks, timezone.now())
    return Few([(week, brand.currency) for week in reversed(board.weeks)])


WEEKS = Table(
    name="weeks",
    title=_("Sales by week"),
    page="affiliates:brand_dashboard",
    params=("weeks",),
    rows=_weeks,
    columns=(
        Column(_("Week of"), lambda row: row[0].monday),
        Column(_("Sold before returns"), lambda row: money.decimal(row[0].sold, row[1])),
        Column(_("Sales"), lambda row: money.decimal(row[0].sales, row[1])),
        *(
            Column(
                one.label,
                lambda row, key=one.value: money.decimal(row[0].drawn[key], row[1]),
            )
            for one in Platform
        ),
        Column(_("Pages and codes"), lambda row: money.decimal(row[0].drawn["own"], row[1])),
        Column(_("Currency"), lambda row: row[1]),
    ),
)


def _risk(brand: Brand, _asked: Asked) -> Rows:
    return shared.parts(exposure.of_brand(brand, timezone.now()))


RISK = shared.risk_table("affiliates:brand_risk", _("Sales"), _risk)

ALL = (
    COLLABORATIONS, PARTICIPANTS, LINKS, CLAIMS, SHORTLIST, SAMPLES, ENTRIES, STATEMENT, LINE,
    LINES, COMMISSIONS, INVOICES, WEEKS, RISK,
)  # fmt: skip
