"""Creators and brands for benches, numbered from 1; made by the ORM, so with every default."""

from datetime import date, timedelta

from django.utils import timezone

from affiliates.models import PayoutMethod, TaxIdentity, TaxProfile
from creators.models import Creator
from shop.models import Brand

BATCH = 5_000


def make(creators: int, brands: int) -> None:
    """Make those that are not there yet."""
    Brand.objects.bulk_create(
        (
            Brand(pk=n, slug=f"b{n}", name=f"Brand {n}", status="active", vat_number="NL1")
            for n in range(1, brands + 1)
        ),
        BATCH,
        ignore_conflicts=True,
    )
    for start in range(1, creators + 1, BATCH):
        Creator.objects.bulk_create(
            (
                Creator(pk=n, handle=f"c{n}", display_name="Creator", country="NL")
                for n in range(start, min(start + BATCH, creators + 1))
            ),
            ignore_conflicts=True,
        )


def make_payable(creators: int) -> None:
    """Give the first creators a bank account past its wait, and their tax facts."""
    now = timezone.now()
    long_ago = now - timedelta(days=90)
    for start in range(1, creators + 1, BATCH):
        some = range(start, min(start + BATCH, creators + 1))
        PayoutMethod.objects.bulk_create(
            PayoutMethod(
                creator_id=n, iban="NL91ABNA0417164300", holder="A. Person",
                usable_from=long_ago, created_at=long_ago,
            )
            for n in some
        )  # fmt: skip
        TaxProfile.objects.bulk_create(
            TaxProfile(
                creator_id=n, kind="private", legal_name="A. Person", address="Road 1",
                country="NL", effective_from=date(2020, 1, 1), self_billing_accepted_at=now,
            )
            for n in some
        )  # fmt: skip
        TaxIdentity.objects.bulk_create(
            TaxIdentity(
                creator_id=n, birth_on_iso="1999-12-31", tin="111222333", tin_country="NL",
                changed_at=now,
            )
            for n in some
        )  # fmt: skip
