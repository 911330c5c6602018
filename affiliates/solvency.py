"""The solvency light: can a brand pay what it owes, and how long does it take?

Pages show the light as it was last seen (`lights`, one query); a new link is judged by the
brand's funds of this moment (`short`). A brand without sales owes nothing: it is green.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction

from affiliates import funding
from affiliates.funding import Health
from affiliates.models import BrandLight
from shop.models import Brand

BACK = timedelta(days=120)  # payouts that the median looks at
BATCH = 500
WORST = [Health.RED, Health.AMBER, Health.GREEN]

# Days from the delivery of what a creator sold to the payout that brought its commission.
MEDIAN_SQL = """
    SELECT c.brand_id, percentile_cont(0.5) WITHIN GROUP (
               ORDER BY extract(epoch FROM p.paid_at - part.delivered_at) / 86400)
    FROM affiliates_payout p
    JOIN affiliates_payoutclaim claim ON claim.payout_id = p.id AND claim.released_at IS NULL
    JOIN affiliates_commission c ON c.settlement_line_id = claim.line_id AND c.kind = 'sale'
        AND c.creator_id = p.creator_id
    JOIN shop_orderline l ON l.id = c.order_line_id
    JOIN shop_brandorder part ON part.id = l.brand_order_id
    WHERE p.state = 'paid' AND p.paid_at > %(since)s AND p.paid_at <= %(at)s
      AND part.delivered_at < p.paid_at AND c.brand_id = ANY(%(brands)s)
    GROUP BY 1
"""


def refresh(at: datetime) -> int:
    """Look at the money of every active brand anew; return how many. Safe to repeat."""
    brands = list(Brand.objects.filter(status=Brand.Status.ACTIVE).values_list("pk", flat=True))
    for first in range(0, len(brands), BATCH):
        _write(brands[first : first + BATCH], at)
    return len(brands)


def _write(brand_ids: list[int], at: datetime) -> None:
    health = healths(brand_ids, at)
    days = median_days(brand_ids, at)
    BrandLight.objects.bulk_create(
        [
            BrandLight(brand_id=pk, health=health[pk], median_days=days.get(pk), seen_at=at)
            for pk in brand_ids
        ],
        update_conflicts=True,
        unique_fields=["brand"],
        update_fields=["health", "median_days", "seen_at"],
    )


def healths(brand_ids: Iterable[int], at: datetime) -> dict[int, Health]:
    """Return the worst of each brand's currencies now, in two queries."""
    worst = dict.fromkeys(brand_ids, Health.GREEN)
    for (pk, _currency), funds in funding.of_all(at, list(worst)).items():
        worst[pk] = min(worst[pk], funds.health, key=WORST.index)
    return worst


def median_days(brand_ids: list[int], at: datetime) -> dict[int, int]:
    """Return the median of days from delivery to payout, whole, for brands that had any."""
    with transaction.atomic(), connection.cursor() as cursor:
        # No index leads from a line to its commissions: one by one it would take minutes.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(MEDIAN_SQL, {"brands": brand_ids, "at": at, "since": at - BACK})
        found = {pk: max(0, round(days)) for pk, days in cursor}
        cursor.execute("SET LOCAL enable_nestloop = on")
        return found


def lights(brand_ids: Iterable[int]) -> dict[int, BrandLight]:
    """Return the last seen light by brand; a brand not looked at yet is left out. One query."""
    return BrandLight.objects.in_bulk(set(brand_ids))


def short(brand_ids: Iterable[int], at: datetime) -> set[int]:
    """Return the brands that may give no new links now, in two queries."""
    return {pk for pk, health in healths(brand_ids, at).items() if health == Health.RED}
