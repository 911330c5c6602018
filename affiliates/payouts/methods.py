"""Where a creator's money goes: her bank account, its wait, its name, and its refusal."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from affiliates import namechecks
from affiliates.models import Payout, PayoutMethod
from creators.models import Creator

logger = logging.getLogger(__name__)
METHOD_WAIT_HOURS = 48  # before a new bank account is used
# What a bank says of an account itself (ISO 20022 external status reasons): paying it again
# would only fail again.
ACCOUNT_CODES = frozenset(
    "AC01 AC03 AC04 AC06 AC07 AC13 AC14 AC17 AG01 BE01 CNOR MD07 RC01".split()
)


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


def check_name(method: PayoutMethod, at: datetime) -> str:
    """Ask whether the name belongs to the account and store the answer; return it."""
    try:
        result = namechecks.checker().check(method.iban, method.holder)
    except namechecks.NoAnswer as error:
        logger.warning("name check of method %s: %s", method.pk, error)
        return method.name_check
    if result != PayoutMethod.NameCheck.UNCHECKED:
        record_name_check(method, result, at)
    return result


def check_names(at: datetime) -> int:
    """Ask again for accounts that nobody could tell of; return how many have an answer now."""
    rows = PayoutMethod.objects.filter(
        replaced_at=None, name_check=PayoutMethod.NameCheck.UNCHECKED, usable_from__gt=at
    )
    return sum(check_name(row, at) != PayoutMethod.NameCheck.UNCHECKED for row in rows)


def record_name_check(method: PayoutMethod, result: str, at: datetime) -> None:
    """Store what was found; an account without the name is not paid until it is replaced."""
    method.name_check, method.name_checked_at = result, at
    method.save(update_fields=["name_check", "name_checked_at"])


def refuse_account(payout: Payout, code: str) -> None:
    """Remember that the bank refused the account itself, so that no later batch tries it."""
    if code in ACCOUNT_CODES and payout.method_id:
        PayoutMethod.objects.filter(pk=payout.method_id).update(refused=code)
