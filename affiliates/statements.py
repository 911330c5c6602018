"""Statements: one month of an account, whose closing balance is the next month's opening.

A month is one of the market's calendar. Each entry names what caused it, in words and as an
address where its owner finds it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from affiliates import ledger
from affiliates.clock import local_day, midnight
from affiliates.labels import entry_label
from affiliates.ledger import Line
from affiliates.models import Account, Payout, SettlementLine
from creators.models import Creator
from shop.models import Brand

CHUNK = 500  # entries whose causes are looked up together


@dataclass(frozen=True)
class Cause:
    """What made an entry: words, and where its owner sees it ("" nowhere)."""

    text: str = ""
    url: str = ""


@dataclass(frozen=True)
class Row:
    """One entry with its label and cause."""

    line: Line
    label: str
    cause: Cause


@dataclass(frozen=True)
class Statement:
    """One month of one account; amounts in minor units of `currency`."""

    account: Account | None
    currency: str
    month: date  # its first day
    opening: int
    closing: int
    sums: list[tuple[str, int, int]]  # (label, how many, signed sum)

    @property
    def since(self) -> datetime:
        return midnight(self.month)

    @property
    def until(self) -> datetime:
        return midnight(following(self.month))

    @property
    def count(self) -> int:
        return sum(count for _label, count, _sum in self.sums)


@dataclass(frozen=True)
class Choice:
    """Which account is looked at, its currency, and the currencies its owner has money in."""

    account: Account | None
    currency: str
    known: list[str]


def of_brand(brand: Brand, currency: str) -> Choice:
    """Return a brand's account in a currency that it has money in, else in its own."""
    own = Account.objects.filter(kind=Account.Kind.BRAND_BALANCE, brand=brand)
    accounts = {
        row.currency: row for row in own.select_related("brand__tax_identity").order_by("currency")
    }
    first = brand.currency
    known = [first, *(one for one in accounts if one != first)]
    chosen = currency if currency in known else first
    return Choice(accounts.get(chosen), chosen, known)


def of_creator(creator: Creator, currency: str) -> Choice:
    """Return a creator's account in a currency that she has money in, else in EUR or the first."""
    own = Account.objects.filter(kind=Account.Kind.CREATOR_BALANCE, creator=creator)
    accounts = {row.currency: row for row in own.order_by("currency")}
    known = list(accounts) or ["EUR"]
    usual = "EUR" if "EUR" in accounts else known[0]
    chosen = currency if currency in accounts else usual
    return Choice(accounts.get(chosen), chosen, known)


def asked_for(choice: Choice, text: str, at: datetime) -> tuple[Statement, list[date]]:
    """Return the statement of the month that `text` names, and the months there are."""
    known = months(choice.account, at)
    return of(choice.account, choice.currency, month_of(text, known)), known


def following(month: date) -> date:
    """Return the first day of the month after `month`."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months(account: Account | None, at: datetime) -> list[date]:
    """Return the months of an account, newest first: that of `at` back to its first entry."""
    this = local_day(at).replace(day=1)
    first = ledger.first_posted_at(account.pk) if account else None
    month = min(this, local_day(first).replace(day=1)) if first else this
    found = [month]
    while month < this:
        month = following(month)
        found.append(month)
    return found[::-1]


def months_of_creator(creator: Creator, at: datetime) -> list[date]:
    """Return the months in which a creator's balance moved in any currency, newest first."""
    own = Account.objects.filter(kind=Account.Kind.CREATOR_BALANCE, creator=creator)
    return max((months(account, at) for account in own), key=len, default=months(None, at))


def month_of(text: str, known: Sequence[date]) -> date:
    """Return the month that `text` (YYYY-MM) names, or the newest one."""
    return next((month for month in known if f"{month:%Y-%m}" == text), known[0])


def of(account: Account | None, currency: str, month: date) -> Statement:
    """Return the statement of one month; an account that was never opened holds nothing."""
    if account is None:
        return Statement(None, currency, month, 0, 0, [])
    since, until = midnight(month), midnight(following(month))
    opening, found = ledger.sums(account.pk, since, until)
    closing = opening + sum(sum_ for _kind, _count, sum_ in found)
    named = [(entry_label(kind), count, sum_) for kind, count, sum_ in found]
    return Statement(account, currency, month, opening, closing, named)


def rows(statement: Statement, skip: int = 0, size: int = 0) -> Iterator[Row]:
    """Yield the entries of a statement with their causes; `size` 0: all, streamed."""
    if statement.account is None:
        return
    lines = ledger.between(
        statement.account.pk, statement.since, statement.until, statement.opening, skip, size
    )
    for chunk in _chunks(lines):
        yield from with_causes(statement.account, chunk)


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    chunk: list[Line] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


# ------------------------------------------------------------ what caused an entry


def with_causes(account: Account, lines: Sequence[Line]) -> list[Row]:
    """Add to entries of one account what caused them; at most four queries."""
    ids: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        ids[line.source_kind].append(line.source_id)
    known: dict[tuple[str, int], Cause] = {}
    for find in (_orders, _settlement_lines, _payouts, _by_hand):
        known |= dict(find(account, ids))
    return [
        Row(line, entry_label(line.kind), known.get((line.source_kind, line.source_id), Cause()))
        for line in lines
    ]


Ids = dict[str, list[int]]
Found = Iterator[tuple[tuple[str, int], Cause]]

ORDERS_SQL = """
    SELECT w.kind, w.id, p.id, o.number FROM (
        SELECT 'payment' AS kind, m.id, p.id AS part_id
          FROM shop_payment m JOIN shop_brandorder p ON p.order_id = m.order_id
         WHERE m.id = ANY(%(payment)s) AND p.brand_id = %(brand)s
        UNION ALL SELECT 'order_line', id, brand_order_id FROM shop_orderline
         WHERE id = ANY(%(order_line)s)
        UNION ALL SELECT 'refund_line', id, brand_order_id FROM shop_refundline
         WHERE id = ANY(%(refund_line)s)
        UNION ALL SELECT 'dispute_line', id, brand_order_id FROM shop_disputeline
         WHERE id = ANY(%(dispute_line)s)
        UNION ALL SELECT 'movement', m.id, p.id
          FROM shop_movement m JOIN shop_dispute d ON d.id = m.dispute_id
          JOIN shop_brandorder p ON p.order_id = d.order_id
         WHERE m.id = ANY(%(movement)s) AND p.brand_id = %(brand)s
    ) w JOIN shop_brandorder p ON p.id = w.part_id JOIN shop_order o ON o.id = p.order_id
"""
BY_HAND_SQL = """
    SELECT 'top_up', id, number FROM shop_topup WHERE id = ANY(%(top_up)s)
    UNION ALL SELECT 'movement', m.id, t.number FROM shop_movement m
        JOIN shop_topup t ON t.id = m.top_up_id WHERE m.id = ANY(%(movement)s)
    UNION ALL SELECT 'adjustment', id, trim(reason || ' ' || reference)
        FROM affiliates_adjustment WHERE id = ANY(%(adjustment)s)
"""


def _asked(sql: str, kinds: Sequence[str], ids: Ids, **more: object) -> list[tuple]:
    if not any(ids.get(kind) for kind in kinds):
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, {kind: ids.get(kind, []) for kind in kinds} | more)
        return cursor.fetchall()


def _orders(account: Account, ids: Ids) -> Found:
    kinds = ["payment", "order_line", "refund_line", "dispute_line", "movement"]
    for kind, pk, part_id, number in _asked(ORDERS_SQL, kinds, ids, brand=account.brand_id):
        url = reverse("shop:brand_order", args=[account.brand.slug, part_id])
        yield (kind, pk), Cause(_("Order %s") % number, url)


def _settlement_lines(account: Account, ids: Ids) -> Found:
    if not ids.get("settlement_line"):
        return
    found = SettlementLine.objects.filter(pk__in=ids["settlement_line"])
    for row in found.select_related("run", "brand", "creator"):
        night = date_format(row.run.night, "j F Y")
        if account.creator_id:
            url = reverse("affiliates:earnings_line", args=[row.pk])
            cause = Cause(f"{row.brand.name}, {night}", url)
        else:
            url = reverse("affiliates:balance_line", args=[account.brand.slug, row.pk])
            cause = Cause(f"@{row.creator.handle}, {night}", url)
        yield ("settlement_line", row.pk), cause


def _payouts(account: Account, ids: Ids) -> Found:
    if not ids.get("payout"):
        return
    url = reverse("affiliates:payouts") if account.creator_id else ""
    for row in Payout.objects.filter(pk__in=ids["payout"]).select_related("batch"):
        text = _("Payout of %s") % date_format(row.batch.pay_on, "j F Y")
        yield ("payout", row.pk), Cause(f"{text}, {row.reason}" if row.reason else text, url)


def _by_hand(account: Account, ids: Ids) -> Found:
    for kind, pk, text in _asked(BY_HAND_SQL, ["top_up", "movement", "adjustment"], ids):
        yield (kind, pk), Cause(text)
