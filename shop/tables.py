"""The tables of the shop that a brand sees, for it to take along."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.lib import money
from config.lib.http import whole
from config.lib.tables import Asked, Column, Few, Nothing, Table, day
from shop import discounts, orderlists, ordersheets, productlists
from shop.models import Brand, FeedProblem, FeedRun, Membership, WebhookEvent
from shop.ownshops import words

ORDERS = Table(
    name="orders",
    title=_("Orders"),
    page="shop:brand_orders",
    params=("state", "q"),
    rows=orderlists.found,
    fill=lambda _brand, rows: orderlists.with_sums(rows),
    columns=(
        Column(_("Order"), lambda row: row.order.number),
        Column(_("Paid"), lambda row: row.paid_at),
        Column(_("Where it is"), lambda row: row.progress),
        Column(_("Sent"), lambda row: day(row.shipped_at)),
        Column(_("Delivered"), lambda row: day(row.delivered_at)),
        Column(_("City"), lambda row: row.order.city),
        Column(_("Country"), lambda row: row.order.country),
        Column(_("Pieces"), lambda row: row.pieces),
        Column(_("Goods"), lambda row: money.decimal(row.goods, row.order.currency)),
        Column(_("Delivery"), lambda row: money.decimal(row.shipping_gross, row.order.currency)),
        Column(_("Amount"), lambda row: money.decimal(row.total, row.order.currency)),
        Column(_("Currency"), lambda row: row.order.currency),
        Column(_("Invoice"), lambda row: row.invoice_number or ""),
    ),
)

PRODUCTS = Table(
    name="products",
    title=_("Products"),
    page="shop:products",
    params=("status", "q"),
    rows=productlists.listed,
    columns=(
        Column(_("Product"), lambda row: row.title),
        Column(_("Number"), lambda row: row.external_id or ""),
        Column(_("Shelf"), lambda row: row.category.label if row.category else ""),
        Column(
            _("Price"),
            lambda row: (
                None if row.price_from is None else money.decimal(row.price_from, row.currency)
            ),
        ),
        Column(_("Currency"), lambda row: row.currency),
        Column(_("Variants"), lambda row: row.variant_count),
        Column(_("In stock"), lambda row: _("yes") if row.in_stock else _("no")),
        Column(_("Status"), lambda row: row.get_status_display()),
        Column(_("Still needs"), lambda row: ", ".join(map(str, productlists.lacks(row)))),
        Column(_("Changed"), lambda row: row.updated_at),
    ),
)

DISCOUNTS = Table(
    name="discounts",
    title=_("Discount codes"),
    page="shop:discounts",
    rows=lambda brand, _asked: Few(discounts.of_brand(brand)),
    columns=(
        Column(_("Code"), lambda row: row.code),
        Column(_("Takes off"), lambda row: discounts.gives(row)),
        Column(_("From an amount of"), lambda row: money.decimal(row.minimum, row.brand.currency)),
        Column(_("From"), lambda row: day(row.starts_at)),
        Column(_("To"), lambda row: day(row.stopped_at or row.ends_at)),
        Column(_("Used"), lambda row: row.used),
        Column(_("At most"), lambda row: row.most_uses),
        Column(
            _("Taken off, paid orders"),
            lambda row: money.decimal(row.given or 0, row.brand.currency),
        ),
        Column(_("Currency"), lambda row: row.brand.currency),
        Column(_("Products"), lambda row: ", ".join(one.title for one in row.products.all())),
    ),
)


def _team(brand: Brand, _asked: Asked) -> QuerySet[Membership]:
    return brand.memberships.select_related("user").order_by("-role", "created_at")


TEAM = Table(
    name="team",
    title=_("Team"),
    page="shop:team",
    rows=_team,
    columns=(
        Column(_("Name"), lambda row: row.user.get_full_name()),
        Column(_("E-mail"), lambda row: row.user.email),
        Column(_("Role"), lambda row: row.get_role_display()),
        Column(_("Since"), lambda row: day(row.created_at)),
    ),
)


def _imports(brand: Brand, _asked: Asked) -> QuerySet[FeedRun]:
    return FeedRun.objects.filter(feed__brand=brand).select_related("feed")


IMPORTS = Table(
    name="imports",
    title=_("Imports of catalogues"),
    page="shop:feeds",
    rows=_imports,
    columns=(
        Column(_("File"), lambda row: row.feed.name),
        Column(_("When"), lambda row: row.started_at),
        Column(_("Result"), lambda row: row.get_state_display()),
        Column(_("Rows read"), lambda row: row.rows_read),
        Column(_("New"), lambda row: row.added),
        Column(_("Changed"), lambda row: row.changed),
        Column(_("Unchanged"), lambda row: row.unchanged),
        Column(_("Taken off"), lambda row: row.removed),
        Column(_("Problems"), lambda row: row.problem_count),
    ),
)


def _problems(brand: Brand, asked: Asked) -> QuerySet[FeedProblem]:
    run = FeedRun.objects.filter(feed__brand=brand, pk=whole(asked.get("run", "")) or 0).first()
    if run is None:
        raise Nothing("no such import of this brand")
    return run.problems.all()


PROBLEMS = Table(
    name="import-problems",
    title=_("Problems of an import"),
    page="shop:feeds",
    params=("run",),
    rows=_problems,
    columns=(
        Column(_("Line"), lambda row: row.line),
        Column(_("Field"), lambda row: row.field),
        Column(_("Value"), lambda row: row.value),
        Column(_("Reason"), lambda row: row.reason),
    ),
)


def _events(brand: Brand, _asked: Asked) -> QuerySet[WebhookEvent]:
    rows = WebhookEvent.objects.filter(integration__brand=brand).order_by("-pk")
    return rows.select_related("integration")


EVENTS = Table(
    name="shop-messages",
    title=_("Messages of your own shop"),
    page="shop:integrations",
    rows=_events,
    columns=(
        Column(_("Message"), lambda row: row.kind),
        Column(_("Shop"), lambda row: row.integration.domain),
        Column(_("Order"), lambda row: row.about),
        Column(_("When"), lambda row: row.received_at),
        Column(_("What became of it"), lambda row: row.get_outcome_display()),
        Column(_("Note"), lambda row: words.say(row.note)),
    ),
)

ALL = (
    ORDERS, ordersheets.LINES, ordersheets.DOCUMENTS, PRODUCTS, DISCOUNTS, TEAM, IMPORTS, PROBLEMS,
    EVENTS,
)  # fmt: skip
