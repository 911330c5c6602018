"""Who a creator or a brand is to the tax office: stored sealed, shown masked, seen in clear by few."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from affiliates.models import BrandTaxIdentity, TaxIdentity, TaxLook
from creators.models import Creator
from shop.models import Brand


def of(creator: Creator) -> TaxIdentity | None:
    return TaxIdentity.objects.filter(creator=creator).first()


def store(creator: Creator, at: datetime, *, birth_on: date, tin: str, tin_country: str) -> None:
    """Keep a creator's birth date and tax number; `tin` as `tins.clean` returns it."""
    TaxIdentity.objects.update_or_create(
        creator=creator,
        defaults={
            "birth_on_iso": birth_on.isoformat(), "tin": tin, "tin_country": tin_country,
            "changed_at": at,
        },
    )  # fmt: skip


def of_brand(brand: Brand) -> BrandTaxIdentity | None:
    """Return it as it was loaded with the brand, if it was; else ask."""
    return getattr(brand, "tax_identity", None)


def store_brand(
    brand: Brand, at: datetime, *, kind: str, birth_on: date | None, tin: str, tin_country: str
) -> None:  # fmt: skip
    """Keep what the tax office knows a brand by; `birth_on` of a person only."""
    is_person = kind == BrandTaxIdentity.Kind.PERSON
    BrandTaxIdentity.objects.update_or_create(
        brand=brand,
        defaults={
            "kind": kind, "tin": tin, "tin_country": tin_country, "changed_at": at,
            "birth_on_iso": birth_on.isoformat() if is_person and birth_on else "",
        },
    )  # fmt: skip


@transaction.atomic
def look(
    rows: Sequence[TaxIdentity | BrandTaxIdentity],
    by: AbstractBaseUser | None,
    why: str,
    at: datetime,
) -> Sequence[TaxIdentity | BrandTaxIdentity]:
    """Return `rows` to be read in clear, after writing down who looks and why."""
    TaxLook.objects.bulk_create(
        TaxLook(
            creator_id=getattr(row, "creator_id", None),
            brand_id=getattr(row, "brand_id", None),
            by=by,
            why=why[:300],
            at=at,
        )
        for row in rows
    )
    return rows


def note_report(kind: str, year: int, at: datetime) -> None:
    """Write down that a command put tax numbers into a report."""
    TaxLook.objects.create(why=f"tax_report {kind} {year}", at=at)
