"""The bag of the person behind a request: its key lies in the session."""

from collections.abc import Collection

from django.http import HttpRequest

from shop import cart as carts
from shop.models import Cart, CartLine

SESSION_KEY = "bag"


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


def code_owner(request: HttpRequest, word: str, brand_ids: Collection[int]):
    """Return whose code a shopper typed, and on which of these brands it earns, or None."""
    referral = getattr(request, "referral", None)
    return referral.of_code(word, brand_ids) if referral and word else None


def referral_for(request: HttpRequest, brand_id: int):
    """Return the creator's link that led here and counts for a brand, or None."""
    referral = getattr(request, "referral", None)
    return referral.for_brand(brand_id) if referral else None
