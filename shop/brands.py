"""Brands: signing up as a trader, and being ready to sell."""

from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.text import slugify
from stdnum import exceptions as stdnum_errors
from stdnum.eu import vat

from config.lib import money
from shop import signals, terms
from shop.models import Brand, Membership, Product, Terms

RESERVED_SLUGS = {"join", "new", "shop", "admin", "thousand", "brand", "brands", "cart", "checkout"}
NEEDED = ("legal_name", "address", "postal_code", "city", "country", "email", "register_number")
OTHERS = ("status", "vat_known", "connect_account", "connect_since")  # not of the settings page
SENT_TWICE = timedelta(minutes=2)
# Who the trader is, on invoices and towards the tax office.
TRADER = (
    "legal_name",
    "address",
    "postal_code",
    "city",
    "country",
    "register_number",
    "vat_number",
)


class BadVatNumber(ValueError):
    """A VAT number that cannot exist in its country."""


def vat_number(text: str, country: str) -> str:
    """Return a VAT number in its compact form, with its country in front.

    Checks form and check digits (python-stdnum), not whether the number is given out.
    Outside the EU the number is kept as typed. Raises BadVatNumber.
    """
    compact = text.replace(" ", "").replace(".", "").replace("-", "").upper()
    if not compact:
        return ""
    prefix = {"GR": "EL"}.get(country, country)
    if prefix.lower() not in vat.MEMBER_STATES and prefix != "EL":
        return compact[:20]
    if not compact.startswith(prefix):
        compact = prefix + compact
    try:
        return vat.validate(compact)
    except stdnum_errors.ValidationError as error:
        raise BadVatNumber(compact) from error


def currencies() -> list[str]:
    """Return the currencies that a new brand may choose: those in which creators can be paid."""
    found = set(money.CURRENCIES)
    for _listener, codes in signals.currencies_asked.send(sender=Brand):
        found &= codes
    return sorted(found)


def free_slug(name: str) -> str:
    """Return a slug for a new brand that no other has."""
    base = slugify(name)[:50].strip("-") or "brand"
    slug, n = base, 2
    while slug in RESERVED_SLUGS or Brand.objects.filter(slug=slug).exists():
        slug, n = f"{base}-{n}", n + 1
    return slug


def lacks(brand: Brand) -> list[str]:
    """Return the trader details (EU DSA art. 30) that keep a brand from selling."""
    missing = [name for name in NEEDED if not getattr(brand, name)]
    missing += ["phone"] if brand.owes_phone else []
    return missing if brand.self_certified_at else [*missing, "self_certified_at"]


@transaction.atomic
def join(user, brand: Brand, at: datetime) -> Brand:
    """Store a new brand with its owner, who certifies its details and accepts the terms.

    Sent twice, as by a double click, it is one brand.
    """
    get_user_model().objects.select_for_update().get(pk=user.pk)
    same = Brand.objects.of(user).filter(name=brand.name, register_number=brand.register_number)
    if made := same.filter(self_certified_at__gt=at - SENT_TWICE).first():
        return made
    brand.slug = free_slug(brand.name)
    brand.self_certified_at = brand.mandate_accepted_at = at
    brand.status = Brand.Status.DRAFT if lacks(brand) else Brand.Status.ACTIVE
    brand.save()
    Membership.objects.create(user=user, brand=brand, role=Membership.Role.OWNER)
    terms.accept(Terms.Kind.BRAND, at, user=user, brand=brand)
    return brand


@transaction.atomic
def save_settings(brand: Brand) -> Brand:
    """Store changed details; a brand that became incomplete stops selling until it is whole.

    One that sells already is only asked for its phone, which was not asked when it came. What others decide about it meanwhile stays as they left it.
    Products without a shelf get that of the brand; what else the details decide on products, such
    as their VAT and maker, is for `tasks.look_again`.
    """
    for name, value in Brand.objects.select_for_update().values(*OTHERS).get(pk=brand.pk).items():
        setattr(brand, name, value)
    if brand.status in {Brand.Status.ACTIVE, Brand.Status.DRAFT}:
        needed = set(lacks(brand)) - ({"phone"} if brand.status == Brand.Status.ACTIVE else set())
        brand.status = Brand.Status.DRAFT if needed else Brand.Status.ACTIVE
    brand.save()
    if brand.category:
        shelfless = brand.products.filter(category=None).exclude(status=Product.Status.ARCHIVED)
        shelfless.update(category=brand.category)
    return brand
