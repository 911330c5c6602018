"""The bag of the person behind a request: its key lies in the session."""

from collections.abc import Collection

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from shop import cart as carts
from shop.models import Cart, CartLine

SESSION_KEY = "bag"
ELSEWHERE = "shop.elsewhere"


def bag_of(request: HttpRequest) -> Cart | None:
    """Return the bag, if there is one."""
    return carts.find(request.session.get(SESSION_KEY))


def open_bag(request: HttpRequest) -> Cart:
    """Return the bag, a new one if need be."""
    cart = bag_of(request)
    if cart is None:
        cart = carts.new()
        request.session[SESSION_KEY] = cart.key
    return cart


def cart_count(request: HttpRequest) -> int:
    """Return how many pieces are in the bag; one query, none without a bag."""
    key = request.session.get(SESSION_KEY)
    if not key:
        return 0
    return sum(CartLine.objects.filter(cart__key=key).values_list("quantity", flat=True))


ELSEWHERE_S = 3_600


def elsewhere(request: HttpRequest, path: str, touch: str = "") -> dict[str, str] | None:
    """Inside an app's browser, return the address that opens `path` with this bag in another one."""
    referral = getattr(request, "referral", None)
    if referral is None or not referral.in_app:
        return None
    facts = {"bag": request.session.get(SESSION_KEY, ""), "path": path, "touch": touch}
    token = signing.dumps(facts, salt=ELSEWHERE, compress=True)
    url = settings.SITE_URL + reverse("shop:elsewhere", args=[token])
    scheme, _mark, rest = url.partition("://")
    android = "Android" in request.headers.get("User-Agent", "")
    intent = f"intent://{rest}#Intent;scheme={scheme};end" if android else ""
    return {"platform": referral.in_app, "url": url, "intent": intent}


def code_owner(request: HttpRequest, word: str, brand_ids: Collection[int]):
    """Return whose code a shopper typed, and on which of these brands it earns, or None."""
    referral = getattr(request, "referral", None)
    return referral.of_code(word, brand_ids) if referral and word else None


def referral_for(request: HttpRequest, brand_id: int):
    """Return the creator's link that led here and counts for a brand, or None."""
    referral = getattr(request, "referral", None)
    return referral.for_brand(brand_id) if referral else None
