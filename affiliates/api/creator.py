"""What a creator's token may read and do: what her pages show, by the same functions."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from affiliates import clock, linkreports, links
from affiliates.api import paging
from affiliates.api.brand import After, Limit
from affiliates.api.problems import Problem
from affiliates.api.schemas import creator as schemas
from affiliates.api.schemas.shared import Money
from affiliates.api.tokens import Token
from affiliates.models import Commission, Link, LinkDay
from shop.models import Brand, Product

router = Router(tags=["Creator"])
# Why no link is taken, as a problem; the first that fits.
WHY_NOT = (
    (links.PlatformOff, "platform-off"),
    (links.NotEnrolled, "not-enrolled"),
    (links.TermsMissing, "terms-missing"),
    (links.NoOffer, "no-offer"),
    (links.LinkBlocked, "link-blocked"),
    (links.BrandShort, "brand-short"),
    (links.ShopUntested, "shop-untested"),
)


@router.get("/links", response=schemas.LinkPage, auth=Token("links:read"))
def own_links(request: HttpRequest, after: After = "", limit: Limit = paging.LIMIT):
    """Your links with what each brought, newest first."""
    page, cursor = paging.by_id(_links(request), "links", after, limit, newest=True)
    return {"data": [_link(row) for row in linkreports.rows(page)], "next": cursor}


@router.get("/links/{int:link_id}", response=schemas.LinkOut, auth=Token("links:read"))
def link(request: HttpRequest, link_id: int):
    """One link."""
    found = list(_links(request).filter(pk=link_id))
    if not found:
        raise Http404
    return _link(linkreports.rows(found)[0])


def _links(request: HttpRequest):
    rows = Link.objects.filter(creator=request.auth.creator, collaboration__isnull=False)
    return rows.select_related("product__brand", "collaboration__brand", "creator")


def _link(row: linkreports.Row) -> dict[str, object]:
    found = row.link
    return {
        "id": found.pk, "url": row.url, "code": found.code,
        "brand": found.collaboration.brand.slug,
        "product": found.product.slug if found.product else None, "platform": found.platform,
        "is_active": found.is_active, "rate_bp": found.taken_bp,
        "rate_locked_until": found.rate_locked_until, "clicks": row.clicks, "orders": row.orders,
        "earned": Money.of(row.earned, row.currency), "created_at": found.created_at,
    }  # fmt: skip


@router.post(
    "/links", response={200: schemas.LinkOut, 201: schemas.LinkOut}, auth=Token("links:write")
)
def link_take(request: HttpRequest, body: schemas.LinkIn):
    """Take a link of a product, or of a brand's whole shop, for one platform.

    201 for a new one, 200 for one that you had: it is on again if it was off.
    """
    creator, at = request.auth.creator, timezone.now()
    product = brand = None
    if body.product is not None:
        rows = Product.objects.on_sale().select_related("brand", "category")
        product = rows.filter(brand__slug=body.brand, slug=body.product).first()
    else:
        brand = Brand.objects.active().filter(slug=body.brand).first()
    if product is None and brand is None:
        raise Http404
    try:
        found = links.take(creator, product=product, brand=brand, platform=body.platform, at=at)
    except links.QuotaReached as full:
        wait_s = max(1, int((full.again_at - at).total_seconds()))
        said = f"{full.limit} new products a week."
        raise Problem("quota-reached", said, {"Retry-After": str(wait_s)}) from full
    except tuple(error for error, _code in WHY_NOT) as error:
        code = next(code for kind, code in WHY_NOT if isinstance(error, kind))
        raise Problem(code) from error
    row = _links(request).get(pk=found.pk)
    status = 201 if row.created_at == at else 200
    return Status(status, _link(linkreports.report(row)))


@router.get("/clicks", response=schemas.ClicksPage, auth=Token("clicks:read"))
def clicks(
    request: HttpRequest,
    link: Annotated[int, Query(ge=0, description="Its id; 0: all of them.")] = 0,
    after: After = "",
    limit: Limit = paging.LIMIT,
):
    """Clicks, orders and income of your links by day, the newest day first; or of one link."""
    rows = LinkDay.objects.filter(
        link__creator=request.auth.creator, link__collaboration__isnull=False
    )
    rows = rows.filter(link=link) if link else rows
    rows = rows.select_related("link__product", "link__collaboration__brand")
    page, cursor = paging.by_moment(rows, "clicks", "day", after, limit)
    return {"data": [_clicks(row) for row in page], "next": cursor}


def _clicks(row: LinkDay) -> dict[str, object]:
    currency = linkreports.currency_of(row.link)
    return {
        "link": row.link_id, "day": row.day, "clicks": row.clicks, "people": row.uniques,
        "orders": row.orders, "earned": Money.of(row.income, currency),
    }  # fmt: skip


@router.get("/commissions", response=schemas.CommissionPage, auth=Token("commissions:read"))
def commissions(
    request: HttpRequest,
    state: Literal["pending", "held", "settled", "void"] | None = None,
    after: After = "",
    limit: Limit = paging.LIMIT,
):
    """What you earn and what went back, newest first."""
    rows = Commission.objects.filter(creator=request.auth.creator)
    rows = rows.filter(state=state) if state else rows
    rows = rows.select_related("brand", "link", "settlement_line__run")
    page, cursor = paging.by_anchor(rows, "commissions", "created_at", after, limit)
    return {"data": [_commission(row) for row in page], "next": cursor}


def _commission(row: Commission) -> dict[str, object]:
    settled = row.settlement_line.run.night if row.settlement_line_id else None
    is_dated = row.due_at < clock.PAUSED
    return {
        "id": row.pk, "kind": row.kind, "state": row.state, "brand": row.brand.slug,
        "link": row.link.code if row.link_id else None,
        "amount": Money.of(row.amount, row.currency),
        "base": None if row.base is None else Money.of(row.base, row.currency),
        "rate_bp": row.rate_bp, "reverses": row.reverses_id,
        "reason": row.reason if row.kind == Commission.Kind.ADJUSTMENT else "",
        "earned_on": clock.local_day(row.created_at),
        "clears_on": clock.local_day(row.due_at) if is_dated else None, "settled_on": settled,
    }  # fmt: skip
