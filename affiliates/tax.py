"""Which VAT stands on what we invoice to brands and what we self-bill for creators.

We are established in the Netherlands: Dutch VAT to Dutch customers and to those in the EU
without a VAT number that VIES knows, reverse charge to EU businesses with one, none outside.
"""

from datetime import date, datetime

from affiliates import vatnumbers
from affiliates.clock import local_day
from affiliates.models import TaxProfile
from affiliates.union import EU, HOME
from creators.models import Creator
from shop.models import Brand, TaxRate

DEFAULT_BP = 2100  # Dutch standard rate since 2012-10-01, where no dated rate is stored

# The same rule as `brand_vat_bp`, for set-based statements; %(vat_bp)s is `home_vat_bp`.
BRAND_VAT_SQL = """
    CASE WHEN b.country = %(home)s THEN %(vat_bp)s
         WHEN b.country = ANY(%(eu)s)
              AND (b.vat_number = '' OR b.vat_number <> b.vat_known) THEN %(vat_bp)s
         ELSE 0 END
"""


def home_vat_bp(day: date) -> int:
    """Return the Dutch standard rate on `day`."""
    rate = TaxRate.on(HOME, "standard", day)
    return DEFAULT_BP if rate is None else rate


def brand_vat_bp(country: str, vat_number: str, known: str, home_bp: int) -> int:
    """Return the VAT that we invoice a brand on commission and fees.

    `known`: the number that VIES knew when it last answered (`vatnumbers`).
    """
    if country == HOME or (country in EU and (not vat_number or vat_number != known)):
        return home_bp
    return 0


def vat_bp_of(brand: Brand, home_bp: int) -> int:
    """Return the VAT that we invoice a brand as it is now."""
    return brand_vat_bp(brand.country, brand.vat_number, brand.vat_known, home_bp)


def brand_vat_values(day: date) -> dict[str, object]:
    """Return the parameters of BRAND_VAT_SQL for `day`."""
    return {"home": HOME, "eu": sorted(EU), "vat_bp": home_vat_bp(day)}


def creator_vat_bp(kind: str, home_bp: int) -> int:
    """Return the VAT that a creator's self-bill carries: only a Dutch VAT-liable one has it."""
    return home_bp if kind == TaxProfile.Kind.VAT_LIABLE else 0


def profile_on(creator_id: int, day: date) -> TaxProfile | None:
    """Return the tax profile that holds on `day`."""
    return (
        TaxProfile.objects.filter(creator_id=creator_id, effective_from__lte=day)
        .order_by("-effective_from", "-id")
        .first()
    )


def change_profile(creator: Creator, at: datetime, **facts: str) -> TaxProfile:
    """Store a creator's tax status from the market day of `at` on, with her consent.

    `facts`: kind, legal_name, address, vat_number. Earlier profiles stay as they were. A VAT
    number is asked about in a moment (`vatnumbers`).
    """
    profile = TaxProfile.objects.create(
        creator=creator,
        country=creator.country,
        effective_from=local_day(at),
        self_billing_accepted_at=at,
        **facts,
    )
    vatnumbers.open_check(profile, at)
    return profile
