"""The tables of the market that a brand sees, for it to take along; the shop's are beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
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
    ShortlistEntry,
)
from affiliates.models.links import PostedOn
from affiliates.tables import doors, shared
from config.lib.http import whole
from config.lib.tables import Asked, Column, Few, Nothing, Rows, Stream, Table, amount, on, percent
from creators.models import Platform
from shop.models import Brand

COLLABORATIONS = Table(
    name="collaborations",
    title=_("Collaborations"),
    page="affiliates:collaborations",
    rows=lambda brand, _asked: collaborations.listed(brand),
    columns=(
        Column(_("Collaboration"), "name"),
        Column(_("Kind"), "get_kind_display"),
        percent(_("Rate %"), "rate_bp"),
        on(_("From"), "starts_at"),
        on(_("To"), "ends_at"),
        Column(_("Links"), "link_count"),
        Column(_("Creators"), "creator_count"),
        Column(_("Samples"), "gives_samples"),
        amount(_("Budget"), "budget", "brand.currency"),
        amount(_("Fee for a post"), "flat_fee", "brand.currency"),
        Column(_("Currency"), "brand.currency"),
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
        *shared.PERSON,
        Column(_("Collaboration"), "collaboration.name"),
        Column(_("State"), "get_state_display"),
        Column(_("Asked"), "asked_at"),
        Column(_("Answered"), "answered_at"),
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
    return gettext("own page") if platform == PostedOn.PAGE else str(PostedOn(platform).label)


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
        Column(_("Creator"), "name"),
        Column(_("Handle"), "handle"),
        Column(_("Posted on"), "platform"),
        Column(_("Links"), "links"),
        Column(_("Clicks"), "sums.clicks"),
        Column(_("Visitors per day"), "sums.visitors"),
        Column(_("Orders"), "sums.orders"),
        percent(_("Orders per click %"), "sums.conversion_bp"),
        amount(_("Commission"), "sums.income"),
        Column(_("Currency"), "currency"),
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
        Column(_("Order"), "order"),
        Column(_("Paid"), "paid_on"),
        Column(_("Product"), "title"),
        Column(_("Creator"), "handle"),
        Column(_("Why"), lambda row: rule_label(row.rule)),
        Column(_("Click on Thousand"), "ours_at"),
        Column(_("Your own programme"), "own_at"),
        amount(_("Commission"), "commission"),
        Column(_("Currency"), "currency"),
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
        *shared.PERSON,
        Column(_("Page"), lambda row: settings.SITE_URL + row.creator.get_absolute_url()),
        Column(_("Country"), "creator.directoryentry.country"),
        Column(_("Followers"), "creator.directoryentry.followers_total"),
        *(Column(one.label, f"creator.directoryentry.{one.value}") for one in Platform),
        percent(_("Engagement %"), "creator.directoryentry.engagement_bp"),
        Column(
            _("Views per follower"),
            lambda row: (
                None
                if row.creator.directoryentry.views_bp is None
                else row.creator.directoryentry.views_bp / 10_000
            ),
        ),
        Column(_("Orders for you"), "orders"),
        Column(_("Note of your team"), "note"),
        on(_("Added"), "added_at"),
        Column(_("Added by"), "added_by.email"),
    ),
)

SAMPLES = Table(
    name="samples",
    title=_("Samples"),
    page="affiliates:brand_samples",
    params=("over",),
    rows=lambda brand, asked: samplelists.of_brand_by_turn(brand, "over" in asked),
    columns=(
        *shared.PERSON,
        Column(_("Product"), "variant.product.title"),
        Column(_("Choice"), "variant.label"),
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
        Column(_("Entry"), "0.line.id"),
        Column(_("When"), "0.line.posted_at"),
        Column(_("What"), "0.label"),
        Column(_("Because of"), "0.cause.text"),
        amount(_("Amount"), "0.line.amount", "1"),
        amount(_("Balance after it"), "0.line.balance", "1"),
        Column(_("Currency"), "1"),
    ),
)

STATEMENT = shared.statement_table("affiliates:balance_statement", statements.of_brand)
LINE = shared.line_table("affiliates:balance_statement", "brand")


LINES = shared.settled_table("affiliates:balance_statement", "brand")


def _commissions(brand: Brand, _asked: Asked) -> QuerySet[Commission]:
    rows = Commission.objects.filter(brand=brand).order_by("-created_at", "-id")
    return rows.select_related("order_line__brand_order__order", "creator", "settlement_line__run")


COMMISSIONS = Table(
    name="commissions",
    title=_("Commissions"),
    page="affiliates:balance",
    rows=_commissions,
    columns=(
        Column(_("Sold"), "created_at"),
        shared.HANDLE,
        Column(_("What"), shared.sold),
        Column(_("Order"), "order_line.brand_order.order.number"),
        Column(_("Kind"), "get_kind_display"),
        Column(_("State"), "get_state_display"),
        amount(_("Price without VAT"), "base"),
        percent(_("Rate %"), "rate_bp"),
        amount(_("Amount"), "amount"),
        Column(_("Currency"), "currency"),
        Column(_("Night"), "settlement_line.run.night"),
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
        Column(_("Number"), "number"),
        Column(_("Month"), "month"),
        Column(_("Issued"), "issued_on"),
        amount(_("Commissions"), "commission"),
        amount(_("Our fee"), "fee"),
        amount(_("VAT"), "vat"),
        amount(_("Total"), "total"),
        Column(_("Currency"), "currency"),
    ),
)


def _weeks(brand: Brand, asked: Asked) -> Rows:
    return Few([(week, brand.currency) for week in reversed(_board(brand, asked).weeks)])


WEEKS = Table(
    name="weeks",
    title=_("Sales by week"),
    page="affiliates:brand_dashboard",
    params=("weeks",),
    rows=_weeks,
    columns=(
        Column(_("Week of"), "0.monday"),
        amount(_("Sold before returns"), "0.sold", "1"),
        amount(_("Sales"), "0.sales", "1"),
        *(amount(one.label, f"0.drawn.{one.value}", "1") for one in Platform),
        amount(_("Pages and codes"), "0.drawn.own", "1"),
        Column(_("Currency"), "1"),
    ),
)


def _board(brand: Brand, asked: Asked) -> dashboards.BrandBoard:
    weeks = dashboards.WEEKS.get(asked.get("weeks", ""), dashboards.WEEKS["12"])
    return dashboards.brand_board(brand, weeks, timezone.now())


BY_PLATFORM = Table(
    name="sales-by-platform",
    title=_("Sales by platform"),
    page="affiliates:brand_dashboard",
    params=("weeks",),
    rows=lambda brand, asked: Few(
        [(key, one, brand.currency) for key, one in _board(brand, asked).by_platform]
    ),
    columns=(
        Column(
            _("Platform"),
            lambda row: (
                gettext("Pages and codes") if row[0] == "own" else str(Platform(row[0]).label)
            ),
        ),
        Column(_("Orders"), "1.orders"),
        amount(_("Sales"), "1.sales", "2"),
        amount(_("You pay"), "1.cost", "2"),
        percent(_("Costs you %"), "1.cost_bp"),
        Column(_("Currency"), "2"),
    ),
)

BEST = Table(
    name="best-products",
    title=_("Products that sell best"),
    page="affiliates:brand_dashboard",
    params=("weeks",),
    rows=lambda brand, asked: Few(_board(brand, asked).products),
    columns=(
        Column(_("Product"), "product.title"),
        percent(_("Commission %"), "rate_bp"),
        amount(_("A creator earns"), "earns", "product.currency"),
        Column(_("Currency"), "product.currency"),
        Column(_("Creators"), "creators"),
        Column(_("Sold"), "sum.quantity"),
        Column(_("Came back %"), "sum.back_share"),
        percent(_("Costs you %"), "sum.cost_bp"),
        Column(_("Stock"), lambda row: gettext("unlimited") if row.stock is None else row.stock),
    ),
)


def _risk(brand: Brand, _asked: Asked) -> Rows:
    return shared.parts(exposure.of_brand(brand, timezone.now()))


RISK = shared.risk_table("affiliates:brand_risk", _("Sales"), _risk)

REACH = shared.reach_table(
    "affiliates:brand_risk",
    lambda brand, _asked: Few(exposure.of_brand(brand, timezone.now()).reach),
)

ALL = (
    COLLABORATIONS, PARTICIPANTS, LINKS, CLAIMS, SHORTLIST, SAMPLES, ENTRIES, STATEMENT, LINE,
    LINES, COMMISSIONS, INVOICES, WEEKS, BY_PLATFORM, BEST, RISK, REACH, *doors.of("brand"),
)  # fmt: skip
