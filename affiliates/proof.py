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
from django.db.models import Count, Sum

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


Path = list[tuple[str, str]]  # (side of the sibling, its hash), upwards


def root_and_head(leaves: Iterable[bytes]) -> tuple[bytes, Path]:
    """Return the root over `leaves` in their order, and the proof of the first of them.

    Keeps one hash per level in memory.
    """
    stack: list[tuple[int, bytes]] = []  # (height, hash of a full subtree)
    first: Path = []
    for value in leaves:
        height = 0
        while stack and stack[-1][0] == height:
            if len(stack) == 1:
                first.append(("right", value.hex()))
            value = node(stack.pop()[1], value)
            height += 1
        stack.append((height, value))
    if not stack:
        return hashlib.sha256(b"").digest(), []
    value = stack.pop()[1]
    while stack:
        if len(stack) == 1:
            first.append(("right", value.hex()))
        value = node(stack.pop()[1], value)
    return value, first


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over `leaves` in their order."""
    return root_and_head(leaves)[0]


def paths(leaves: list[bytes], wanted: Iterable[int]) -> dict[int, Path]:
    """Return the inclusion proofs of some leaves; one pass over the tree, whatever their number.

    An odd last node of a level goes up as it is, which is the tree of RFC 6962.
    """
    found: dict[int, Path] = {index: [] for index in wanted}
    level, height = leaves, 0
    while len(level) > 1:
        for index, steps in found.items():
            here = index >> height
            if here % 2:
                steps.append(("left", level[here - 1].hex()))
            elif here + 1 < len(level):
                steps.append(("right", level[here + 1].hex()))
        pairs = range(0, len(level) - 1, 2)
        above = [node(level[at], level[at + 1]) for at in pairs]
        level, height = above + level[len(level) & ~1 :], height + 1
    return found


def path(leaves: list[bytes], index: int) -> Path:
    """Return the inclusion proof of one leaf."""
    return paths(leaves, [index])[index]


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


def counts(run: SettlementRun) -> dict[str, object]:
    """Return how many lines and creators a night had, and its sum per currency."""
    rows = run.lines.aggregate(lines=Count("id"), creators=Count("creator", distinct=True))
    sums = run.lines.values("currency").order_by("currency").annotate(sum=Sum("amount"))
    return rows | {"amounts": {row["currency"]: row["sum"] for row in sums}}


def publish() -> int:
    """Give every completed night its root, oldest first; return how many got one."""
    _complete_older()
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
            found, run.head_path = root_and_head(leaves(run))
            run.root, run.published = found.hex(), counts(run)
            run.save(update_fields=["root", "previous_root", "head_path", "published"])
            published += 1


def _complete_older() -> None:
    """Give nights that were published without their counts those too."""
    for run in SettlementRun.objects.filter(published__isnull=True).exclude(root=""):
        _root, run.head_path = root_and_head(leaves(run))
        run.published = counts(run)
        run.save(update_fields=["head_path", "published"])


# ------------------------------------------------------------------ for the world

MIN_CREATORS = 10  # of a smaller night counts and sums would say too much about one person


def as_published(run: SettlementRun) -> dict[str, object]:
    """Return what anyone may know of a night; counts and sums only where many took part."""
    known = run.published or {}
    many = known.get("creators", 0) >= MIN_CREATORS
    return {
        "night": run.night.isoformat(),
        "cutoff": run.cutoff.isoformat(),
        "lines": known.get("lines") if many else None,
        "creators": known.get("creators") if many else None,
        "amounts": known.get("amounts") if many else None,
        "root": run.root,
        "previous_root": run.previous_root,
        "head_path": run.head_path or [],
    }


def statement(creator_id: int, first: date, last: date) -> dict[str, object]:
    """Return a creator's lines of the nights from `first` to `last`, each with its proof.

    `statement_check` verifies it against what was published. Linear in the nights' lines.
    """
    runs = SettlementRun.objects.exclude(root="").filter(
        night__range=(first, last), lines__creator_id=creator_id
    )
    nights, totals = [], {}
    for run in runs.distinct().order_by("night"):
        lines = _proven(run, creator_id)
        nights.append({"night": run.night.isoformat(), "root": run.root, "lines": lines})
        for line in lines:
            currency, amount = line["fields"]["currency"], line["fields"]["amount"]
            totals[currency] = totals.get(currency, 0) + amount
    return {
        "kind": "thousand-statement", "version": 1, "creator": creator_id,
        "from": first.isoformat(), "to": last.isoformat(), "nights": nights, "totals": totals,
    }  # fmt: skip


def _proven(run: SettlementRun, creator_id: int) -> list[dict[str, object]]:
    """Return one creator's lines of a night: fields, salt, and the way up to the root."""
    order = {pk: n for n, pk in enumerate(run.lines.order_by("id").values_list("pk", flat=True), 1)}
    own = list(run.lines.filter(creator_id=creator_id).order_by("id"))
    ways = paths(list(leaves(run)), [order[line.pk] for line in own])
    return [
        {
            "fields": fields(
                line.pk, line.creator_id, line.brand_id, line.currency, line.amount,
                line.commission_count,
            ),
            "salt": bytes(line.salt).hex(),
            "path": ways[order[line.pk]],
        }
        for line in own
    ]  # fmt: skip
