"""The night as a plain Django project would write it: a loop of save(), or in bulk.

Both write what the night writes, a line per creator and brand, its two entries and its
commissions, and nothing else; nothing can be resumed.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from affiliates import ledger, tax
from affiliates.models import Commission, LedgerEntry, SettlementLine, SettlementRun
from tests.benchmarks import due

BATCH = 2_000


def _groups(rows: Iterable[Commission]) -> list[list[Commission]]:
    found: dict[tuple[int, int, str], list[Commission]] = {}
    for row in rows:
        found.setdefault((row.creator_id, row.brand_id, row.currency), []).append(row)
    return list(found.values())


def _line(run: SettlementRun, rows: list[Commission], vat_bp: int) -> SettlementLine:
    first, amount = rows[0], sum(row.amount for row in rows)
    return SettlementLine(
        run=run, creator_id=first.creator_id, brand_id=first.brand_id, currency=first.currency,
        amount=amount, vat=(amount * vat_bp + 5000) // 10000, commission_count=len(rows),
    )  # fmt: skip


def _mark(row: Commission, line: SettlementLine, vat_bp: int) -> None:
    row.state, row.settlement_line, row.vat_bp = Commission.State.SETTLED, line, vat_bp


def _entries(line: SettlementLine, ids: dict) -> Iterable[LedgerEntry]:
    currency = line.currency
    for kind, credit, moved in (
        ("settlement", ledger.creator(line.creator_id), line.amount),
        ("settlement_vat", ledger.VAT, line.vat),
    ):
        yield LedgerEntry(
            kind=kind, debit_id=ids[ledger.brand(line.brand_id), currency],
            credit_id=ids[credit, currency], amount=moved, currency=currency,
            source_kind="settlement_line", source_id=line.pk, posted_at=timezone.now(),
        )  # fmt: skip


def _owners(line: SettlementLine) -> list[ledger.Owner]:
    return [ledger.brand(line.brand_id), ledger.creator(line.creator_id), ledger.VAT]


def save_loop() -> None:
    """One line, its commissions and its entries per transaction, each by save()."""
    run, vat_bp = due.run(due.NIGHT), tax.home_vat_bp(due.NIGHT)
    for rows in _groups(Commission.objects.due(run.cutoff)):
        with transaction.atomic():
            line = _line(run, rows, vat_bp)
            line.save()
            for row in rows:
                _mark(row, line, vat_bp)
                row.save()
            ids = ledger.accounts((one, line.currency) for one in _owners(line))
            for entry in _entries(line, ids):
                entry.save()


@transaction.atomic
def bulk() -> None:
    """Everything in one transaction by bulk_create and bulk_update, BATCH rows at a time."""
    run, vat_bp = due.run(due.NIGHT), tax.home_vat_bp(due.NIGHT)
    pending = list(Commission.objects.due(run.cutoff).select_for_update())
    groups = _groups(pending)
    lines = SettlementLine.objects.bulk_create([_line(run, rows, vat_bp) for rows in groups], BATCH)
    for line, rows in zip(lines, groups, strict=True):
        for row in rows:
            _mark(row, line, vat_bp)
    Commission.objects.bulk_update(pending, ["state", "settlement_line", "vat_bp"], BATCH)
    ids = ledger.accounts((one, line.currency) for line in lines for one in _owners(line))
    LedgerEntry.objects.bulk_create(
        [entry for line in lines for entry in _entries(line, ids)], BATCH
    )
