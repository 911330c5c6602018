"""Creators and brands for benches, numbered from 1; made by the ORM, so with every default."""

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
