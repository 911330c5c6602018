"""How both sides of samples kept their word, counted over the last 12 months.

Hers is kept in creators.SampleRecord, where the directory reads it; a brand's is counted when
asked for. A newcomer has no record, which is neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q

from affiliates.models import SampleRequest
from affiliates.samplerules import COUNTS_FOR, Record, Side, State, allowance
from creators.models import Creator, SampleRecord

KEPT = Q(state=State.CLOSED, excuse="")
LAPSED = Q(state=State.LAPSED)
# What a brand owes: an answer, and on a yes the parcel.
ANSWERED = Q(excuse="") & (Q(state=State.DECLINED) | Q(shipped_at__isnull=False))


def of_creators(creator_ids: Iterable[int], at: datetime) -> dict[int, Record]:
    """Return the record of each of these creators who has any, counted now; one query."""
    rows = SampleRequest.objects.filter(
        creator__in=list(creator_ids), closed_at__gt=at - COUNTS_FOR
    )
    counted = rows.order_by().values("creator").annotate(
        kept=Count("pk", filter=KEPT),
        broken=Count("pk", filter=LAPSED & Q(lapsed_side=Side.CREATOR)),
        excused=Count("pk", filter=~Q(excuse="")),
    )  # fmt: skip
    return {row["creator"]: Record(row["kept"], row["broken"], row["excused"]) for row in counted}


def of_creator(creator: Creator, at: datetime) -> Record:
    return of_creators([creator.pk], at).get(creator.pk, Record())


def allowance_of(creator: Creator, at: datetime) -> int:
    """Return how many samples she may have open now."""
    return allowance(of_creator(creator, at))


def of_brands(brand_ids: Iterable[int], at: datetime) -> dict[int, Record]:
    """Return the record of each of these brands that has any; one query."""
    rows = SampleRequest.objects.filter(
        collaboration__brand__in=list(brand_ids), closed_at__gt=at - COUNTS_FOR
    )
    brand = "collaboration__brand"
    counted = rows.order_by().values(brand).annotate(
        kept=Count("pk", filter=ANSWERED),
        broken=Count("pk", filter=LAPSED & Q(lapsed_side=Side.BRAND)),
        excused=Count("pk", filter=~Q(excuse="")),
    )  # fmt: skip
    return {row[brand]: Record(row["kept"], row["broken"], row["excused"]) for row in counted}


def refresh(creator_ids: Iterable[int], at: datetime) -> int:
    """Write the records of these creators anew; return how many."""
    ids = list(creator_ids)
    found = of_creators(ids, at)
    rows = [_row(pk, found.get(pk, Record()), at) for pk in ids]
    SampleRecord.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["creator"],
        update_fields=["kept", "broken", "excused", "lower_bp", "refreshed_at"],
    )
    return len(rows)


def _row(creator_id: int, record: Record, at: datetime) -> SampleRecord:
    return SampleRecord(
        creator_id=creator_id, kept=record.kept, broken=record.broken, excused=record.excused,
        lower_bp=record.lower_bp, refreshed_at=at,
    )  # fmt: skip


def expire(at: datetime, size: int = 2_000) -> int:
    """Count anew whose record was not looked at for a day: old promises leave it."""
    behind = SampleRecord.objects.filter(refreshed_at__date__lt=at.date())
    ids = list(behind.order_by("creator").values_list("creator_id", flat=True)[:size])
    return refresh(ids, at)
