"""Looking again just before money leaves: what was payable when the batch was built may not be.

Days pass between building and export. An account is replaced or turns out to be somebody else's, a
VAT number ends, a case takes a line, a brand's money goes back to shoppers. Such a payout leaves
the batch, its money goes back, and what still may go out is built anew for two people to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.utils.translation import gettext_lazy as _

from affiliates import clock, funding
from affiliates.models import Payout, PayoutBatch, PayoutMethod
from affiliates.payouts import building, outcomes
from shop.models import Brand

# Why a payout stays here, for finance. In its reason the code comes first, as in those of banks, and
# tells its creator in her own language (`labels.bank_reason`).
WHY = {
    "account_changed": _("another bank account was given after this was built"),
    "account_name": _("the bank says that the account is somebody else's"),
    "account_refused": _("the bank refuses the account"),
    "tax_changed": _("another tax status was given after this was built"),
    "identity": _("no date of birth and tax number"),
    "vat_number": _("VIES does not know the VAT number any more"),
    "line_case": _("a case keeps a settlement line of it"),
    "brand_short": _("a brand's money does not cover it any more"),
    "brand_suspended": _("the brand is suspended"),
    "brand_account": _("the brand has no account at the provider any more"),
}

CREATORS_SQL = """
    WITH waiting AS ({waiting})
    SELECT p.id, CASE
        WHEN m.replaced_at IS NOT NULL THEN 'account_changed'
        WHEN m.name_check = 'none' THEN 'account_name'
        WHEN m.refused <> '' THEN 'account_refused'
        WHEN t.id IS DISTINCT FROM p.tax_profile_id THEN 'tax_changed'
        WHEN i.creator_id IS NULL THEN 'identity'
        WHEN t.kind IN ('vat_liable', 'eu_reverse')
             AND v.state IS DISTINCT FROM 'valid' THEN 'vat_number'
        WHEN EXISTS (SELECT 1 FROM affiliates_payoutclaim c
                     JOIN affiliates_settlementline l ON l.id = c.line_id
                     WHERE c.payout_id = p.id AND c.released_at IS NULL
                       AND l.case_id IS NOT NULL) THEN 'line_case'
        WHEN p.id IN (SELECT c.payout_id FROM affiliates_payoutclaim c
                      JOIN waiting w ON w.id = c.line_id
                      WHERE c.released_at IS NULL) THEN 'brand_short'
        END
    FROM affiliates_payout p
    JOIN affiliates_payoutmethod m ON m.id = p.method_id
    LEFT JOIN LATERAL (
        SELECT id, kind FROM affiliates_taxprofile
        WHERE creator_id = p.creator_id AND effective_from <= %(day)s
        ORDER BY effective_from DESC, id DESC LIMIT 1) t ON true
    LEFT JOIN affiliates_taxidentity i ON i.creator_id = p.creator_id
    LEFT JOIN affiliates_vatcheck v ON v.profile_id = t.id
    WHERE p.id = ANY(%(payouts)s) AND p.creator_id IS NOT NULL
    ORDER BY p.id
"""


def lock_accounts(payouts: Sequence[Payout]) -> None:
    """Let nobody replace or refuse an account of these payouts until this transaction ends."""
    ids = {one.method_id for one in payouts if one.method_id}
    rows = PayoutMethod.objects.select_for_update(no_key=True).filter(pk__in=ids)
    list(rows.order_by("pk").values_list("pk"))


def stopped(payouts: Sequence[Payout], at: datetime) -> dict[int, str]:
    """Return which of these payouts may not go out at `at`, and why (a key of WHY)."""
    values = {"payouts": [one.pk for one in payouts], "day": clock.local_day(at)}
    sql = CREATORS_SQL.format(waiting=funding.WAITING_WITHOUT_SQL.format(only=""))
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found = {pk: why for pk, why in cursor.fetchall() if why}
    mine = [one for one in payouts if one.brand_id]
    brands = Brand.objects.in_bulk({one.brand_id for one in mine}) if mine else {}
    funds = funding.of_all(at, sorted(brands)) if brands else {}
    for one in mine:
        why = _why_not_brand(brands[one.brand_id], funds[one.brand_id, one.currency])
        if why:
            found[one.pk] = why
    return found


def _why_not_brand(brand: Brand, funds: funding.Funds) -> str:
    if brand.status == Brand.Status.SUSPENDED:
        return "brand_suspended"
    if not brand.connect_account:
        return "brand_account"
    return "brand_short" if funds.balance < 0 or funds.waiting else ""


def take_out(
    payouts: Sequence[Payout], why: dict[int, str], by: AbstractBaseUser, at: datetime
) -> PayoutBatch | None:
    """Give the money of stopped payouts back, and build what of it may still go out.

    Returns that new batch, which names the payouts it stands for; the books are locked.
    """
    out = {one.creator_id: one for one in payouts if one.pk in why}
    for one in payouts:
        if one.pk in why:
            outcomes.cancel(one, f"{why[one.pk]} {WHY[why[one.pk]]}", at)
    creators = sorted(pk for pk in out if pk)
    if not creators:
        return None
    first = out[creators[0]]
    new = building.build_again(at, first.rail, first.currency, by, creators)
    if new is not None:
        made = list(new.payouts.all())
        for one in made:
            one.retries = out[one.creator_id]
        Payout.objects.bulk_update(made, ["retries"])
    return new
