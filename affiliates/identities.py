"""Who a creator is to the tax office: stored sealed, shown masked, seen in clear by few."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from affiliates.models import TaxIdentity, TaxLook
from creators.models import Creator


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


@transaction.atomic
def look(
    rows: list[TaxIdentity], by: AbstractBaseUser | None, why: str, at: datetime
) -> list[TaxIdentity]:
    """Return `rows` to be read in clear, after writing down who looks and why."""
    TaxLook.objects.bulk_create(
        TaxLook(creator_id=row.creator_id, by=by, why=why[:300], at=at) for row in rows
    )
    return rows


def note_report(kind: str, year: int, at: datetime) -> None:
    """Write down that a command put tax numbers into a report."""
    TaxLook.objects.create(why=f"tax_report {kind} {year}", at=at)
