"""Rows for tests of the shop; each function takes keywords only and makes what is missing."""

from datetime import UTC, datetime
from itertools import count

from django.contrib.auth import get_user_model
from django.utils import timezone

from shop import bag as bags
from shop import cart as carts
from shop import checkout, gateways, payments, products, terms
from shop.gateways import fake
from shop.models import Brand, Category, Membership, Order, Product, Terms, Variant

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
n = count(1)


def make_user(**facts):
    k = next(n)
    facts = {"username": f"person{k}", "email": f"person{k}@people.example"} | facts
    return get_user_model().objects.create_user(**facts)


def make_brand(*, owner=None, **facts) -> Brand:
    k = next(n)
    facts = {
        "slug": f"mill-{k}", "name": f"Mill {k}", "status": "active", "country": "NL",
        "category": Category.objects.get(slug="kitchen"), "legal_name": f"Mill {k} V.O.F.",
        "address": "Mill Road 1", "postal_code": "1500 AA", "city": "Zaandam",
        "email": f"mill{k}@brands.example", "phone": "+31 75 612 3456", "register_number": "12345678",
        "self_certified_at": AT,
    } | facts  # fmt: skip
    brand = Brand.objects.create(**facts)
    if owner:
        Membership.objects.create(user=owner, brand=brand)
        terms.accept(Terms.Kind.BRAND, AT, user=owner, brand=brand)
    return brand


def make_variant(*, brand=None, price=3450, stock=10, title="", product=None, **facts) -> Variant:
    k = next(n)
    brand = brand or make_brand()
    if product is None:
        product = Product.objects.create(
            brand=brand, category=Category.objects.get(slug="kitchen"), slug=f"mug-{k}",
            title=title or f"Mug {k}", currency=brand.currency, **facts,
        )  # fmt: skip
    variant = Variant.objects.create(
        product=product, brand=brand, sku=f"sku-{k}", price=price, stock=stock
    )
    products.refresh([product.pk])
    products.publish(brand, [product.pk])
    variant.refresh_from_db()
    return variant


def make_order(*wanted, at=None, paid=True, **facts) -> Order:
    """Order (variant, quantity) pairs through the bag and, unless told, pay it."""
    at = at or timezone.now()
    cart = carts.new()
    for variant, quantity in wanted:
        carts.add(cart, variant, quantity)
    buyer = {
        "email": "shopper@people.example", "name": "A Shopper", "address": "Canal 12",
        "postal_code": "3511 AB", "city": "Utrecht", "country": "NL",
    } | facts  # fmt: skip
    total = bags.contents(cart, at).total
    key = checkout.key_for(cart)
    order = checkout.place(
        cart, checkout.Buyer(**buyer), checkout_key=key, total=total, referral={}, at=at
    )
    if paid:
        tell(order, "captured", reference=f"ch-{order.number}", amount=total)
    order.refresh_from_db()
    return order


def tell(order, kind, *, amount=0, reference="", event_id="", **more):
    """Bring a signed message of the fake provider through its parser; return its row."""
    headers, body = fake.message(
        kind, order=order.number, amount=amount, currency=order.currency, reference=reference,
        event_id=event_id, **more,
    )  # fmt: skip
    return payments.receive(gateways.named("fake").parse(headers, body))
