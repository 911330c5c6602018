"""The next payout of one creator: how much, when, to which account, or what is in its way.

It foretells what `payouts.build` will do with the lines that have settled so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db import connection

from affiliates import clock, funding, rails
from affiliates.models import PayoutMethod, VatCheck
from affiliates.payouts import fridays
from creators.models import Creator

NEW_ACCOUNTS = PayoutMethod._meta.get_field("rail").default  # the rail that they are given for
SQL = """
    WITH waiting AS ({waiting}), free AS (
        SELECT l.currency, sum(l.amount)::bigint AS amount FROM affiliates_settlementline l
        WHERE l.creator_id = %(creator)s AND l.currency = ANY(%(currencies)s) AND l.case_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM affiliates_payoutclaim c
                          WHERE c.line_id = l.id AND c.released_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.id = l.id)
        GROUP BY 1
    ), waits AS (
        SELECT currency, sum(amount)::bigint AS amount FROM waiting
        WHERE creator_id = %(creator)s GROUP BY 1
    )
    SELECT wanted.currency, coalesce(free.amount, 0), coalesce(waits.amount, 0),
           coalesce(m.iban, ''), coalesce(m.rail, ''), m.usable_from, coalesce(m.name_check, ''),
           coalesce(m.refused, ''),
           t.id IS NOT NULL,
           EXISTS (SELECT 1 FROM affiliates_taxidentity WHERE creator_id = %(creator)s),
           CASE WHEN t.kind IN ('vat_liable', 'eu_reverse')
                THEN coalesce(v.state, 'unchecked') ELSE '' END,
           open.pay_on,
           EXISTS (SELECT 1 FROM affiliates_payday WHERE friday >= %(friday)s),
           EXISTS (SELECT 1 FROM affiliates_settlementrun WHERE night < %(friday)s)
    FROM unnest(%(currencies)s::text[]) WITH ORDINALITY AS wanted (currency, n)
    LEFT JOIN free ON free.currency = wanted.currency
    LEFT JOIN waits ON waits.currency = wanted.currency
    LEFT JOIN LATERAL (
        SELECT b.pay_on FROM affiliates_payout p JOIN affiliates_payoutbatch b ON b.id = p.batch_id
        WHERE p.creator_id = %(creator)s AND p.currency = wanted.currency
          AND p.state IN ('pending', 'processing')) open ON true
    LEFT JOIN affiliates_payoutmethod m
        ON m.creator_id = %(creator)s AND m.replaced_at IS NULL
    LEFT JOIN LATERAL (
        SELECT id, kind FROM affiliates_taxprofile
        WHERE creator_id = %(creator)s AND effective_from <= %(today)s
        ORDER BY effective_from DESC, id DESC LIMIT 1) t ON true
    LEFT JOIN affiliates_vatcheck v ON v.profile_id = t.id
    ORDER BY wanted.n
"""
ITS_BRANDS = (
    "AND a.brand_id IN (SELECT brand_id FROM affiliates_settlementline"
    " WHERE creator_id = %(creator)s)"
)


class Hurdle(StrEnum):
    """What keeps a payout from going out, the first to be cleared."""

    NOTHING = "nothing"  # no line that could go out
    BELOW = "below"  # more came back than was earned since
    CURRENCY = "currency"  # nothing takes this currency to her account
    BANK = "bank"
    NAME = "name"  # the account belongs to somebody else
    REFUSED = "refused"  # the bank sent a payout to it back
    TAX = "tax"
    IDENTITY = "identity"  # no birth date and tax number
    VAT_NUMBER = "vat_number"  # VIES does not know it
    VAT_WAITS = "vat_waits"  # VIES has not answered yet; we ask again by ourselves
    SMALL = "small"  # under the rail's minimum
    OPEN = "open"  # an earlier payout is on its way: one at a time


@dataclass(frozen=True, slots=True)
class Payday:
    """The next payout; `amount` in minor units, `hurdle` empty when it goes out."""

    on: date
    amount: int
    waits: int  # settled, and not yet covered by its brand
    currency: str
    minimum: int
    small_on: date  # when balances of any size go out
    account: str
    hurdle: str
    has_bank: bool
    bad_account: bool
    has_tax: bool
    has_identity: bool
    vat_state: str  # of VatCheck; empty where no number is needed
    open_on: date | None  # pay day of an earlier payout that the bank has not confirmed


def of(creator: Creator, currency: str, at: datetime) -> Payday:
    """Return what a creator's next payout in one currency would be at `at`."""
    return of_all(creator, [currency], at)[0]


def of_all(creator: Creator, currencies: Sequence[str], at: datetime) -> list[Payday]:
    """Return what a creator's next payouts would be, in the order asked for, in one statement."""
    today = clock.local_day(at)
    values = {
        "creator": creator.pk, "currencies": list(currencies), "today": today,
        "friday": clock.friday_before(today),
    }  # fmt: skip
    waiting = funding.WAITING_SQL.format(only=ITS_BRANDS)
    with connection.cursor() as cursor:
        cursor.execute(SQL.format(waiting=waiting), values)
        return [_payday(creator, at, *row) for row in cursor.fetchall()]


def _payday(
    creator: Creator, at: datetime, currency: str, amount: int, waits: int, iban: str, rail: str,
    usable_from: datetime | None, name_check: str, refused: str, has_tax: bool,
    has_identity: bool, vat_state: str, open_on: date | None, built: bool, had_begun: bool,
) -> Payday:  # fmt: skip
    method = PayoutMethod(
        iban=iban, usable_from=usable_from, name_check=name_check, refused=refused
    )
    on = _day(at, built, had_begun, usable_from)
    way = rails.for_account(rail or NEW_ACCOUNTS, currency)
    is_closed = creator.status == Creator.Status.CLOSED  # paid whatever is left
    minimum = 1 if is_closed or way is None else rails.minimum(way, currency, on)
    hurdle = _hurdle(amount, minimum, method, has_tax, has_identity, vat_state, way is not None)
    if not hurdle and open_on:
        hurdle = str(Hurdle.OPEN)
    return Payday(
        on=on,
        amount=amount,
        waits=waits,
        currency=currency,
        minimum=minimum,
        small_on=clock.small_friday_from(on),
        account=str(method) if iban else "",
        hurdle=hurdle,
        has_bank=bool(iban),
        bad_account=bool(refused) or name_check == PayoutMethod.NameCheck.NONE,
        has_tax=has_tax,
        has_identity=has_identity,
        vat_state=vat_state,
        open_on=open_on,
    )


def is_carried(currency: str) -> bool:
    """Say whether anything takes a currency to creators' accounts."""
    return rails.for_account(NEW_ACCOUNTS, currency) is not None


def unpaid(currency: str) -> str:
    """Return a currency that creators cannot be paid in, else nothing: for what brands read."""
    return "" if is_carried(currency) else currency


def friday_after(night: date, currency: str) -> date | None:
    """Return the Friday on which what a night settles goes out; None: nothing takes the currency."""
    if not is_carried(currency):
        return None
    return clock.friday_from(night + timedelta(days=1))


def _day(at: datetime, built: bool, had_begun: bool, usable_from: datetime | None) -> date:
    """Return the day of the next batch after the account's 48 hours: a Friday, or today where
    the last Friday's is late.
    """
    today = clock.local_day(at)
    is_due = fridays.is_due(clock.friday_before(today), today, built, had_begun)
    day = today if is_due else clock.friday_from(today + timedelta(days=1))
    ready = at if is_due else clock.midnight(day)
    if usable_from and usable_from > ready:
        return clock.friday_from(clock.local_day(usable_from) + timedelta(days=1))
    return day


def _hurdle(
    amount: int, minimum: int, method: PayoutMethod, has_tax: bool, has_identity: bool,
    vat_state: str, is_carried: bool,
) -> str:  # fmt: skip
    hurdles = {
        Hurdle.BELOW: amount < 0,
        Hurdle.CURRENCY: not is_carried,
        Hurdle.NOTHING: amount == 0,
        Hurdle.BANK: not method.iban,
        Hurdle.NAME: method.name_check == PayoutMethod.NameCheck.NONE,
        Hurdle.REFUSED: bool(method.refused),
        Hurdle.TAX: not has_tax,
        Hurdle.IDENTITY: not has_identity,
        Hurdle.VAT_NUMBER: vat_state == VatCheck.State.INVALID,
        Hurdle.VAT_WAITS: vat_state not in {"", VatCheck.State.VALID},
        Hurdle.SMALL: amount < minimum,
    }
    return next((str(hurdle) for hurdle, stands in hurdles.items() if stands), "")
