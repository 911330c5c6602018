"""The tables of the shop that a brand sees, for it to take along."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.lib import money
from config.lib.http import whole
from config.lib.tables import Asked, Column, Few, Nothing, Table, amount, day, on
from shop import discounts, orderlists, ordersheets, pictures, productlists, pushes
from shop.models import Brand, Feed, FeedProblem, FeedRun, Image, Membership, WebhookEvent
from shop.ownshops import words

ORDERS = Table(
    name="orders",
    title=_("Orders"),
    page="shop:brand_orders",
    params=("state", "q"),
    rows=orderlists.found,
    fill=lambda _brand, rows: orderlists.with_sums(rows),
    columns=(
        Column(_("Order"), "order.number"),
        Column(_("Paid"), "paid_at"),
        Column(_("Where it is"), "progress"),
        on(_("Sent"), "shipped_at"),
        on(_("Delivered"), "delivered_at"),
        Column(_("City"), "order.city"),
        Column(_("Country"), "order.country"),
        Column(_("Pieces"), "pieces"),
        amount(_("Goods"), "goods", "order.currency"),
        amount(_("Delivery"), "shipping_gross", "order.currency"),
        amount(_("Amount"), "total", "order.currency"),
        Column(_("Currency"), "order.currency"),
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
        Column(_("Product"), "title"),
        Column(_("Number"), lambda row: row.external_id or ""),
        Column(_("Shelf"), "category.label"),
        amount(_("Price"), "price_from"),
        Column(_("Currency"), "currency"),
        Column(_("Variants"), "variant_count"),
        Column(_("In stock"), "in_stock"),
        Column(_("Status"), "get_status_display"),
        Column(_("Still needs"), lambda row: ", ".join(map(str, productlists.lacks(row)))),
        Column(_("Changed"), "updated_at"),
    ),
)

DISCOUNTS = Table(
    name="discounts",
    title=_("Discount codes"),
    page="shop:discounts",
    rows=lambda brand, _asked: Few(discounts.of_brand(brand)),
    columns=(
        Column(_("Code"), "code"),
        Column(_("Takes off"), lambda row: discounts.gives(row)),
        amount(_("From an amount of"), "minimum", "brand.currency"),
        on(_("From"), "starts_at"),
        Column(_("To"), lambda row: day(row.stopped_at or row.ends_at)),
        Column(_("Used"), "used"),
        Column(_("At most"), "most_uses"),
        Column(
            _("Taken off, paid orders"),
            lambda row: money.decimal(row.given or 0, row.brand.currency),
        ),
        Column(_("Currency"), "brand.currency"),
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
        Column(_("Name"), "user.get_full_name"),
        Column(_("E-mail"), "user.email"),
        Column(_("Role"), "get_role_display"),
        on(_("Since"), "created_at"),
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
        Column(_("File"), "feed.name"),
        Column(_("When"), "started_at"),
        Column(_("Result"), "get_state_display"),
        Column(_("Rows read"), "rows_read"),
        Column(_("New"), "added"),
        Column(_("Changed"), "changed"),
        Column(_("Unchanged"), "unchanged"),
        Column(_("Taken off"), "removed"),
        Column(_("Problems"), "problem_count"),
    ),
)


def _run(brand: Brand, asked: Asked) -> FeedRun:
    run = FeedRun.objects.filter(feed__brand=brand, pk=whole(asked.get("run", "")) or 0).first()
    if run is None:
        raise Nothing("no such import of this brand")
    return run


def _problems(brand: Brand, asked: Asked) -> QuerySet[FeedProblem]:
    return _run(brand, asked).problems.all()


PROBLEMS = Table(
    name="import-problems",
    title=_("Problems of an import"),
    page="shop:feeds",
    params=("run",),
    rows=_problems,
    columns=(
        Column(_("Line"), "line"),
        Column(_("Field"), "field"),
        Column(_("Value"), "value"),
        Column(_("Reason"), "reason"),
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
        Column(_("Message"), "kind"),
        Column(_("Shop"), "integration.domain"),
        Column(_("Order"), "about"),
        Column(_("When"), "received_at"),
        Column(_("What became of it"), "get_outcome_display"),
        Column(_("Note"), lambda row: words.say(row.note)),
    ),
)

PUSHES = Table(
    name="shop-pushes",
    title=_("What stands still between here and your shop"),
    page="shop:integrations",
    rows=lambda brand, _asked: pushes.still(brand.pk),
    columns=(
        Column(_("Order"), "brand_order.order.number"),
        Column(
            _("What"), lambda row: gettext("given back") if row.refund_id else gettext("the sale")
        ),
        amount(_("Amount"), "refund.amount", "refund.currency"),
        Column(_("Currency"), "refund.currency"),
        Column(_("Shop"), "stockroom.integration.domain"),
        Column(
            _("State"),
            lambda row: (
                gettext("cancelled there") if row.state == "sent" else row.get_state_display()
            ),
        ),
        Column(_("Note"), lambda row: words.say(row.problem)),
        Column(_("Tries"), "attempts"),
        Column(_("Next attempt"), lambda row: row.next_try_at if row.state == "waiting" else None),
    ),
)


def _catalogues(brand: Brand, _asked: Asked) -> QuerySet[Feed]:
    return Feed.objects.filter(brand=brand).exclude(url="")


CATALOGUES = Table(
    name="catalogues",
    title=_("Catalogues behind an address"),
    page="shop:feeds",
    rows=_catalogues,
    columns=(
        Column(_("Catalogue"), "name"),
        Column(_("Address"), "url"),
        Column(_("Read"), "get_every_hours_display"),
        Column(_("Next time"), "next_at"),
        Column(_("Failed in a row"), "failures"),
    ),
)


def _pictures(brand: Brand, asked: Asked) -> QuerySet[Image]:
    rows = pictures.of_feed(_run(brand, asked).feed).failed().select_related("product")
    return rows.order_by("next_try_at", "id")


PICTURES = Table(
    name="import-pictures",
    title=_("Pictures that could not be fetched"),
    page="shop:feeds",
    params=("run",),
    rows=_pictures,
    columns=(
        Column(_("Product"), "product.title"),
        Column(_("Address"), "source_url"),
        Column(_("Reason"), lambda row: pictures.why(row.problem)),
        Column(_("Next attempt"), "next_try_at"),
    ),
)

ALL = (
    ORDERS, ordersheets.LINES, ordersheets.DOCUMENTS, PRODUCTS, DISCOUNTS, TEAM, IMPORTS, PROBLEMS,
    EVENTS, PUSHES, CATALOGUES, PICTURES,
)  # fmt: skip
