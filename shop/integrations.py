"""A brand's own shop, connected: its secret, its signature, its state.

connect(brand, ...) -> Integration       # with a secret that is shown once
rotate(integration, at) -> str           # the old one is believed for another day
is_signed(integration, body, signature, at) -> bool
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse

from shop.models import Brand, Integration, Product, Stockroom
from shop.ownshops import base

OLD_LIVES = timedelta(hours=24)
State, Provider = Integration.State, Integration.Provider


def new_secret() -> str:
    return secrets.token_urlsafe(32)


@transaction.atomic
def connect(
    brand: Brand, provider: str, domain: str, *, days: int, secret: str = "", at: datetime
) -> Integration:
    """Connect a shop; asked twice for the same one, it is the same."""
    facts = {"secret": secret or new_secret(), "delivered_after_days": days, "created_at": at}
    row, _new = Integration.objects.get_or_create(
        brand=brand, provider=provider, domain=domain, defaults=facts
    )
    return row


@transaction.atomic
def rotate(integration: Integration, at: datetime, secret: str = "") -> str:
    """Give a new secret and return it; what the old one signs is believed for 24 hours more."""
    row = Integration.objects.select_for_update().get(pk=integration.pk)
    row.old_secret, row.old_until = row.secret, at + OLD_LIVES
    row.secret = secret or new_secret()
    row.save(update_fields=["secret", "old_secret", "old_until"])
    return row.secret


def sign(secret: str, body: bytes) -> str:
    """Return the signature of a raw body: HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def is_signed(integration: Integration, body: bytes, signature: str, at: datetime) -> bool:
    """Say whether a raw body is signed with the secret, or with the one that is going out."""
    known = [integration.secret]
    room = getattr(integration, "stockroom", None)
    if room and integration.provider == Provider.SHOPIFY:
        known.append(room.key_secret)  # of the app that asked for word of stock
    if integration.old_secret and integration.old_until and at < integration.old_until:
        known.append(integration.old_secret)
    given = signature.encode("utf-8", "replace")
    fits = [hmac.compare_digest(sign(secret, body).encode(), given) for secret in known if secret]
    return any(fits)


def note_refused(integration: Integration, at: datetime) -> None:
    """Remember, once a minute at most, that a message came with a wrong signature."""
    stale = Q(refused_at=None) | Q(refused_at__lt=at - timedelta(minutes=1))
    Integration.objects.filter(stale, pk=integration.pk).update(refused_at=at)


def switch(integration: Integration, on: bool, at: datetime) -> None:
    """Switch a shop off, or on again as it was: tested if it had been."""
    rows = Integration.objects.filter(pk=integration.pk)
    if on:
        rows.update(state=State.TESTED if integration.tested_at else State.NEW, off_at=None)
    else:
        rows.exclude(state=State.OFF).update(state=State.OFF, off_at=at)


# ------------------------------------------------------------------ the test order


def test_mark(integration: Integration) -> str:
    """Return what the test order has to bring back in place of a click."""
    return Signer(salt="shop.integrations.test").sign(f"test{integration.pk}")


def has_test_mark(integration: Integration, landing: str, cart: str) -> bool:
    """Say whether an order came by this shop's test address."""
    for told in (base.click_in(landing), cart):
        try:
            found = Signer(salt="shop.integrations.test").unsign(told)
        except BadSignature:
            continue
        if found == f"test{integration.pk}":
            return True
    return False


def test_address(integration: Integration) -> str:
    """Return the address in the shop at which the test order begins: of a product if there is one."""
    products = Product.objects.filter(brand=integration.brand_id, sells_at="own_shop")
    urls = products.exclude(own_shop_url="").values_list("own_shop_url", flat=True)[:50]
    url = next((one for one in urls if fits(integration, one)), f"https://{integration.domain}/")
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != base.PARAMETER]
    query.append((base.PARAMETER, test_mark(integration)))
    return urlunsplit(parts._replace(query=urlencode(query), fragment=""))


def turn_green(integration: Integration, at: datetime) -> bool:
    """Note that a test order went through; return whether this call did."""
    waiting = Integration.objects.filter(pk=integration.pk, state=State.NEW)
    return bool(waiting.update(state=State.TESTED, tested_at=at))


# ------------------------------------------------------------------ where links may lead


def fits(integration: Integration, url: str) -> bool:
    """Say whether an address is of this shop: https, its domain or one below it."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    here = host == integration.domain or host.endswith(f".{integration.domain}")
    return parts.scheme == "https" and here and port in (None, 443) and "@" not in parts.netloc


def untested(products: Iterable[Product]) -> set[int]:
    """Return those of these products that no link may be taken of: their shop is not green.

    A query for own shops, and one for shops that keep stock; none where all is sold and kept here.
    """
    products = list(products)
    return _unproven(products) | _unsold_there(products)


def _unproven(products: list[Product]) -> set[int]:
    beside = [product for product in products if product.sells_at == "beside"]
    if not beside:
        return set()
    rooms = Stockroom.objects.open().filter(green_at__isnull=False)
    brands = {product.brand_id for product in beside}
    green = set(
        rooms.filter(integration__brand__in=brands).values_list("integration__brand", flat=True)
    )
    return {product.pk for product in beside if product.brand_id not in green}


def _unsold_there(products: list[Product]) -> set[int]:
    away = [product for product in products if product.sells_at == "own_shop"]
    if not away:
        return set()
    green: dict[int, list[Integration]] = {}
    for row in Integration.objects.green({product.brand_id for product in away}):
        green.setdefault(row.brand_id, []).append(row)
    return {
        product.pk
        for product in away
        if not any(fits(row, product.own_shop_url) for row in green.get(product.brand_id, []))
    }


def hearing(product: Product) -> tuple[bool, datetime | None]:
    """Return whether the shop that a product is sold in tells us of sales, and when it last did.

    In one query.
    """
    of_orders = Max("events__received_at", filter=~Q(events__about=""))
    shops = Integration.objects.filter(brand=product.brand_id).annotate(heard_at=of_orders)
    here = [row for row in shops if fits(row, product.own_shop_url)]
    tells = any(row.state == State.TESTED for row in here)
    return tells, max((row.heard_at for row in here if row.heard_at), default=None)


def address(integration: Integration) -> str:
    """Return where the shop sends its messages."""
    path = reverse("shop:own_hook", args=[integration.provider, integration.pk])
    return settings.SITE_URL + path
