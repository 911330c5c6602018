"""What brands are paid: what is theirs and nobody else's, to their account at the provider.

`payable` (affiliates/funding.py) is read while nobody posts to the brands' accounts. Brands
are paid by Connect only: their money lies at the provider and never passes our bank.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet

from affiliates import events, funding, ledger, rails, tax
from affiliates.ledger import Transfer
from affiliates.models import Payout, PayoutBatch
from affiliates.models.payouts import Rail
from affiliates.payouts.methods import METHOD_WAIT_HOURS
from shop.models import Brand


def build(at: datetime, pay_on: date, by: AbstractBaseUser | None) -> list[PayoutBatch]:
    """Make a payout for each brand with enough that is free; return the batches, by currency.

    The caller's transaction holds every brand's account. Without that rail there are none.
    """
    if Rail.CONNECT not in rails.RAILS:
        return []
    rail = rails.named(Rail.CONNECT)
    known = {brand.pk: brand for brand in payable_brands(at)}
    open_ = Payout.objects.filter(state__in=Payout.OPEN, brand__in=known)
    busy = set(open_.values_list("brand_id", "currency"))
    ready: dict[str, list[tuple[Brand, int]]] = defaultdict(list)
    for (brand_id, currency), funds in funding.of_all(at, sorted(known)).items():
        closed = known[brand_id].status == Brand.Status.CLOSED
        least = 1 if closed else rails.minimum(rail, currency, pay_on)
        free = funds.payable >= least and not funds.waiting and (brand_id, currency) not in busy
        if free and rail.carries(currency):
            ready[currency].append((known[brand_id], funds.payable))
    return [_batch(at, pay_on, by, currency, ready[currency]) for currency in sorted(ready)]


def payable_brands(at: datetime) -> QuerySet[Brand]:
    """Brands with an account at the provider whose wait is over, like that of a bank account.

    Those in the EU have told their tax number first (Directive (EU) 2021/514).
    """
    known = Brand.objects.exclude(connect_account="").exclude(status=Brand.Status.SUSPENDED)
    known = known.filter(Q(tax_identity__isnull=False) | ~Q(country__in=tax.EU))
    return known.exclude(connect_since__gt=at - timedelta(hours=METHOD_WAIT_HOURS))


def _batch(
    at: datetime,
    pay_on: date,
    by: AbstractBaseUser | None,
    currency: str,
    amounts: list[tuple[Brand, int]],
) -> PayoutBatch:
    batch = PayoutBatch.objects.create(
        rail=Rail.CONNECT, currency=currency, pay_on=pay_on, built_at=at, built_by=by,
        message_id=PayoutBatch.next_message_id(pay_on),
    )  # fmt: skip
    made = Payout.objects.bulk_create(
        Payout(
            batch=batch, brand=brand, amount=amount, currency=currency,
            rail=Rail.CONNECT, destination=brand.connect_account, created_at=at,
        )
        for brand, amount in sorted(amounts, key=lambda one: one[0].pk)
    )  # fmt: skip
    ledger.post(
        [
            Transfer(
                "payout", ledger.brand(payout.brand_id), ledger.IN_TRANSIT, payout.amount,
                currency, "payout", payout.pk,
            )
            for payout in made
        ],
        at,
    )  # fmt: skip
    events.tell_batch(batch.pk, at)
    return batch
