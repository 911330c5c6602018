"""Proof of a night: a Merkle root over its lines, chained to the night before.

Leaf: SHA-256(0x00 ‖ salt ‖ canonical JSON). Node: SHA-256(0x01 ‖ left ‖ right). The tree is
that of RFC 6962. The first leaf names the night and the root before it, which chains them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date

from django.db import connection, transaction

from affiliates.models import SettlementRun


def leaf(salt: bytes, fields: dict[str, object]) -> bytes:
    """Return the leaf of one line; `salt` keeps others from guessing it."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(b"\x00" + salt + text.encode()).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def head(night: date, previous_root: str) -> bytes:
    """Return the first leaf of a night."""
    return leaf(b"", {"night": night.isoformat(), "previous_root": previous_root})


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over `leaves` in their order; keeps one hash per level in memory."""
    stack: list[tuple[int, bytes]] = []  # (height, hash of a full subtree)
    for value in leaves:
        height = 0
        while stack and stack[-1][0] == height:
            value = node(stack.pop()[1], value)
            height += 1
        stack.append((height, value))
    if not stack:
        return hashlib.sha256(b"").digest()
    value = stack.pop()[1]
    while stack:
        value = node(stack.pop()[1], value)
    return value


def path(leaves: list[bytes], index: int) -> list[tuple[str, str]]:
    """Return the inclusion proof of one leaf: (side of the sibling, its hash), upwards."""
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return [*path(leaves[:split], index), ("right", root(leaves[split:]).hex())]
    return [*path(leaves[split:], index - split), ("left", root(leaves[:split]).hex())]


LINES_SQL = """
    SELECT id, creator_id, brand_id, currency, amount, commission_count, salt
    FROM affiliates_settlementline WHERE run_id = %s ORDER BY id
"""


def leaves(run: SettlementRun) -> Iterator[bytes]:
    """Yield the leaves of a run: the head, then its lines by id. Streams."""
    yield head(run.night, run.previous_root)
    with connection.chunked_cursor() as cursor:
        cursor.execute(LINES_SQL, [run.pk])
        while rows := cursor.fetchmany(5000):
            for pk, creator, brand, currency, amount, count, salt in rows:
                yield leaf(bytes(salt), fields(pk, creator, brand, currency, amount, count))


def fields(
    pk: int, creator: int, brand: int, currency: str, amount: int, count: int
) -> dict[str, object]:
    """Return what of a line is proven."""
    return {
        "line": pk, "creator": creator, "brand": brand, "currency": currency,
        "amount": amount, "commissions": count,
    }  # fmt: skip


def publish() -> int:
    """Give every completed night its root, oldest first; return how many got one."""
    published = 0
    while True:
        with transaction.atomic():
            run = (
                SettlementRun.objects.select_for_update()
                .filter(root="", completed_at__isnull=False)
                .order_by("night")
                .first()
            )
            if run is None or run.root:
                return published
            before = SettlementRun.objects.filter(night__lt=run.night).order_by("-night").first()
            if before is not None and not before.root:
                return published  # it is still being settled
            run.previous_root = before.root if before else ""
            run.root = root(leaves(run)).hex()
            run.save(update_fields=["root", "previous_root"])
            published += 1
