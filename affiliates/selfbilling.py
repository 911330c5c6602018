"""The invoices that we issue on creators' behalf: one per paid payout, numbered per creator."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from affiliates.clock import local_day
from affiliates.models import Payout, SelfBill
from creators.models import Creator


def issue(payout: Payout, at: datetime) -> SelfBill | None:
    """Return the self-bill of a payout, made with the creator's next number if it is new."""
    if payout.creator_id is None or payout.tax_profile_id is None:
        return None
    known = SelfBill.objects.filter(payout=payout).first()
    if known:
        return known
    Creator.objects.select_for_update().get(pk=payout.creator_id)  # numbers without gaps
    newest = SelfBill.objects.filter(creator_id=payout.creator_id).aggregate(n=Max("number"))["n"]
    return SelfBill.objects.create(
        creator_id=payout.creator_id, payout=payout, number=(newest or 0) + 1,
        tax_profile_id=payout.tax_profile_id, amount=payout.amount, vat=payout.vat,
        currency=payout.currency, issued_on=local_day(at),
    )  # fmt: skip
