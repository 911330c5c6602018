"""Clicks as rows: on everyday links, in a burst, and the sales that they won."""

import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

from affiliates import links
from affiliates.models import Attribution, Click, Commission, Link
from tests.affiliates.factories import (
    PAID,
    make_brand,
    make_collaboration,
    make_commission,
    make_creator,
)

DAY = timedelta(days=1)
CLICKED = datetime(2026, 11, 2, 9, 12, tzinfo=UTC)  # three hours before PAID
SOON = datetime(2026, 11, 3, 1, tzinfo=UTC)  # the day of the clicks is over


def uid_at(at, n=0) -> uuid.UUID:
    return uuid.UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | n)


def click(link, at, visitor: int, n: int, **facts) -> Click:
    facts = {
        "uid": uid_at(at, n), "link_id": link.pk, "clicked_at": at,
        "visitor": visitor.to_bytes(16, "big"), "device": "phone", "counted": True,
    } | facts  # fmt: skip
    return Click(**facts)


def make_link(creator=None) -> Link:
    offer = make_collaboration(make_brand())
    return Link.objects.create(
        code=links.new_code(), creator=creator or make_creator(), collaboration=offer,
        platform="tiktok", destination="/", taken_bp=1200, created_at=PAID - DAY,
    )  # fmt: skip


def sold(link, seen: Click) -> Commission:
    """Make a sale that a click won."""
    sale = make_commission(link.creator, link.collaboration.brand, delivered=None)
    told = urlsafe_b64encode(seen.uid.bytes)[:22].decode()
    Attribution.objects.filter(order_line=sale.order_line_id).update(
        link=link, clicked_at=seen.clicked_at, touches=[{"click": told, "excluded_by": None}]
    )
    return sale


def state(*rows) -> list[str]:
    return [Commission.objects.get(pk=row.pk).state for row in rows]


def everyday(n=0) -> None:
    """Clicks as they are on most links, to compare with."""
    rows = [
        click(link, CLICKED + timedelta(minutes=v), 1_000 * k + v, n + 100 * k + v)
        for k, link in enumerate([make_link() for _ in range(3)])
        for v in range(8)
    ]
    Click.objects.bulk_create(rows)


def burst(link, people=3, clicks=90, at=CLICKED) -> list[Click]:
    rows = [
        click(link, at + timedelta(seconds=n), n % people, 10_000 + n, counted=n < people)
        for n in range(clicks)
    ]
    return Click.objects.bulk_create(rows)
