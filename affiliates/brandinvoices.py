"""The monthly invoice to a brand: the commission, fee and VAT that the ledger took from it.

What an entry added after its month was invoiced is in the next one: an invoice is what the
ledger says up to the end of its month, less all invoices before.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from affiliates import clock, vatnumbers
from affiliates.locks import Lock
from affiliates.models import BrandInvoice
from shop import readers
from shop.models import Brand

OWED_SQL = """
    WITH moved AS (
        SELECT a.brand_id, a.currency, s.kind, s.v FROM (
            SELECT debit_id AS account_id, kind, amount AS v, posted_at
            FROM affiliates_ledgerentry
            UNION ALL SELECT credit_id, kind, -amount, posted_at FROM affiliates_ledgerentry) s
        JOIN affiliates_account a ON a.id = s.account_id AND a.kind = 'brand_balance'
        WHERE s.posted_at < %(end)s AND (s.kind IN ('settlement', 'settlement_vat')
            OR s.kind ~ '^fee(_|$)')
    ), owed AS (
        SELECT brand_id, currency,
            coalesce(sum(v) FILTER (WHERE kind = 'settlement'), 0)::bigint AS commission,
            coalesce(sum(v) FILTER (WHERE kind ~ '^fee' AND kind !~ '^fee_vat'), 0)::bigint AS fee,
            coalesce(sum(v) FILTER (WHERE kind ~ '^fee_vat' OR kind = 'settlement_vat'),
                     0)::bigint AS vat
        FROM moved GROUP BY 1, 2
    ), billed AS (
        SELECT brand_id, currency, sum(commission)::bigint AS commission,
               sum(fee)::bigint AS fee, sum(vat)::bigint AS vat
        FROM affiliates_brandinvoice GROUP BY 1, 2
    )
    SELECT brand_id, currency, o.commission - coalesce(b.commission, 0),
           o.fee - coalesce(b.fee, 0), o.vat - coalesce(b.vat, 0)
    FROM owed o LEFT JOIN billed b USING (brand_id, currency)
    WHERE NOT EXISTS (SELECT 1 FROM affiliates_brandinvoice i WHERE i.brand_id = o.brand_id
                      AND i.currency = o.currency AND i.month >= %(month)s)
    ORDER BY 1, 2
"""


def last_month_over(at: datetime) -> date:
    """Return the first day of the newest month that is over at `at`."""
    return (clock.local_day(at).replace(day=1) - timedelta(days=1)).replace(day=1)


@transaction.atomic
def issue(at: datetime, month: date | None = None) -> int:
    """Invoice a month that is over to every brand that owes for it; return how many are new."""
    month = (month or last_month_over(at)).replace(day=1)
    after = (month + timedelta(days=31)).replace(day=1)
    if clock.midnight(after) > at:
        raise ValueError(f"{month:%Y-%m} is not over")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.NUMBER])
        cursor.execute(OWED_SQL, {"end": clock.midnight(after), "month": month})
        owed = [row for row in cursor.fetchall() if any(row[2:])]
    brands = Brand.objects.in_bulk({row[0] for row in owed})
    newest = BrandInvoice.objects.aggregate(n=Max("number"))["n"] or 0
    for number, (brand_id, currency, commission, fee, vat) in enumerate(owed, newest + 1):
        BrandInvoice.objects.create(
            brand_id=brand_id, month=month, currency=currency, number=number,
            commission=commission, fee=fee, vat=vat, issued_on=clock.local_day(at),
            facts=_facts(brands[brand_id]),
        )  # fmt: skip
    return len(owed)


def _facts(brand: Brand) -> dict[str, object]:
    return {
        "language": readers.usual(brand),
        "issuer": dict(settings.COMPANY),
        "customer": {
            "name": brand.legal_name or brand.name,
            "address": ", ".join(
                part
                for part in (brand.address, f"{brand.postal_code} {brand.city}".strip())
                if part
            ),
            "country": brand.country,
            "vat_number": brand.vat_number,
        },
        "vat_check": vatnumbers.as_fact(vatnumbers.of_brand(brand)),
    }
