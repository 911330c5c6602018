"""Which VAT stands on what we invoice to brands and what we self-bill for creators.

We are established in the Netherlands: Dutch VAT to Dutch customers and to those in the EU
without a VAT number, reverse charge to EU businesses with one, none outside the EU.
"""

from datetime import date, datetime

from affiliates import vatnumbers
from affiliates.clock import local_day
from affiliates.models import TaxProfile
from creators.models import Creator
from shop.models import TaxRate

HOME = "NL"
EU = frozenset(
    {
        *("AT", "BE", "BG", "HR", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    }
)
DEFAULT_BP = 2100  # Dutch standard rate since 2012-10-01, where no dated rate is stored

# The same rule as `brand_vat_bp`, for set-based statements; %(vat_bp)s is `home_vat_bp`.
BRAND_VAT_SQL = """
    CASE WHEN b.country = %(home)s THEN %(vat_bp)s
         WHEN b.country = ANY(%(eu)s) AND b.vat_number = '' THEN %(vat_bp)s
         ELSE 0 END
"""


def home_vat_bp(day: date) -> int:
    """Return the Dutch standard rate on `day`."""
    rate = TaxRate.on(HOME, "standard", day)
    return DEFAULT_BP if rate is None else rate


def brand_vat_bp(country: str, vat_number: str, home_bp: int) -> int:
    """Return the VAT that we invoice a brand on commission and fees."""
    if country == HOME or (country in EU and not vat_number):
        return home_bp
    return 0


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
