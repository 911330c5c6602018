"""Is a VAT number in use? Asked of VIES once, again when it does not answer, and monthly.

A creator is only paid VAT on a number that VIES knows; until then her payout waits. A brand
elsewhere in the EU is only invoiced without VAT on one; until then it pays ours.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from affiliates import vies
from affiliates.models import BrandVatCheck, TaxProfile, VatCheck
from affiliates.models.taxes import Asked
from affiliates.union import EU, HOME
from shop.models import Brand

logger = logging.getLogger(__name__)
State = VatCheck.State
NUMBERED = (TaxProfile.Kind.VAT_LIABLE, TaxProfile.Kind.EU_REVERSE)
AGAIN = timedelta(days=30)  # a number may go out of use
LEASE = timedelta(minutes=2)  # for so long one process asks and the others leave it alone
LONGEST_WAIT = timedelta(hours=6)


def open_check(profile: TaxProfile, at: datetime) -> VatCheck | None:
    """Let the number of a profile be asked about as soon as can be; None if it needs none."""
    if profile.kind not in NUMBERED:
        return None
    return VatCheck.objects.get_or_create(profile=profile, defaults={"next_at": at})[0]


def check_due(at: datetime, most: int = 100) -> int:
    """Ask VIES about up to `most` numbers of creators and of brands that are due; return how many
    were answered.
    """
    for profile in TaxProfile.objects.filter(kind__in=NUMBERED, vat_check=None)[:most]:
        open_check(profile, at)
    open_brand_checks(at, most)
    of_creators = VatCheck.objects.all()
    of_brands = BrandVatCheck.objects.filter(number=F("brand__vat_number"))
    return sum(_one(row, at) for rows in (of_creators, of_brands) for row in _due(rows, at, most))


def open_brand_checks(at: datetime, most: int) -> None:
    """Let numbers of brands be asked about on which reverse charge depends."""
    brands = Brand.objects.filter(country__in=EU - {HOME}).exclude(vat_number="")
    asked = BrandVatCheck.objects.filter(brand=OuterRef("pk"), number=OuterRef("vat_number"))
    for brand in brands.exclude(Exists(asked)).order_by("pk")[:most]:
        BrandVatCheck.objects.get_or_create(
            brand=brand, number=brand.vat_number, defaults={"next_at": at}
        )
    # one that it took again
    known = BrandVatCheck.objects.filter(state=State.VALID, number=F("brand__vat_number"))
    known.exclude(brand__vat_known=F("number")).exclude(next_at__lte=at).update(next_at=at)


def _due(rows: QuerySet, at: datetime, most: int) -> list[Asked]:
    return list(rows.filter(next_at__lte=at).order_by("next_at", "pk")[:most])


def _one(row: Asked, at: datetime) -> bool:
    claimed = type(row).objects.filter(pk=row.pk, next_at__lte=at)
    if not claimed.update(next_at=at + LEASE, tries=F("tries") + 1):
        return False
    number = row.number if isinstance(row, BrandVatCheck) else row.profile.vat_number
    try:
        answer = vies.checker().check(number)
    except vies.NoAnswer as error:
        _no_answer(row, str(error), at)
        return False
    _answered(row, answer, at)
    return True


@transaction.atomic
def _answered(row: Asked, answer: vies.Answer, at: datetime) -> None:
    type(row).objects.filter(pk=row.pk).update(
        state=State.VALID if answer.valid else State.INVALID, consultation=answer.consultation,
        checked_at=at, reason="", tries=0, next_at=at + AGAIN,
    )  # fmt: skip
    if isinstance(row, BrandVatCheck):  # unless it gave that number up meanwhile
        brand = Brand.objects.filter(pk=row.brand_id, vat_number=row.number)
        brand.update(vat_known=row.number if answer.valid else "")


@transaction.atomic
def _no_answer(asked: Asked, reason: str, at: datetime) -> None:
    """Ask again later; what VIES once said stays until it says something else."""
    row = type(asked).objects.select_for_update().get(pk=asked.pk)
    if row.checked_at is None:
        row.state = State.UNAVAILABLE
    row.reason = reason[:200]
    row.next_at = at + min(timedelta(minutes=2 ** min(row.tries, 10)), LONGEST_WAIT)
    row.save()
    logger.warning("VIES said nothing of %s %s: %s", row._meta.verbose_name, row.pk, reason)


def of_brand(brand: Brand) -> BrandVatCheck | None:
    """Return what VIES says of a brand's number where reverse charge depends on it."""
    if not brand.vat_number or brand.country not in EU - {HOME}:
        return None
    row = BrandVatCheck.objects.filter(brand=brand, number=brand.vat_number).first()
    return row or BrandVatCheck(brand=brand, number=brand.vat_number)


def as_fact(row: Asked | None) -> dict[str, str] | None:
    """Return what a document keeps of the check of its party's number."""
    if row is None or row.checked_at is None:
        return None
    return {
        "state": row.state, "consultation": row.consultation,
        "checked_at": row.checked_at.isoformat(),
    }  # fmt: skip
