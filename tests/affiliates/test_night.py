"""What follows a night, through the doors of the queue: mails, proof, and what was missed."""

import json
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection

from affiliates import bookings, ledger, proof, sweeping, tasks
from affiliates.models import Commission, LedgerEntry, SettlementLine, SettlementRun
from shop import refunds
from shop.models import Payment
from tests.affiliates.factories import (
    DELIVERED,
    NIGHT_OVER,
    make_brand,
    make_commission,
    make_creator,
    make_order,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture(autouse=True)
def eager(settings):
    from config.celery import app

    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


def test_the_task_settles_and_mails_once():
    commission = make_commission(price=34500)
    tasks.settle_nights(NIGHT_OVER.isoformat())
    tasks.mail_settlement("2026-11-19")

    commission.refresh_from_db()
    assert commission.state == "settled"
    assert [(m.to, "34.21" in m.subject) for m in mail.outbox] == [
        ([commission.creator.user.email], True)
    ]
    assert "Thing" in mail.outbox[0].body


def test_a_full_night_is_spread_over_workers():
    for _n in range(tasks.FEW + 3):
        make_commission()
    tasks.settle_nights(NIGHT_OVER.isoformat())

    assert not Commission.objects.exclude(state="settled").exists()
    assert not SettlementRun.objects.filter(completed_at=None).exists()


def test_roots_are_chained_and_prove_each_line():
    make_commission()
    make_commission()
    tasks.settle_nights(NIGHT_OVER.isoformat())

    runs = list(SettlementRun.objects.order_by("night"))
    for before, run in zip(runs, runs[1:], strict=False):
        assert run.previous_root == before.root
    leaves = list(proof.leaves(runs[-1]))
    assert len(leaves) == 1 + SettlementLine.objects.count()
    for index, value in enumerate(leaves):
        for side, sibling in proof.path(leaves, index):
            other = bytes.fromhex(sibling)
            value = proof.node(value, other) if side == "right" else proof.node(other, value)
        assert value.hex() == runs[-1].root


@pytest.mark.parametrize("count", range(1, 18))
def test_the_streaming_root_is_that_of_the_tree(count):
    leaves = [bytes([n]) * 32 for n in range(count)]

    def tree(part):
        if len(part) == 1:
            return part[0]
        split = 1 << ((len(part) - 1).bit_length() - 1)
        return proof.node(tree(part[:split]), tree(part[split:]))

    assert proof.root(leaves) == tree(leaves)


def test_the_sweep_books_what_a_signal_missed(monkeypatch):
    for name in ("paid", "refunded", "disputed"):
        monkeypatch.setattr(bookings, name, lambda *a: 1 / 0)
    order = make_order({"brand": make_brand(), "creator": make_creator()})
    refunds.refund(order, at=DELIVERED, amount=1000)
    refunds.dispute_withdrawn(order, "dp", 2450, DELIVERED)
    Payment.objects.create(
        order=order, gateway="fake", kind="chargeback", amount=2450, currency="EUR",
        dispute=order.disputes.get(), created_at=DELIVERED,
    )  # fmt: skip
    Payment.objects.create(
        gateway="fake", kind="misfit", amount=7, currency="EUR", reference="m", created_at=DELIVERED
    )
    assert LedgerEntry.objects.count() == 0
    monkeypatch.undo()

    assert sweeping.sweep(DELIVERED) == 4
    assert sweeping.sweep(DELIVERED) == 0
    assert ledger.balance(ledger.SUSPENSE, "EUR") == 7
    assert sum(Commission.objects.values_list("amount", flat=True)) == 0


def test_the_command_tells_what_it_did(capsys):
    make_commission()
    call_command("settle", as_of=NIGHT_OVER, json=True)
    facts = json.loads(capsys.readouterr().out)
    assert (facts["commissions"], facts["lines"], facts["left"]) == (1, 1, 0)
    with pytest.raises(CommandError) as error:
        call_command("settle", as_of=NIGHT_OVER, night=datetime(2030, 1, 1, tzinfo=UTC).date())
    assert error.value.returncode == 2


VIEWS = {
    "commissions": "commission_id line_id creator_id brand_id kind base rate_bp amount currency"
    " state due_at created_at settlement_line_id flag_id case_id",
    "runs": "run_id night cutoff completed_at root",
    "settlement_lines": "settlement_line_id run_id creator_id brand_id currency amount"
    " commission_count payout_id",
    "accounts": "account_id kind owner_kind owner_id currency",
    "entries": "entry_id kind debit_account_id credit_account_id amount currency source_kind"
    " source_id settlement_line_id payout_id payment_id posted_at",
    "payouts": "payout_id owner_kind owner_id amount vat currency state rail provider_ref",
    "payout_attempts": "payout_id n idempotency_key state",
}


@pytest.mark.parametrize("view", VIEWS)
def test_the_auditors_views_have_their_columns(view):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM audit.{view}")
        assert [column.name for column in cursor.description] == VIEWS[view].split()
