"""What a passport may say of a creator: how she sold and kept her word in the last 12 months.

Only sums, and none that is made of fewer than FEWEST orders, samples or posts: from a small one,
what a shopper or a brand did could be read off. No brand, no amount and no product is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates import samplerecords
from affiliates.models import FlatFee, SampleRequest
from affiliates.samplerules import POST_DAYS, Side, State, until
from creators.models import Creator

FEWEST = 5
WINDOW = timedelta(days=365)
ORDERS, REFUNDS, SAMPLES, POSTS = "orders", "refunds", "samples", "posts"
FIELDS = {
    ORDERS: _("Delivered orders"),
    REFUNDS: _("How much of them came back"),
    SAMPLES: _("Samples: promises kept"),
    POSTS: _("Posts made on time"),
}
# What came back is reckoned in EUR alone: amounts in several currencies are not added up.
ORDERS_SQL = """
    SELECT count(DISTINCT l.brand_order_id)::int,
           count(DISTINCT l.brand_order_id) FILTER (WHERE c.currency = 'EUR')::int,
           coalesce(sum(l.net) FILTER (WHERE c.currency = 'EUR'), 0)::bigint,
           coalesce(sum(l.refunded + l.charged_back) FILTER (WHERE c.currency = 'EUR'), 0)::bigint
    FROM affiliates_commission c
    JOIN shop_orderline l ON l.id = c.order_line_id
    JOIN shop_brandorder p ON p.id = l.brand_order_id
    WHERE c.creator_id = %s AND c.kind = 'sale' AND c.state NOT IN ('void', 'held')
      AND p.delivered_at > %s AND p.delivered_at <= %s
"""


@dataclass(frozen=True)
class Facts:
    """What may be said, by field, and the fields of which there is too little to say anything."""

    said: dict[str, dict[str, int]] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)


def of(creator: Creator, at: datetime) -> Facts:
    """Return every field as of `at`; four queries."""
    with connection.cursor() as cursor:
        cursor.execute(ORDERS_SQL, [creator.pk, at - WINDOW, at])
        orders, in_euro, net, back = cursor.fetchone()
    record = samplerecords.of_creator(creator, at)
    on_time, promised = _posts(creator, at)
    found = {
        ORDERS: (orders, {"count": orders}),
        REFUNDS: (in_euro if net else 0, {"rate_bp": (back * 10_000 + net // 2) // (net or 1)}),
        SAMPLES: (record.total, {"kept": record.kept, "of": record.total}),
        POSTS: (promised, {"on_time": on_time, "of": promised}),
    }
    return Facts(
        {name: said for name, (made_of, said) in found.items() if made_of >= FEWEST},
        [name for name, (made_of, _said) in found.items() if made_of < FEWEST],
    )


def _posts(creator: Creator, at: datetime) -> tuple[int, int]:
    """Return how many posts she made within their first term, of how many she promised."""
    samples = SampleRequest.objects.filter(creator=creator, closed_at__gt=at - WINDOW).filter(
        Q(state=State.CLOSED, excuse="") | Q(state=State.LAPSED, lapsed_side=Side.CREATOR)
    )
    on_time = promised = 0
    for state, arrived, posted in samples.values_list("state", "delivered_at", "posted_at"):
        promised += 1
        kept = state == State.CLOSED and arrived and posted
        on_time += bool(kept and posted < until(arrived, POST_DAYS))
    fees = FlatFee.objects.filter(participation__creator=creator, decided_at__gt=at - WINDOW)
    states = list(fees.values_list("state", flat=True))
    kept_fees = states.count(FlatFee.State.APPROVED)
    return on_time + kept_fees, promised + kept_fees + states.count(FlatFee.State.LAPSED)
