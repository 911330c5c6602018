"""Selling here from a stock that lies in a brand's Shopify or WooCommerce shop: the set-up.

connect(...) -> Stockroom    # keys; nothing is sold before it is proven
follow(brand_id) -> bool     # its products are brought to that, by the worker, in batches
test(room, name, at)         # a test order goes there and is cancelled, stock is read
look(room, at) -> bool       # green once the order got there, stock was read and was told
"""

from __future__ import annotations

import time
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from shop import integrations, products, pushes, stocklevels, stockrooms
from shop.models import Brand, Integration, OrderPush, Product, Stocked, Stockroom, Variant
from shop.models.brands import SellsAt
from shop.ownshops import words
from shop.pricing import tax_part
from shop.stockrooms.base import Sale, Sold

HERE = {"name": "Thousand Test", "address": "Test 1", "postal_code": "1011 AB", "city": "Amsterdam"}
TEST = "TH-TEST"
AT_ONCE = 500  # products that are brought along in one transaction


@transaction.atomic
def connect(
    brand: Brand, provider: str, address: str, key: str, key_secret: str, at: datetime
) -> Stockroom:
    """Keep the keys to a brand's shop; from now on what it sells here is sold from there.

    `follow` brings its products along; what is still to come is not sold meanwhile.
    The same shop again takes new keys: what stood still for want of them goes on.
    """
    domain = (urlsplit(address).hostname or "").removeprefix("www.")
    ours = key_secret if provider == Integration.Provider.SHOPIFY else ""
    shop = integrations.connect(brand, provider, domain, days=4, secret=ours, at=at)
    if shop.state == Integration.State.OFF:
        integrations.switch(shop, on=True, at=at)
    facts = {"address": address, "connected_at": at, "next_read_at": at}
    room, fresh = Stockroom.objects.select_for_update().get_or_create(
        integration=shop, defaults=facts | {"key": key, "key_secret": key_secret}
    )
    if not fresh:
        if ours and shop.secret == room.key_secret:
            integrations.rotate(shop, at, ours)
        if room.address != address or room.off_at:
            room.tested_at = room.told_at = room.read_at = room.green_at = None
        room.address, room.key, room.key_secret = address, key, key_secret
        room.token, room.token_until, room.off_at = "", None, None
        room.next_read_at, room.cursor, room.problem = at, "", ""
        room.save()
        pushes.retry_keys(room, at)
    Brand.objects.filter(pk=brand.pk).update(sells_at=SellsAt.BESIDE)
    return room


def follow(brand_id: int, seconds: float = 20) -> bool:
    """Bring a brand's products to where it sells now, for some seconds; say whether all are."""
    end = time.monotonic() + seconds
    while _move(brand_id):
        if time.monotonic() > end:
            return False
    return True


@transaction.atomic
def _move(brand_id: int) -> int:
    """Bring some products along, then let go of what was told of them; return how many rows."""
    brand = Brand.objects.select_for_update(no_key=True).get(pk=brand_id)
    rows = _behind(brand).order_by("pk").select_for_update(no_key=True)
    ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    Product.objects.filter(pk__in=ids).update(sells_at=brand.sells_at)
    products.refresh_stock(ids)
    if ids or brand.sells_at != SellsAt.HERE:
        return len(ids)
    told = Stocked.objects.filter(variant__brand=brand).values_list("pk", flat=True)[:AT_ONCE]
    return Stocked.objects.filter(pk__in=list(told)).delete()[0]


def _behind(brand: Brand):
    """Return the products that are still sold as the brand did before."""
    before = {SellsAt.HERE: SellsAt.BESIDE, SellsAt.BESIDE: SellsAt.HERE}.get(brand.sells_at)
    return Product.objects.filter(brand=brand, sells_at=before)


def left_behind() -> list[int]:
    """Return brands that keep their stock here again, whose products are not all brought along."""
    rows = Stockroom.objects.filter(integration__brand__sells_at=SellsAt.HERE)
    rows = rows.filter(Exists(Stocked.objects.filter(stockroom=OuterRef("pk"))))
    return sorted(set(rows.values_list("integration__brand", flat=True)))


def _refresh(room: Stockroom) -> None:
    ids = sorted(set(room.stocked.values_list("variant__product", flat=True)))
    for start in range(0, len(ids), AT_ONCE):
        products.refresh_stock(ids[start : start + AT_ONCE])


# ------------------------------------------------------------------ proven


def test(room: Stockroom, name: str, at: datetime) -> bool:
    """Ask for word of stock, read it, and push a test order that is cancelled at once.

    `name` is that of this attempt: with the same one it is the same order. What goes wrong is
    kept as the room's problem. Return whether it is green.
    """
    client, shop = stockrooms.client(room), room.integration
    try:
        stockrooms.safely(client.subscribe, integrations.address(shop), shop.secret)
        stocklevels.read(room, at)
        room.refresh_from_db()
        if room.problem:
            return False
        sale = _test_sale(room, name, at)
        there = stockrooms.safely(client.find, sale)
        there = there or stockrooms.safely(client.create, sale)
        if not there.is_cancelled:
            stockrooms.safely(client.cancel, there.id)
    except (stockrooms.NoAnswer, stockrooms.Refused) as error:
        Stockroom.objects.filter(pk=room.pk).update(problem=str(error)[:300])
        return False
    Stockroom.objects.filter(pk=room.pk).update(tested_at=at, problem="")
    return look(room, at)


def _test_sale(room: Stockroom, name: str, at: datetime) -> Sale:
    """Return a sale of one piece of something that the shop has. Raises Refused."""
    rows = room.stocked.filter(variant__is_active=True).order_by("-variant__stock", "pk")
    one = rows.select_related("variant__product").first()
    if one is None:
        raise stockrooms.Refused(words.note("no_match"))
    price, brand = one.variant.price, room.integration.brand
    tax = tax_part(price, 121, 21)
    sold = Sold(one.external_id, one.parent_id, one.variant.product.title, 1, price, tax, 2100)
    return Sale(
        number=f"{TEST}-{room.pk}-{name}", currency=one.variant.product.currency, at=at,
        email=brand.email or "test@thousand.example", country=brand.country, phone="", lines=[sold],
        is_test=True, **HERE,
    )  # fmt: skip


def is_test(room: Stockroom, number: str) -> bool:
    """Say whether a number is that of a test order of ours."""
    return number.startswith(f"{TEST}-{room.pk}-")


def look(room: Stockroom, at: datetime) -> bool:
    """Let a shop sell once all three are proven; return whether it may."""
    proven = Stockroom.objects.open().filter(
        pk=room.pk, tested_at__isnull=False, told_at__isnull=False, read_at__isnull=False
    )
    ids = list(proven.values_list("pk", flat=True))
    waits = proven.filter(green_at=None).select_related("integration__brand").first()
    if waits and _behind(waits.integration.brand).exists():
        return False
    if Stockroom.objects.filter(pk__in=ids, green_at=None).update(green_at=at):
        _refresh(room)
    return bool(ids)


def counts(brand: Brand, at: datetime) -> dict[str, int]:
    """Return how many variants a brand sells from there: all, in its shop, and known for a day."""
    rows = Variant.objects.filter(brand=brand, is_active=True)
    rows = rows.filter(product__sells_at=SellsAt.BESIDE, product__status=Product.Status.ACTIVE)
    fresh = Q(stocked__in=Stocked.objects.fresh(at))
    found = rows.aggregate(
        all=Count("pk"), there=Count("stocked"), fresh=Count("stocked", filter=fresh)
    )
    return found | {"stale": found["there"] - found["fresh"]}


# ------------------------------------------------------------------ over


@transaction.atomic
def disconnect(room: Stockroom, at: datetime) -> None:
    """Forget the keys. What was sold from there is not sold any more, and links stay shut.

    Lists show it as sold out once `stocklevels.hide_stale` came by.
    """
    rows = Stockroom.objects.select_for_update().filter(pk=room.pk)
    rows.update(
        off_at=at, key="", key_secret="", token="", token_until=None, green_at=None,
        tested_at=None, told_at=None, cursor="", problem="",
    )  # fmt: skip
    waits = OrderPush.objects.filter(stockroom=room, state=OrderPush.State.WAITING)
    waits.update(state=OrderPush.State.DEAD, problem=words.note("disconnected"))


@transaction.atomic
def keep_here(brand: Brand) -> bool:
    """Keep the stock here from now on, as it was last told; False while a shop is connected.

    What `follow` has not brought along yet is not sold.
    """
    if Stockroom.objects.open().filter(integration__brand=brand).exists():
        return False
    Brand.objects.filter(pk=brand.pk).update(sells_at=SellsAt.HERE)
    return True
