"""Rows for tests of the market's money: small, real, paid through the shop's own functions."""

import secrets
import time
from datetime import UTC, date, datetime, timedelta
from itertools import count

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth import get_user_model
from django.db.models import F

from affiliates import bookings, identities
from affiliates.models import (
    Attribution,
    Collaboration,
    Commission,
    PayoutMethod,
    TaxProfile,
    VatCheck,
)
from config.lib.money import tax_within
from creators.models import Creator
from shop import orders, parcels, refunds
from shop.models import (
    Brand,
    BrandOrder,
    Category,
    Movement,
    Order,
    OrderLine,
    Payment,
    Product,
    Variant,
)

NUMBERS = count(1)
PAID = datetime(2026, 11, 2, 12, tzinfo=UTC)
DELIVERED = datetime(2026, 11, 4, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 18, 23, tzinfo=UTC)  # 00:00 in Amsterdam, 15 days after delivery
NIGHT_OVER = datetime(2026, 11, 20, 1, tzinfo=UTC)  # the night of the 19th is over


def make_user(**facts):
    n = next(NUMBERS)
    facts = {"username": f"user{n}", "email": f"user{n}@people.example"} | facts
    return get_user_model().objects.create_user(**facts)


def make_creator(**facts) -> Creator:
    n = next(NUMBERS)
    facts = {"handle": f"creator{n}", "display_name": f"Creator {n}", "country": "NL"} | facts
    if "user" not in facts:
        facts["user"] = make_user(email=f"creator{n}@people.example")
    return Creator.objects.create(**facts)


def make_brand(**facts) -> Brand:
    n = next(NUMBERS)
    facts = {
        "slug": f"brand-{n}", "name": f"Brand {n}", "status": "active", "vat_number": f"NL{n}B01",
        "phone": "+31 75 612 3456",
    } | facts  # fmt: skip
    brand = Brand.objects.create(**facts)
    identities.store_brand(
        brand, PAID, kind="entity", birth_on=None, tin="111222333", tin_country="NL"
    )
    return brand


def make_variant(brand: Brand, price: int = 3450, reserved: int = 0) -> Variant:
    n = next(NUMBERS)
    category, _new = Category.objects.get_or_create(
        slug="things", defaults={"name": "Things", "name_nl": "Dingen"}
    )
    product = Product.objects.create(
        brand=brand, category=category, slug=f"thing-{n}", title=f"Thing {n}",
        currency=brand.currency, price_from=price, status="active",
    )  # fmt: skip
    return Variant.objects.create(
        product=product, brand=brand, sku=f"sku-{n}", price=price, reserved=reserved
    )


def make_collaboration(brand: Brand, **facts) -> Collaboration:
    known = Collaboration.objects.filter(brand=brand, kind="open").first()
    if known:
        return known
    facts = {"name": "Open", "rate_bp": 1200, "starts_at": PAID - timedelta(days=30)} | facts
    return Collaboration.objects.create(brand=brand, **facts)


def make_order(*wanted, at=PAID, shipping=0, paid=True, currency="EUR", **facts) -> Order:
    """Make an order; `wanted`: dicts of brand, creator, price, quantity, tax_bp, rate_bp.

    A line with a creator is credited to her. Unless `paid` is False it is paid at `at`.
    """
    n = next(NUMBERS)
    facts = {
        "number": f"TH-{n:08}", "checkout_key": secrets.token_hex(8),
        "token_hash": secrets.token_hex(32), "currency": currency,
        "email": f"shopper{n}@people.example", "name": "A Shopper", "address": "Road 1",
        "postal_code": "1000 AA", "city": "Utrecht", "country": "NL", "placed_at": at,
    } | facts  # fmt: skip
    order = Order.objects.create(**facts)
    for line in wanted:
        make_line(order, shipping=shipping, at=at, **line)
    if paid:
        pay(order, at)
    return order


def make_line(
    order, *, brand, creator=None, price=3450, quantity=1, discount=0, tax_bp=2100,
    rate_bp=1200, shipping=0, at=PAID, variant=None, judged=True,
) -> OrderLine:  # fmt: skip
    """Add a line; unless `judged` is False its credit is given here and not by the rule."""
    part, _new = BrandOrder.objects.get_or_create(
        order=order, brand=brand, defaults={"seller": {}, "shipping_gross": shipping}
    )
    gross = price * quantity - discount
    line = OrderLine.objects.create(
        brand_order=part, variant=variant or make_variant(brand, price, 0), title="Thing",
        quantity=quantity, unit_price=price, discount=discount, tax_bp=tax_bp, gross=gross,
        tax=tax_within(gross, tax_bp),
    )  # fmt: skip
    Variant.objects.filter(pk=line.variant_id).update(reserved=F("reserved") + quantity)
    if not judged:
        return line
    Attribution.objects.create(
        order_line=line, creator=creator, rule="newest_click" if creator else "no_touch",
        collaboration=make_collaboration(brand) if creator else None,
        rate_bp=rate_bp if creator else None, created_at=at,
    )  # fmt: skip
    return line


def pay(order: Order, at=PAID) -> Payment:
    payment = Payment.objects.create(
        order=order, gateway="fake", kind="capture", amount=orders.total(order),
        currency=order.currency, reference=f"ch_{order.number}", created_at=at,
        external=order.own_shop,
    )  # fmt: skip
    orders.mark_paid(order, payment, at)
    order.refresh_from_db()
    return payment


def deliver(order: Order, at=DELIVERED) -> None:
    for part in order.parts.all():
        parcels.deliver(part, at)


def make_commission(creator=None, brand=None, price=3450, at=PAID, delivered=DELIVERED, **line):
    """Return the commission of a paid and delivered order of one line."""
    creator, brand = creator or make_creator(), brand or make_brand()
    order = make_order(
        {"brand": brand, "creator": creator, "price": price, **line}, at=at,
        currency=brand.currency,
    )  # fmt: skip
    if delivered:
        deliver(order, delivered)
    return Commission.objects.get(order_line__brand_order__order=order)


def sign_in(client, user, second_factor=True) -> None:
    """Sign in as somebody who gave password, and second factor if she has one, just now."""
    if second_factor and not Authenticator.objects.filter(user=user).exists():
        TOTP.activate(user, generate_totp_secret())
    client.force_login(user)
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": method, "at": time.time()}
        for method in ("password", *(["mfa"] if second_factor else []))
    ]
    session.save()


def make_payable(creator: Creator, at=PAID) -> PayoutMethod:
    """Give a creator what a payout needs: a bank account past its wait, and her tax facts."""
    make_identity(creator, at)
    TaxProfile.objects.create(
        creator=creator, kind="private", legal_name="A. Person", address="Road 2, Utrecht",
        country="NL", effective_from=at.date() - timedelta(days=90), self_billing_accepted_at=at,
    )  # fmt: skip
    return PayoutMethod.objects.create(
        creator=creator, iban="NL91ABNA0417164300", holder="A. Person",
        usable_from=at - timedelta(days=80), created_at=at - timedelta(days=82),
    )  # fmt: skip


def make_identity(creator: Creator, at=PAID, **facts) -> None:
    facts = {"birth_on": date(1999, 12, 31), "tin": "111222333", "tin_country": "NL"} | facts
    identities.store(creator, at, **facts)


def make_numbered(creator: Creator, at=PAID, state="valid", **facts) -> TaxProfile:
    """Give a creator a VAT number of which VIES said `state`."""
    facts = {
        "kind": "vat_liable", "legal_name": "A. Person", "address": "Road 2, Utrecht",
        "country": "NL", "vat_number": "NL000099998B57", "effective_from": at.date(),
        "self_billing_accepted_at": at,
    } | facts  # fmt: skip
    profile = TaxProfile.objects.create(creator=creator, **facts)
    VatCheck.objects.create(
        profile=profile, state=state, checked_at=at, consultation="WAPIAAAAYb8kKh0j"
    )
    return profile


def book_debt(brand: Brand, amount: int, at=PAID) -> None:
    """Leave a brand with less than nothing, as a dispute's fee on an empty balance does."""
    row = Movement.objects.create(
        gateway="fake", kind="dispute_fee", amount=amount, currency=brand.currency,
        reference=f"txn-{next(NUMBERS)}", created_at=at,
        dispute=_dispute_of(make_order({"brand": brand, "price": 1}), at),
    )  # fmt: skip
    bookings.moved(row, at)


def _dispute_of(order: Order, at):
    dispute = refunds.dispute_withdrawn(order, f"dp-{next(NUMBERS)}", 1, at)
    Payment.objects.create(
        order=order, gateway="fake", kind="chargeback", amount=1, currency=order.currency,
        reference=dispute.reference, dispute=dispute, created_at=at,
    )  # fmt: skip
    return dispute
