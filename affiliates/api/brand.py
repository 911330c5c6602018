"""What a brand's token may read and do: what the brand's pages show, by the same functions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from django.conf import settings
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, QueryDict
from django.utils import timezone
from ninja import Header, Query, Router, Schema, Status
from pydantic import BeforeValidator

from affiliates import candidates
from affiliates.api import paging
from affiliates.api.problems import Problem
from affiliates.api.schemas import brand as schemas
from affiliates.api.schemas.shared import Money
from affiliates.api.tokens import Token, limit
from affiliates.forms import discover
from affiliates.models import Collaboration
from config.lib.http import whole
from creators import directory, seen, smallfirst
from creators.models import Niche, Platform
from shop import ownorders, ownshops, stock
from shop.models import BrandOrder, Integration, OrderLine, Product, Variant, WebhookEvent
from shop.ownshops import words

router = Router(tags=["Brand"])
SEARCHES_PER_MINUTE = 30
After = Annotated[str, Query(max_length=400, description="The cursor of the page before.")]
Limit = Annotated[int, Query(ge=1, le=paging.MOST, description="Rows of a page.")]


def _options(found: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in found]


# ------------------------------------------------------------------ products and stock


@router.get("/products", response=schemas.ProductPage, auth=Token("products:read"))
def products(
    request: HttpRequest,
    status: Literal["draft", "active", "archived"] | None = None,
    after: After = "",
    limit: Limit = paging.LIMIT,
):
    """Your products with their variants, oldest first."""
    rows = _products(request)
    rows = rows.filter(status=status) if status else rows
    page, cursor = paging.by_id(rows, "products", after, limit)
    return {"data": [_product(row) for row in page], "next": cursor}


@router.get("/products/{int:product_id}", response=schemas.ProductOut, auth=Token("products:read"))
def product(request: HttpRequest, product_id: int):
    """One product."""
    row = _products(request).filter(pk=product_id).first()
    if row is None:
        raise Http404
    return _product(row)


def _products(request: HttpRequest):
    rows = Product.objects.filter(brand=request.auth.brand)
    return rows.select_related("brand").defer("description", "search").prefetch_related("variants")


def _product(row: Product) -> dict[str, object]:
    return {
        "id": row.pk, "slug": row.slug, "title": row.title, "status": row.status,
        "missing": row.missing, "sells_at": row.sells_at, "external_id": row.external_id,
        "url": settings.SITE_URL + row.get_absolute_url(), "updated_at": row.updated_at,
        "variants": [
            {
                "id": one.pk, "sku": one.sku, "options": _options(one.options),
                "price": Money.of(one.price, row.currency), "is_active": one.is_active,
                "available": one.available,
            }
            for one in row.variants.all()
        ],
    }  # fmt: skip


@router.get("/stock", response=schemas.StockPage, auth=Token("stock:read"))
def stock_list(
    request: HttpRequest,
    sku: Annotated[str, Query(max_length=120, pattern=r"^[^\x00]*$")] = "",
    after: After = "",
    limit: Limit = paging.LIMIT,
):
    """What lies on the shelf of each variant, or of one SKU."""
    rows = Variant.objects.filter(brand=request.auth.brand)
    rows = rows.filter(sku=sku) if sku else rows
    page, cursor = paging.by_id(rows, "stock", after, limit)
    return {"data": [_stock(row) for row in page], "next": cursor}


@router.post("/stock", response=schemas.StockSet, auth=Token("stock:write"))
def stock_set(request: HttpRequest, body: schemas.StockCounts):
    """Set what lies on the shelf. What open orders have reserved stays covered."""
    counts = {one.sku: one.on_hand for one in body.data}
    rows = stock.count(request.auth.brand, counts)
    known = {row.sku for row in rows}
    return {
        "data": [_stock(row) for row in rows],
        "left_out": [sku for sku in counts if sku not in known],
    }


def _stock(row: Variant) -> dict[str, object]:
    return {
        "sku": row.sku, "product": row.product_id, "on_hand": row.stock, "reserved": row.reserved,
    }  # fmt: skip


# ------------------------------------------------------------------ collaborations and creators


@router.get(
    "/collaborations", response=schemas.CollaborationPage, auth=Token("collaborations:read")
)
def collaborations(request: HttpRequest, after: After = "", limit: Limit = paging.LIMIT):
    """What you offer to creators, newest first."""
    rows = Collaboration.objects.filter(brand=request.auth.brand)
    page, cursor = paging.by_id(rows, "collaborations", after, limit, newest=True)
    currency = request.auth.brand.currency
    return {"data": [_collaboration(row, currency) for row in page], "next": cursor}


def _collaboration(row: Collaboration, currency: str) -> dict[str, object]:
    return {
        "id": row.pk, "kind": row.kind, "name": row.name, "rate_bp": row.rate_bp,
        "hold_days": row.hold_days, "window_days": row.window_days,
        "min_followers": row.min_followers, "flat_fee": Money.of(row.flat_fee, currency),
        "budget": None if row.budget is None else Money.of(row.budget, currency),
        "budget_spent_at": row.budget_spent_at, "starts_at": row.starts_at, "ends_at": row.ends_at,
    }  # fmt: skip


def _steps(name: str) -> object:
    """Return the type of a choice of the page's search form."""
    field = discover.DiscoverForm.base_fields[name]
    steps = Literal[tuple(int(value) for value, _said in field.choices if value)]
    return Annotated[steps, BeforeValidator(_number)]


def _number(value: object) -> object:
    """Return the number that a query spells; what spells none is refused by its type."""
    return int(value) if isinstance(value, str) and whole(value) is not None else value


class Search(Schema):
    """What is asked of the directory: the fields of the search page."""

    q: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")] = ""
    platform: list[Literal[tuple(Platform.values)]] = []  # type: ignore[valid-type]
    any_size: bool = Query(False, description="Not only creators with 1,000 to 50,000 followers.")
    followers_min: _steps("followers_min") | None = None  # type: ignore[valid-type]
    followers_max: _steps("followers_max") | None = None  # type: ignore[valid-type]
    engagement_band: _steps("engagement_band") | None = None  # type: ignore[valid-type]
    engagement_min: _steps("engagement_min") | None = None  # type: ignore[valid-type]
    score_min: _steps("score_min") | None = None  # type: ignore[valid-type]
    samples_min: _steps("samples_min") | None = None  # type: ignore[valid-type]
    sold: bool = Query(False, description="Sold something in the last 90 days.")
    niche: Annotated[str, Query(max_length=40, pattern=r"^[-a-z0-9]*$")] = ""
    country: Literal[("", *discover.COUNTRIES)] = ""  # type: ignore[valid-type]
    language: Literal[("", *discover.LANGUAGES)] = ""  # type: ignore[valid-type]
    sort: Literal[tuple(directory.SORTS)] = "fit"  # type: ignore[valid-type]

    def as_form(self) -> QueryDict:
        """Return what a browser would send for it."""
        sent = QueryDict(mutable=True)
        for name, value in self.dict(exclude={"any_size", "platform"}).items():
            if name.startswith("followers_") and value is None and not self.any_size:
                continue  # the page's own range
            sent[name] = "" if value is None or value is False else str(value)
        sent.setlist("platform", self.platform)
        return sent


@router.get("/creators", response=schemas.CreatorPage, auth=Token("creators:read"))
def creators(request: HttpRequest, search: Query[Search], after: After = ""):
    """Creators as your search page finds them, twelve at a time: the same order, the same places
    kept for small and new ones, and the same facts. A page counts as one look of yours at them.
    """
    limit("api_search", str(request.auth.pk), SEARCHES_PER_MINUTE)
    now = timezone.now()
    niches = list(Niche.objects.all())
    form = discover.DiscoverForm(search.as_form(), niches=niches)
    filters = form.filters()
    if form.errors:  # a niche that there is not
        return {"data": [], "next": None, "count": 0}
    cursor = paging.decode("creators", after, 1)[0] if after else ""
    if not isinstance(cursor, str):
        raise Problem("bad-cursor")
    resting = seen.resting(now)
    page = directory.search(
        filters, cursor=cursor, size=smallfirst.OF, at=now, resting=resting
    )  # fmt: skip
    if page.count > smallfirst.OF:
        seen.record(page.entries, now, resting, request.auth.brand.pk)
    cards = candidates.of(request.auth.brand, page.entries, niches, now)
    following = paging.encode("creators", page.next_cursor) if page.next_cursor else None
    return {"data": [_creator(card) for card in cards], "next": following, "count": page.count}


def _creator(card: candidates.Candidate) -> dict[str, object]:
    entry, her = card.entry, card.creator
    return {
        "id": her.pk, "handle": her.handle, "display_name": her.display_name,
        "url": settings.SITE_URL + her.get_absolute_url(), "country": entry.country,
        "languages": entry.languages, "niches": entry.niches, "followers": card.mix,
        "engagement_bp": entry.engagement_bp, "views_bp": entry.views_bp, "score": entry.score,
        "fit": entry.fit,
        "why": [
            {"name": part.name, "text": part.text, "points": part.points, "of": part.of}
            for part in card.fit
        ],
        "kept_place": card.kept_place, "orders_for_you": card.orders,
        "orders_90d": None if card.orders else entry.orders_90d, "invitation": card.asked.state if card.asked else "",
    }  # fmt: skip


# ------------------------------------------------------------------ orders


@router.get("/orders", response=schemas.OrderPage, auth=Token("orders:read"))
def orders(request: HttpRequest, after: After = "", limit: Limit = paging.LIMIT):
    """Your part of orders that are paid, the newest payment first."""
    page, cursor = paging.by_moment(_orders(request), "orders", "paid_at", after, limit)
    return {"data": [_order(part) for part in page], "next": cursor}


@router.get("/orders/{int:order_id}", response=schemas.OrderOut, auth=Token("orders:read"))
def order(request: HttpRequest, order_id: int):
    """Your part of one order."""
    part = _orders(request).filter(pk=order_id).first()
    if part is None:
        raise Http404
    return _order(part)


def _orders(request: HttpRequest):
    lines = Prefetch("lines", OrderLine.objects.select_related("variant").order_by("pk"))
    rows = BrandOrder.objects.filter(brand=request.auth.brand, paid_at__isnull=False)
    return rows.select_related("order").prefetch_related(lines)


def _order(part: BrandOrder) -> dict[str, object]:
    sold, lines = part.order, list(part.lines.all())

    def money(amount: int) -> Money:
        return Money.of(amount, sold.currency)

    return {
        "id": part.pk, "number": sold.number, "own_shop": sold.own_shop, "paid_at": part.paid_at,
        "shipped_at": part.shipped_at, "delivered_at": part.delivered_at,
        "invoice_number": part.invoice_number, "shipping": money(part.shipping_gross),
        "total": money(part.shipping_gross + sum(line.gross for line in lines)),
        "ship_to": {
            name: getattr(sold, name)
            for name in ("name", "address", "postal_code", "city", "country", "email", "phone")
        },
        "lines": [
            {
                "id": line.pk, "sku": line.variant.sku, "title": line.title,
                "options": _options(line.options), "quantity": line.quantity,
                "unit_price": money(line.unit_price), "discount": money(line.discount),
                "gross": money(line.gross), "tax": money(line.tax), "net": money(line.net),
                "given_back": money(line.refunded_gross),
            }
            for line in lines
        ],
    }  # fmt: skip


@router.post(
    "/conversions",
    response={200: schemas.ConversionOut, 202: schemas.ConversionOut},
    auth=Token("conversions:write"),
)
def conversion(
    request: HttpRequest,
    body: schemas.ConversionIn,
    idempotency_key: Annotated[
        str, Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,255}$", description="Of this message: sent again with it, the same body changes nothing.")
    ],
    shop: Annotated[str, Query(max_length=120, description="Domain of the shop, where you connected several.")] = "",
):  # fmt: skip
    """Report an order of your own shop as it is now, and again whenever it changes.

    202 where others hold the order right now: it is kept, and applied in a moment. It takes a shop that is connected by our API (Your own shop, Another shop). Each message has an
    Idempotency-Key of its own.
    """
    brand, now = request.auth.brand, timezone.now()
    integration = _shop(brand, shop)
    headers: Mapping[str, str] = {"Idempotency-Key": idempotency_key}
    digest = hashlib.sha256(request.body).hexdigest()
    try:
        told = ownshops.parse(integration.provider, headers, request.body, brand.currency)
        row = ownorders.receive(integration, told, digest, now)
    except ownshops.BadBody as error:
        raise Problem("refused", str(error)) from error
    except ownorders.Altered as error:
        raise Problem("altered") from error
    except ownorders.Busy:
        return Status(202, {"outcome": "kept", "note": "", "order": None})
    if row.outcome == WebhookEvent.Outcome.REFUSED:
        raise Problem("refused", words.say(row.note))
    number = row.order.number if row.order_id else None
    return {"outcome": row.outcome, "note": words.say(row.note), "order": number}


def _shop(brand, domain: str) -> Integration:
    rows = brand.integrations.select_related("brand")
    found = list(
        rows.filter(provider=Integration.Provider.API, **({"domain": domain} if domain else {}))
    )
    if not found:
        raise Problem("no-shop", "Connect it on the page of your own shop first.")
    if len(found) > 1:
        known = ", ".join(one.domain for one in found)
        raise Problem("invalid", f"Say which shop in the parameter shop: {known}.")
    return found[0]
