"""Every promise of the books fires on a planted fault, and on nothing else."""

from datetime import timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from affiliates import adjustments, bookings, closings, invariants, payouts, rails, settlement
from affiliates.rails.fake import Fake
from shop import refunds
from shop.models import Movement, Payment
from tests import harness
from tests.affiliates.factories import (
    DELIVERED,
    NIGHT_OVER,
    PAID,
    deliver,
    make_brand,
    make_commission,
    make_creator,
    make_order,
    make_payable,
    make_user,
)
from tests.affiliates.test_payouts import FRIDAY
from tests.affiliates.test_refunds import chargeback
from tests.conftest import SERVERS

pytestmark = pytest.mark.django_db(transaction=True)

E = "affiliates_ledgerentry"
C = "affiliates_commission"
L = "affiliates_settlementline"
P = "affiliates_payout"
SALE = f"(SELECT min(id) FROM {C} WHERE kind = 'sale' AND state = 'settled')"
FAULTS = {
    "settled commissions equal their line": f"UPDATE {L} SET amount = amount + 1",
    "a line has its commissions' creator, brand and currency, and none that was due later": f"""
        UPDATE {C} SET currency = 'USD' WHERE id = {SALE}""",
    "each line is posted once, with its amount and accounts": f"""
        DELETE FROM {E} WHERE kind = 'settlement'""",
    "a line's VAT is posted once, as it was worked out, and nothing else of it": f"""
        UPDATE {L} SET vat = vat + 1""",
    "a payout equals the lines it claims": f"UPDATE {P} SET amount = amount + 1",
    "a claim is held only by a payout that holds lines": f"UPDATE {P} SET state = 'failed'",
    "a payout is posted once, and its end too": f"DELETE FROM {E} WHERE kind = 'payout_paid'",
    "no open payout is paid with another brand's money": f"""
        UPDATE {E} SET amount = 1 WHERE kind = 'capture'""",
    "no brand is paid what it did not have": f"""
        UPDATE {E} SET amount = amount + 1 WHERE kind = 'payout' AND debit_id IN
        (SELECT id FROM affiliates_account WHERE kind = 'brand_balance')""",
    "a creator's balance is her unclaimed lines": f"""
        UPDATE {E} SET amount = amount + 1 WHERE kind = 'payout'""",
    "a closing is the sum of its account's entries": f"""
        UPDATE {E} SET amount = amount + 1 WHERE kind = 'capture'""",
    "the ledger nets to zero: an entry has the currency of both its accounts": f"""
        UPDATE {E} SET currency = 'USD' WHERE kind = 'capture'""",
    "no order line earns twice": f"""
        DROP INDEX commission_sale_once; UPDATE {C} SET order_line_id =
        (SELECT max(order_line_id) FROM {C} WHERE kind = 'sale') WHERE id = {SALE}""",
    "reversals never exceed their sale": f"""
        UPDATE {C} SET amount = amount * 9 WHERE kind = 'reversal'""",
    "a live reversal has a live sale with its creator, brand and rate": f"""
        UPDATE {C} SET rate_bp = 900 WHERE kind = 'reversal'""",
    "a commission is the frozen rate of its base, half up": f"""
        UPDATE {C} SET amount = amount + 1 WHERE kind = 'sale'""",
    "what a line earned follows what came back of it": f"""
        UPDATE {C} SET state = 'void' WHERE kind = 'reversal'""",
    "a done shard leaves nothing due": f"""
        UPDATE {C} SET due_at = '2026-11-03', state = 'pending' WHERE state = 'pending'""",
    "refund lines add up to what a line lost": """
        UPDATE shop_orderline SET refunded = refunded - 1 WHERE refunded > 0""",
    "dispute lines add up to what a bank took of a line": """
        UPDATE shop_orderline SET charged_back = 0 WHERE charged_back > 0""",
    "each brand got what its lines and shipping brought in": f"""
        UPDATE {E} SET amount = amount + 1 WHERE kind = 'capture'""",
    "a sale has a paid order, and its line's net as base": """
        UPDATE shop_order SET status = 'cancelled', paid_at = NULL""",
    "a credited paid line has its commission": f"""
        DELETE FROM {C} WHERE kind = 'sale' AND state = 'pending'""",
    "a commission's collaboration and brand are its line's": f"""
        UPDATE {C} SET brand_id = (SELECT max(id) FROM shop_brand)""",
    "nobody earns on her own purchase": """
        UPDATE shop_order SET buyer_id = (SELECT min(user_id) FROM creators_creator)""",
    "what a payment moved at the provider is its amount": f"""
        DELETE FROM {E} WHERE kind = 'refund'""",
    "what a movement or top-up moved at the provider is its amount": f"""
        DELETE FROM {E} WHERE kind = 'provider_fee'""",
    "suspense holds what we owe shoppers: misfits and refunds that failed": f"""
        DELETE FROM {E} WHERE kind = 'misfit'""",
    "a refund that failed is booked as it came back and as it was paid": """
        INSERT INTO shop_refundfailure (payment_id, gateway, reference, amount, currency, state,
            failed_at, sent_reference, bank_reference)
        SELECT id, gateway, 're_x', amount, currency, 'open', created_at, '', ''
        FROM shop_payment WHERE kind = 'refund' LIMIT 1""",
    "each line of a paid order was judged": """
        DELETE FROM affiliates_attribution WHERE creator_id IS NULL""",
    "an adjustment is booked when two people agreed, and only then": """
        UPDATE affiliates_adjustment SET state = 'refused'""",
    "no adjustment is booked that nobody proposed": f"""
        UPDATE {E} SET source_id = 999999 WHERE source_kind = 'adjustment'""",
    "money in transit is that of open payouts": f"""
        UPDATE {P} SET state = 'processing' WHERE state = 'paid'""",
    "an attempt succeeded exactly when its payout was paid": """
        UPDATE affiliates_payoutattempt SET state = 'sent'""",
    "documents add up to the payout that they are of": """
        UPDATE affiliates_selfbill SET amount = amount + 1""",
    "documents of a creator are numbered without gaps": """
        UPDATE affiliates_selfbill SET number = number + 1""",
    "the account of somebody who is gone was agreed on by two": """
        UPDATE creators_creator SET erased_at = '2020-01-01'""",
    "what came back to somebody who is gone waits where finance sees it": f"""
        UPDATE creators_creator SET erased_at = now();
        UPDATE affiliates_payoutclaim SET released_at = now();
        UPDATE affiliates_payoutmethod SET replaced_at = now();
        UPDATE {P} SET state = 'returned'""",
    "a fee for a post is over exactly when its commission is void": f"""
        INSERT INTO affiliates_flatfee (participation_id, commission_id, state, post_url,
            is_checked, reason, refusals, act_by, reserved_at, tells)
        SELECT 1, min(id), 'lapsed', '', false, '', 0, now(), now(), false FROM {C}
        WHERE state = 'settled'""",
    "balances of creators move by lines and payouts only": f"""
        UPDATE {E} SET source_kind = 'other' WHERE kind = 'settlement'""",
    "what is held has an open flag or a case": "UPDATE affiliates_riskflag SET state = 'lapsed'",
    "a case holds only what its own creator earned": f"""
        WITH made AS (
            INSERT INTO creators_case (kind, state, subject, reason, points, opened_at, creator_id)
            SELECT 'violation', 'open', '', 'x', 0, now(), max(id) FROM creators_creator
            RETURNING id)
        UPDATE {C} SET case_id = made.id FROM made WHERE state = 'held'""",
}

LINE = "a line has its commissions' creator, brand and currency, and none that was due later"
VAT = "a line's VAT is posted once, as it was worked out, and nothing else of it"
POSTED = "each line is posted once, with its amount and accounts"
ZERO = "the ledger nets to zero: an entry has the currency of both its accounts"
FIRST = f"UPDATE {E} SET source_id = 999999 WHERE id = (SELECT min(id) FROM {E} WHERE kind = "
MORE = {  # other faults, and the promise that finds each
    "settled early": (LINE, f"UPDATE {C} SET due_at = '2027-01-01' WHERE state = 'settled'"),
    "in a line that is not there": (
        LINE,
        f"UPDATE {C} SET settlement_line_id = 999999 WHERE id = {SALE}",
    ),
    "a line of a night that is not there": (LINE, f"UPDATE {L} SET run_id = 999999"),
    "a line that counts one less": (
        "settled commissions equal their line",
        f"UPDATE {L} SET commission_count = commission_count - 1",
    ),
    "posted for a line that is not there": (POSTED, f"{FIRST} 'settlement')"),
    "VAT of a line that is not there": (VAT, f"{FIRST} 'settlement_vat')"),
    "something else of a line": (VAT, f"UPDATE {E} SET kind = 'x' WHERE kind = 'settlement_vat'"),
    "posted between other accounts": (
        POSTED,
        f"UPDATE {E} SET debit_id = credit_id WHERE kind = 'settlement'",
    ),
    "an account of another currency": (
        ZERO,
        "UPDATE affiliates_account SET currency = 'USD' WHERE kind = 'brand_balance'",
    ),
    "an account that is not there": (
        ZERO,
        f"UPDATE {E} SET credit_id = 999999 WHERE id = (SELECT max(id) FROM {E})",
    ),
}


@pytest.fixture
def market(monkeypatch):
    """One of everything: settled, paid out, refunded, pending, held, and open payouts."""
    monkeypatch.setitem(rails.RAILS, "connect", Fake())
    admins = [make_user(is_staff=True), make_user(is_staff=True)]
    creator, brand = make_creator(), make_brand()
    make_payable(creator)
    make_commission(creator, brand, price=34500)
    settlement.settle(NIGHT_OVER)
    (batch,) = payouts.build(FRIDAY)
    payouts.approve(batch, admins[0], FRIDAY)
    payouts.export(batch, admins[1], FRIDAY)
    payouts.confirm_batch(batch, FRIDAY)
    order = make_order({"brand": brand, "creator": creator}, {"brand": make_brand()})
    refunds.refund(order, at=DELIVERED, amount=2000)
    chargeback(order, "dp", 1000)
    make_order({"brand": make_brand(), "creator": creator}, at=PAID, email=creator.user.email)
    facts = {"gateway": "fake", "currency": "EUR", "created_at": PAID, "reference": "x"}
    bookings.moved(Movement.objects.create(kind="fee", amount=30, **facts), PAID)
    bookings.misfit(Payment.objects.create(kind="misfit", amount=40, **facts), PAID)
    gift = adjustments.propose("goodwill", brand, 50, "EUR", "sorry", admins[0], PAID)
    adjustments.approve(gift, admins[1], PAID)
    deliver(make_order({"brand": make_brand(connect_account="acct_1"), "price": 2000}))
    second = make_commission(brand=brand, price=34500)
    make_payable(second.creator)
    settlement.settle(NIGHT_OVER + timedelta(days=1))
    assert len(payouts.build(FRIDAY + timedelta(days=7))) == 2
    closings.close_all()
    assert invariants.check() == {}


def test_planted_faults_are_found(market, subtests):
    # Each is planted with triggers and checks off, in a transaction that is taken back.
    for name in invariants.INVARIANTS:
        with subtests.test(name):
            assert planted(name, FAULTS[name])
    for fault, (name, statement) in MORE.items():
        with subtests.test(fault):
            assert planted(name, statement)


def planted(name: str, statement: str) -> list[tuple]:
    """Return what a promise finds of a fault, with nothing left of it afterwards."""
    with (
        harness.connect(SERVERS, connection.settings_dict["NAME"]) as own,
        own.transaction() as fault,
    ):
        own.execute("SET LOCAL session_replication_role = replica")
        for table, check in own.execute(
            """SELECT conrelid::regclass::text, conname FROM pg_constraint
               WHERE contype = 'c' AND conrelid = ANY(%s::regclass[])""",
            [[C, L, E, P, "shop_order", "shop_orderline"]],
        ).fetchall():
            own.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{check}"')
        own.execute(statement)
        found = own.execute(f"SELECT * FROM ({invariants.INVARIANTS[name]}) o").fetchall()
        raise psycopg.Rollback(fault)
    return found


def test_the_command(market, capsys):
    call_command("check_books")
    assert f"{len(invariants.INVARIANTS)} invariants hold" in capsys.readouterr().out
    with harness.connect(SERVERS, connection.settings_dict["NAME"]) as own, own.transaction():
        own.execute("SET LOCAL session_replication_role = replica")
        own.execute(MORE["settled early"][1])
    with pytest.raises(CommandError) as error:
        call_command("check_books", json=True)
    assert error.value.returncode == 1
    assert '"ok": false' in capsys.readouterr().out
