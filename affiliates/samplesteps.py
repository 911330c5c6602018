"""What every step of a sample is made of: lock it, change it, write down and tell what happened."""

from __future__ import annotations

from datetime import datetime

from affiliates import samplerecords
from affiliates.models import SampleEvent, SampleRequest
from affiliates.samplerules import State, Step, until
from creators.models import Creator
from shop.models import Brand


class OutOfOrder(Exception):
    """The sample is at another step, or it is not this side's turn."""


def locked(
    pk: int, *states: str, creator: Creator | None = None, brand: Brand | None = None
) -> SampleRequest:
    """Return the sample of one side, locked, at one of these steps. Raises OutOfOrder."""
    rows = SampleRequest.objects.select_for_update(of=("self",)).select_related("collaboration")
    if creator is not None:
        rows = rows.filter(creator=creator)
    if brand is not None:
        rows = rows.filter(collaboration__brand=brand)
    row = rows.filter(pk=pk).first()
    if row is None or row.state not in states:
        raise OutOfOrder(f"sample {pk} is not {' or '.join(states)}")
    return row


def write(row: SampleRequest, kind: str, side: str, at: datetime, text: str = "") -> None:
    SampleEvent.objects.create(sample=row, kind=kind, side=side, at=at, text=text.strip()[:1000])


def go_on(
    row: SampleRequest, state: str, kind: str, side: str, at: datetime, text: str = "", *,
    days: int | None = None,
) -> SampleRequest:  # fmt: skip
    row.state = state
    row.act_by = until(at, days or Step(state).days)
    row.save()
    write(row, kind, side, at, text)
    return row


def close(
    row: SampleRequest, kind: str, side: str, at: datetime, text: str = "", *,
    excuse: str = "", check: str = "",
) -> SampleRequest:  # fmt: skip
    """End a sample; her address goes, and both records are counted anew."""
    if excuse or check:
        row.state = State.CLOSED
    row.excuse, row.checked_by, row.closed_at, row.address = excuse, check, at, {}
    row.save()
    write(row, kind, side, at, text)
    samplerecords.refresh([row.creator_id], at)
    return row


def is_used(row: SampleRequest) -> bool:
    """Whether the same post stands for a sample of another brand: then this brand looks."""
    same = SampleRequest.objects.filter(creator=row.creator_id, post_url=row.post_url)
    return same.exclude(collaboration__brand=row.collaboration.brand_id).exists()
