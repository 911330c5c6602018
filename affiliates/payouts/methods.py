"""Where a creator's money goes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from affiliates.models import PayoutMethod
from creators.models import Creator

METHOD_WAIT_HOURS = 48  # before a new bank account is used


@transaction.atomic
def change_method(creator: Creator, number: str, holder: str, at: datetime) -> PayoutMethod:
    """Replace a creator's bank account; the new one is used after 48 hours.

    The very first one too: whoever took over an account cannot cash out unseen.
    """
    Creator.objects.select_for_update().get(pk=creator.pk)
    PayoutMethod.objects.filter(creator=creator, replaced_at=None).update(replaced_at=at)
    return PayoutMethod.objects.create(
        creator=creator, iban=number, holder=holder, created_at=at,
        usable_from=at + timedelta(hours=METHOD_WAIT_HOURS),
    )  # fmt: skip
