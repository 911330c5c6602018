"""A brand's own affiliate programme beside ours: what it claims, and who stood down.

    claims(brand_slug, query) -> brand id     # does this address belong to the brand's programme?
    own_claim_at(...)                         # when it claimed the brand's part of an order
    report(brand, month) -> [DoubleClaim]     # lines that both claimed, and who earned them

A click of theirs is kept in one signed cookie beside ours, under the same consent; a code of
theirs is known by the brand's list. Which goes first is the collaboration's, frozen at our click.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature, Signer
from django.db import connection
from django.utils.dateparse import parse_datetime

from affiliates import clock
from affiliates.models import OwnProgramme
from shop.models import Brand

COOKIE = f"{settings.COOKIE_PREFIX}claims"
BRANDS = 8
MAX_AGE_S = 90 * 24 * 3600
KNOWN_S = 60  # so long a change of the list takes to reach every page
ENTRY = re.compile(r"([1-9]\d{0,17})\.(\d{13})")


# ------------------------------------------------------------------ seen at the door


def is_claimed(parameters: Iterable[str], query: Mapping[str, str]) -> bool:
    """Say whether an address has one of these parameters. Pure."""
    for entry in parameters:
        name, has_value, value = entry.partition("=")
        if name in query and (not has_value or query[name] == value):
            return True
    return False


def claims(brand_slug: str, query: Mapping[str, str]) -> int | None:
    """Return the id of the brand whose programme this address belongs to."""
    known = cache.get("own_programmes")
    if known is None:
        rows = OwnProgramme.objects.exclude(parameters=[]).values_list(
            "brand__slug", "brand_id", "parameters"
        )
        known = {slug: (brand_id, entries) for slug, brand_id, entries in rows}
        cache.set("own_programmes", known, KNOWN_S)
    brand_id, entries = known.get(brand_slug, (None, []))
    return brand_id if is_claimed(entries, query) else None


def read(cookie: str | None) -> dict[int, datetime]:
    """Return when each brand's programme was last seen; a cookie that is not ours says nothing."""
    try:
        body = Signer(salt="affiliates.claims").unsign(cookie) if cookie else ""
    except BadSignature:
        return {}
    found = {}
    for entry in body.split("!"):
        if match := ENTRY.fullmatch(entry):
            found[int(match[1])] = datetime.fromtimestamp(0, UTC) + timedelta(
                milliseconds=int(match[2])
            )
    return found


def write(known: Mapping[int, datetime], brand_id: int, at: datetime) -> str:
    """Return the cookie with one more claim; the oldest brands are left out."""
    newest = sorted((known | {brand_id: at}).items(), key=lambda item: item[1], reverse=True)
    body = "!".join(f"{pk}.{int(seen.timestamp() * 1000):013}" for pk, seen in newest[:BRANDS])
    return Signer(salt="affiliates.claims").sign(body)


# ------------------------------------------------------------------ at the order


def of_order(referral: dict[str, Any] | None) -> dict[int, datetime]:
    """Return the claims that `shopper.Referral.as_json()` put on an order."""
    clicks = (referral or {}).get("clicks")
    told = clicks.get("claims") if isinstance(clicks, dict) else None
    found = {}
    for brand, moment in told.items() if isinstance(told, dict) else ():
        at = parse_datetime(moment) if isinstance(moment, str) else None
        if at is not None and at.tzinfo and str(brand).isascii() and str(brand).isdigit():
            found[int(brand)] = at
    return found


def own_claim_at(
    programme: OwnProgramme | None, seen_at: datetime | None, code: str, placed_at: datetime
) -> datetime | None:
    """Return when the brand's own programme claimed an order, or None. Pure.

    A code of theirs claims at the order; a click of theirs within their window.
    """
    if programme is None:
        return None
    if code and code in programme.codes:
        return placed_at
    window = timedelta(days=programme.window_days)
    if seen_at is not None and placed_at - window <= seen_at <= placed_at:
        return seen_at
    return None


def of_brands(brand_ids: Iterable[int]) -> dict[int, OwnProgramme]:
    return {row.brand_id: row for row in OwnProgramme.objects.filter(brand__in=brand_ids)}


def owner_of_code(word: str, brand_ids: Iterable[int]) -> Brand | None:
    """Return the brand, of these, whose own programme has this code."""
    rows = OwnProgramme.objects.filter(brand__in=list(brand_ids), codes__contains=[word])
    found = rows.select_related("brand").first()
    return found.brand if found else None


# ------------------------------------------------------------------ both claimed


@dataclass(frozen=True, slots=True)
class DoubleClaim:
    """One order line that the brand's own programme claimed as well as a creator."""

    order: str
    paid_on: date
    title: str
    handle: str  # of the creator whose touch was the newest or won
    rule: str
    ours_at: datetime | None
    own_at: datetime
    commission: int  # 0 where Thousand stood down
    currency: str


DOUBLE = """
    SELECT o.number, (o.paid_at AT TIME ZONE %(zone)s)::date, l.title, k.handle, a.rule,
           t.touch ->> 'clicked_at', t.touch ->> 'own_claim_at',
           coalesce(s.amount, 0)::bigint, o.currency
    FROM shop_brandorder p
    JOIN shop_order o ON o.id = p.order_id
    JOIN shop_orderline l ON l.brand_order_id = p.id
    JOIN affiliates_attribution a ON a.order_line_id = l.id
    CROSS JOIN LATERAL (
        SELECT touch FROM jsonb_array_elements(a.touches) WITH ORDINALITY AS e (touch, n)
        WHERE touch ? 'own_claim_at' AND (touch ->> 'excluded_by' IS NULL
            OR touch ->> 'excluded_by' IN ('own_programme', 'not_newest', 'code_wins'))
        ORDER BY (touch ->> 'excluded_by' IS NULL) DESC, n LIMIT 1
    ) t
    JOIN creators_creator k ON k.id = (t.touch ->> 'creator_id')::bigint
    LEFT JOIN affiliates_commission s ON s.order_line_id = l.id AND s.kind = 'sale'
        AND s.state <> 'void'
    WHERE p.brand_id = %(brand)s AND p.paid_at >= %(since)s AND p.paid_at < %(until)s
    ORDER BY o.paid_at, l.id
"""


MONTHS = 13


def months(today: date) -> list[date]:
    """Return the first days of the latest months, newest first."""
    found = [today.replace(day=1)]
    while len(found) < MONTHS:
        last = found[-1]
        found.append(last.replace(year=last.year - (last.month == 1), month=last.month - 1 or 12))
    return found


def month_of(text: str, known: Sequence[date]) -> date:
    """Return the month that `text` (YYYY-MM) names, or the newest one."""
    return next((month for month in known if f"{month:%Y-%m}" == text[:7]), known[0])


def report(brand: Brand, month: date) -> list[DoubleClaim]:
    """Return every line of one month that both programmes claimed, oldest first."""
    since = month.replace(day=1)
    until = (since + timedelta(days=31)).replace(day=1)
    values = {
        "zone": clock.zone().key, "brand": brand.pk,
        "since": clock.midnight(since), "until": clock.midnight(until),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(DOUBLE, values)
        rows = cursor.fetchall()
    return [
        DoubleClaim(
            order, day, title, handle, rule,
            parse_datetime(ours) if ours else None, parse_datetime(own), amount, currency,
        )
        for order, day, title, handle, rule, ours, own, amount, currency in rows
    ]  # fmt: skip
