"""What the tax office is told once a year: DAC7 and UBD, from the payouts that arrived.

DAC7 is Council Directive (EU) 2021/514, annex V of Directive 2011/16/EU. Section III.B lists
what is told of a seller. Advertising for a brand that asks for it through a platform is work
by task at a user's request: a personal service (section I.A.11); whether an open offer is one
too is not settled, so every creator who lives in the EU is told of. The threshold (under 30
sales and at most €2,000 a year, section I.B.4.d) is for goods only: here it leaves out
brands, never creators. Consideration is what was paid, so net of what we keep (I.A.10).

UBD ("uitbetaalde bedragen aan derden", since 2022 in place of IB47) is article 22 of the
Dutch Uitvoeringsbesluit inkomstenbelasting 2001: each payment to a natural person who sends
no invoice, or one without VAT: also under the KOR and with VAT reverse-charged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from django.db import connection
from django.db.models import Q

from affiliates import clock, tax
from affiliates.models import BrandTaxIdentity, Payout, TaxIdentity, TaxProfile
from config.lib import money
from creators.models import Creator
from shop.models import Brand

SALES, CONSIDERATION = 30, 2_000_00  # goods: fewer sales and at most so many cents are not told
QUARTERS = (1, 2, 3, 4)


@dataclass
class Quarter:
    """What one seller got in one quarter, in minor units."""

    consideration: int = 0  # paid or credited, net of `withheld`
    vat: int = 0  # of that, the seller's own VAT
    activities: int = 0  # sales
    withheld: int = 0  # our fees and commissions, and the VAT on them


@dataclass
class Seller:
    """One seller in one currency as DAC7 wants her; a row of the report."""

    kind: str  # individual or entity
    id: int  # of the creator or brand here
    activity: str  # personal services or goods
    name: str = ""
    address: str = ""
    country: str = ""
    birth_on: str = ""
    tin: str = ""
    tin_country: str = ""
    vat_number: str = ""
    register_number: str = ""
    account: str = ""
    account_holder: str = ""
    currency: str = ""
    quarters: dict[int, Quarter] = field(default_factory=lambda: {n: Quarter() for n in QUARTERS})

    def total(self, what: str) -> int:
        return sum(getattr(quarter, what) for quarter in self.quarters.values())

    def lacking(self) -> list[str]:
        """Name the facts that the rule asks for and that we do not have."""
        needed = ["name", "address", "tin"]
        needed += ["birth_on"] if self.kind == "individual" else ["register_number"]
        return [name for name in needed if not getattr(self, name)]


@dataclass
class Payment:
    """One payment to one person as UBD wants it; a row of the report."""

    id: int  # of the creator here
    payout: int
    name: str
    address: str
    country: str
    birth_on: str
    bsn: str
    tin: str  # of who pays tax elsewhere and has no BSN
    tin_country: str
    paid_on: str
    amount: int
    currency: str

    def lacking(self) -> list[str]:
        number = "bsn" if self.tin_country in {"", tax.HOME} else "tin"
        return [n for n in ("name", "address", "birth_on", number) if not getattr(self, n)]


@dataclass
class Report:
    """A year's rows, and who of them lacks what: "creator 7" → names of facts."""

    kind: str
    year: int
    rows: list[Seller] | list[Payment]

    def missing(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self.rows:
            if lacks := row.lacking():
                is_brand = isinstance(row, Seller) and row.activity == "goods"
                found[f"{'brand' if is_brand else 'creator'} {row.id}"] = lacks
        return found

    def as_json(self) -> dict[str, object]:
        return {
            "kind": self.kind, "year": self.year, "amounts": "minor units",
            "rows": [asdict(row) for row in self.rows], "missing": self.missing(),
        }  # fmt: skip

    def as_table(self) -> Iterator[list[object]]:
        """Yield the rows as a table with major units, its head first."""
        if self.kind == "ubd":
            yield list(Payment.__dataclass_fields__)
            for row in self.rows:
                facts = asdict(row) | {"amount": money.decimal(row.amount, row.currency)}
                yield list(facts.values())
            return
        plain = [name for name in Seller.__dataclass_fields__ if name != "quarters"]
        parts = list(Quarter.__dataclass_fields__)
        yield plain + [f"q{n}_{part}" for n in QUARTERS for part in parts]
        for row in self.rows:
            cells = [getattr(row, name) for name in plain]
            for n in QUARTERS:
                facts = asdict(row.quarters[n])
                cells += [
                    value if part == "activities" else money.decimal(value, row.currency)
                    for part, value in facts.items()
                ]
            yield cells


def _year(year: int) -> dict[str, object]:
    since, until = clock.midnight(date(year, 1, 1)), clock.midnight(date(year + 1, 1, 1))
    return {"since": since, "until": until, "zone": clock.zone().key}


def _identities(ids: set[int]) -> dict[int, TaxIdentity]:
    return TaxIdentity.objects.in_bulk(list(ids))


# ------------------------------------------------------------ DAC7

CREATORS_SQL = """
    SELECT p.creator_id, p.currency, p.quarter, sum(p.amount + p.vat)::bigint,
           sum(p.vat)::bigint, sum(sold.n)::bigint, max(p.id)
    FROM (SELECT id, creator_id, currency, amount, vat,
                 extract(quarter FROM paid_at AT TIME ZONE %(zone)s)::int AS quarter
          FROM affiliates_payout WHERE state = 'paid' AND creator_id IS NOT NULL
            AND paid_at >= %(since)s AND paid_at < %(until)s) p
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM affiliates_payoutclaim c
        JOIN affiliates_commission k ON k.settlement_line_id = c.line_id AND k.kind = 'sale'
            AND k.creator_id = p.creator_id
        WHERE c.payout_id = p.id AND c.released_at IS NULL) sold
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
BRANDS_SQL = """
    SELECT a.brand_id, a.currency, extract(quarter FROM s.posted_at AT TIME ZONE %(zone)s)::int,
           sum(s.v)::bigint, count(*) FILTER (WHERE s.kind = 'capture'),
           coalesce(-sum(s.v) FILTER (WHERE s.kind ~ '^(fee|settlement|dispute_fee)'), 0)::bigint
    FROM (SELECT credit_id AS account_id, kind, amount AS v, posted_at FROM affiliates_ledgerentry
          UNION ALL SELECT debit_id, kind, -amount, posted_at FROM affiliates_ledgerentry) s
    JOIN affiliates_account a ON a.id = s.account_id AND a.kind = 'brand_balance'
    WHERE s.posted_at >= %(since)s AND s.posted_at < %(until)s
      AND s.kind ~ '^(capture|refund|chargeback|fee|settlement|dispute_fee)'
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


def dac7(year: int) -> Report:
    """Return every reportable seller of a year: creators (services), then brands (goods)."""
    return Report("dac7", year, [*_creators(year), *_brands(year)])


def _creators(year: int) -> list[Seller]:
    found: dict[tuple[int, str], Seller] = {}
    newest: dict[tuple[int, str], int] = {}
    for creator_id, currency, quarter, paid, vat, sales, payout in _asked(CREATORS_SQL, year):
        key = creator_id, currency
        row = found.setdefault(
            key, Seller("individual", creator_id, "personal services", currency=currency)
        )
        row.quarters[quarter] = Quarter(paid, vat, sales)
        newest[key] = max(payout, newest.get(key, 0))
    last = Payout.objects.select_related("tax_profile", "method").in_bulk(list(newest.values()))
    known = _identities({row.id for row in found.values()})
    homes = dict(
        Creator.objects.filter(pk__in={pk for pk, _currency in found}).values_list("pk", "country")
    )
    rows = []
    for key, row in found.items():
        payout = last[newest[key]]
        _fill(row, payout.tax_profile, known.get(row.id))
        row.country = row.country or homes[row.id]
        if payout.method:
            row.account, row.account_holder = payout.method.iban, payout.method.holder
        if row.country in tax.EU:
            rows.append(row)
    return rows


def _fill(row: Seller | Payment, profile: TaxProfile | None, known: TaxIdentity | None) -> None:
    if profile:
        row.name, row.address, row.country = profile.legal_name, profile.address, profile.country
        if isinstance(row, Seller):
            row.vat_number = profile.vat_number
    if known:
        row.birth_on, row.tin, row.tin_country = known.birth_on_iso, known.tin, known.tin_country


def _brands(year: int) -> list[Seller]:
    found: dict[tuple[int, str], Seller] = {}
    for brand_id, currency, quarter, net, sales, withheld in _asked(BRANDS_SQL, year):
        row = found.setdefault(
            (brand_id, currency), Seller("entity", brand_id, "goods", currency=currency)
        )
        row.quarters[quarter] = Quarter(net, 0, sales, withheld)
    known = Brand.objects.in_bulk({row.id for row in found.values()})
    told = BrandTaxIdentity.objects.in_bulk(known)
    by_brand: dict[int, list[Seller]] = defaultdict(list)
    for row in found.values():
        by_brand[row.id].append(row)
    rows: list[Seller] = []
    for brand_id, own in by_brand.items():
        brand = known[brand_id]
        if brand.country not in tax.EU or is_small(own):
            continue
        for row in own:
            town = f"{brand.postal_code} {brand.city}".strip()
            row.name, row.country = brand.legal_name, brand.country
            row.address = ", ".join(filter(None, (brand.address, town)))
            row.vat_number, row.register_number = brand.vat_number, brand.register_number
            row.account = brand.connect_account
            if one := told.get(brand_id):
                row.kind, row.birth_on = one.kind, one.birth_on_iso
                row.tin, row.tin_country = one.tin, one.tin_country
        rows += own
    return rows


def is_small(rows: list[Seller]) -> bool:
    """Say whether a seller of goods is left out: few sales and little money in the year."""
    return sum(row.total("activities") for row in rows) < SALES and all(
        row.currency == "EUR" and row.total("consideration") <= CONSIDERATION for row in rows
    )


def _asked(sql: str, year: int) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, _year(year))
        return cursor.fetchall()


# ------------------------------------------------------------ UBD


def ubd(year: int) -> Report:
    """Return each payment of a year to somebody whose self-bill has no VAT."""
    span = _year(year)
    paid = (
        Payout.objects.filter(state=Payout.State.PAID, creator__isnull=False, vat=0)
        .filter(paid_at__gte=span["since"], paid_at__lt=span["until"])
        .exclude(Q(tax_profile__kind=TaxProfile.Kind.VAT_LIABLE))
        .select_related("tax_profile", "creator")
        .order_by("creator_id", "paid_at", "id")
    )
    payouts = list(paid)
    known = _identities({row.creator_id for row in payouts})
    return Report("ubd", year, [_payment(row, known.get(row.creator_id)) for row in payouts])


def _payment(payout: Payout, known: TaxIdentity | None) -> Payment:
    row = Payment(
        id=payout.creator_id, payout=payout.pk, name="", address="",
        country=payout.creator.country, birth_on="", bsn="", tin="", tin_country="",
        paid_on=clock.local_day(payout.paid_at).isoformat(), amount=payout.amount,
        currency=payout.currency,
    )  # fmt: skip
    _fill(row, payout.tax_profile, known)
    if row.tin_country == tax.HOME:
        row.bsn, row.tin = row.tin, ""
    return row


KINDS = {"dac7": dac7, "ubd": ubd}


def latest_year(at: datetime) -> int:
    """Return the newest year that can be reported: the one that is running."""
    return clock.local_day(at).year
