"""Lists by key: each page begins after the last row of the one before, whatever was added meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from affiliates.api.problems import Problem

LIMIT, MOST = 50, 100
LARGEST = 2**63 - 1
EARLIEST, LATEST = 2000, 2200


def encode(name: str, *key: object) -> str:
    """Return a cursor of the list `name`; opaque to programs, and worthless with other lists."""
    told = json.dumps([name, *key], separators=(",", ":"), default=str).encode()
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def decode(name: str, cursor: str, size: int) -> list[Any]:
    """Return the `size` parts of a cursor's key. Raises Problem for what this list did not give."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Problem("bad-cursor") from error
    if not isinstance(found, list) or len(found) != size + 1 or found[0] != name:
        raise Problem("bad-cursor")
    return found[1:]


def whole(value: object) -> int:
    """Return an id of a cursor. Raises Problem."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise Problem("bad-cursor")
    return value


def by_id(
    rows: QuerySet, name: str, after: str, limit: int, *, newest: bool = False
) -> tuple[list[Model], str | None]:
    """Return one page in the order of ids, and the cursor of the next or None. One query."""
    if after:
        pk = whole(decode(name, after, 1)[0])
        rows = rows.filter(pk__lt=pk) if newest else rows.filter(pk__gt=pk)
    found = list(rows.order_by("-pk" if newest else "pk")[: limit + 1])
    page = found[:limit]
    return page, encode(name, page[-1].pk) if len(found) > limit else None


def by_moment(
    rows: QuerySet, name: str, field: str, after: str, limit: int
) -> tuple[list[Model], str | None]:
    """Return one page, the newest `field` (a day or moment that is never null) first."""
    if after:
        value, pk = decode(name, after, 2)
        at, pk = _moment(value), whole(pk)
        rows = rows.filter(Q(**{f"{field}__lt": at}) | Q(**{field: at, "pk__lt": pk}))
    found = list(rows.order_by(f"-{field}", "-pk")[: limit + 1])
    page = found[:limit]
    if len(found) <= limit:
        return page, None
    return page, encode(name, getattr(page[-1], field).isoformat(), page[-1].pk)


def _moment(value: object) -> object:
    try:
        text = str(value)
        found = parse_date(text) if len(text) == 10 else parse_datetime(text)
    except ValueError:
        found = None
    if found is None or (len(str(value)) > 10 and found.tzinfo is None):
        raise Problem("bad-cursor")
    if not EARLIEST <= found.year <= LATEST:  # beyond them a zone away is no moment any more
        raise Problem("bad-cursor")
    return found


def by_anchor(
    rows: QuerySet, name: str, field: str, after: str, limit: int
) -> tuple[list[Model], str | None]:
    """Return one page as `by_moment`, with a cursor that tells an id and no moment. Two queries."""
    if after:
        pk = whole(decode(name, after, 1)[0])
        at = rows.model.objects.filter(pk__in=rows.filter(pk=pk).values("pk"))
        at = at.values_list(field, flat=True).first()
        if at is None:
            raise Problem("bad-cursor")
        rows = rows.filter(Q(**{f"{field}__lt": at}) | Q(**{field: at, "pk__lt": pk}))
    found = list(rows.order_by(f"-{field}", "-pk")[: limit + 1])
    page = found[:limit]
    return page, encode(name, page[-1].pk) if len(found) > limit else None
