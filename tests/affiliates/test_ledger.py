"""The ledger: each fact once, never changed, balances that are sums."""

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from affiliates import ledger, settlement
from affiliates.ledger import EntryDiffers, Transfer
from affiliates.models import Account, LedgerEntry
from tests import harness
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_brand,
    make_commission,
    make_creator,
)
from tests.conftest import SERVERS

pytestmark = pytest.mark.django_db


def transfer(amount=100, source=1, currency="EUR"):
    return Transfer("test", ledger.BANK, ledger.VAT, amount, currency, "payment", source)


def test_posting_again_is_the_same_posting():
    assert [ledger.post([transfer()], PAID), ledger.post([transfer()], PAID)] == [1, 0]
    assert ledger.balance(ledger.VAT, "EUR") == 100
    assert ledger.balance(ledger.BANK, "EUR") == -100


def test_another_amount_for_the_same_source_is_refused():
    ledger.post([transfer()], PAID)
    with pytest.raises(EntryDiffers, match="payment:1 is 100, asked for 101"):
        ledger.post([transfer(101)], PAID)


def test_negative_amounts_move_the_other_way_and_zero_not_at_all():
    assert ledger.post([transfer(-40), transfer(0, 2)], PAID) == 1
    assert ledger.balance(ledger.VAT, "EUR") == -40


def test_currencies_do_not_mix():
    ledger.post([transfer(1, 1, "JPY"), transfer(2, 2, "KWD")], PAID)
    assert [ledger.balance(ledger.VAT, c) for c in ("EUR", "JPY", "KWD")] == [0, 1, 2]


def test_twenty_thousand_accounts_open_in_one_statement(django_assert_num_queries):
    creators = [make_creator(user=None) for _n in range(50)]
    wanted = [(ledger.creator(one.pk), "EUR") for one in creators]
    with django_assert_num_queries(1):
        first = ledger.accounts(wanted)
    assert ledger.accounts(wanted) == first
    assert Account.objects.count() == 50


def test_a_statement_adds_up():
    brand = make_brand()
    make_commission(brand=brand)
    make_commission(brand=brand)
    account = Account.objects.get(brand=brand)

    lines = list(ledger.statement(account.pk))
    assert lines[-1].balance == ledger.balance(ledger.brand(brand.pk), "EUR")
    assert list(reversed(lines)) == ledger.newest(account.pk)
    half = lines[2]
    assert list(ledger.statement(account.pk, half.id, half.balance)) == lines[3:]
    assert ledger.newest(account.pk, before=lines[3].id) == list(reversed(lines[:3]))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE affiliates_ledgerentry SET amount = amount + 1",
        "DELETE FROM affiliates_ledgerentry",
        "TRUNCATE affiliates_ledgerentry",
    ],
)
def test_the_application_cannot_change_entries(statement):
    ledger.post([transfer()], PAID)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
    assert LedgerEntry.objects.get().amount == 100


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["UPDATE {} SET amount = 1", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["affiliates_ledgerentry", "affiliates_commission"])
def test_not_even_the_owner_can(verb, table):
    make_commission()
    refused = pytest.raises(psycopg.Error, match="refused|foreign key")
    with harness.connect(SERVERS, connection.settings_dict["NAME"]) as own, refused:
        own.execute(verb.format(table))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ("UPDATE affiliates_commission SET state = 'settled', settlement_line_id = 7", "line 7"),
        (
            """INSERT INTO affiliates_ledgerentry (kind, debit_id, credit_id, amount, currency,
                   source_kind, source_id, posted_at)
               SELECT 'x', max(id), 999, 1, 'EUR', 'payment', 1, now() FROM affiliates_account""",
            "account 999",
        ),
        (
            """INSERT INTO affiliates_settlementline (run_id, creator_id, brand_id, currency,
                   amount, commission_count, salt) VALUES (9, 1, 1, 'EUR', 1, 1, '')""",
            "run 9",
        ),
        (
            """WITH night AS (
                   INSERT INTO affiliates_settlementrun (night, cutoff, created_at, root,
                       previous_root, head_path) VALUES (now(), now(), now(), '', '', '[]')
                   RETURNING id)
               INSERT INTO affiliates_settlementline (run_id, creator_id, brand_id, currency,
                   amount, commission_count, salt)
               SELECT id, 999, 1, 'EUR', 1, 1, '' FROM night""",
            "creator 999",
        ),
    ],
)
def test_what_rows_of_money_point_to_is_there(statement, lost):
    make_commission()
    with pytest.raises(IntegrityError, match=f"{lost}, w"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "verb", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET id = id + 1"]
)
@pytest.mark.parametrize(
    "table",
    ["affiliates_account", "affiliates_settlementrun", "affiliates_settlementline"],
)
def test_what_they_point_to_stays(verb, table):
    make_commission()
    settlement.settle(NIGHT_OVER)
    refused = pytest.raises(psycopg.Error, match="stay as they were written")
    with harness.connect(SERVERS, connection.settings_dict["NAME"]) as own, refused:
        own.execute(verb.format(table))


def test_facts_of_a_commission_stay():
    commission = make_commission()
    commission.amount += 1
    with pytest.raises(DatabaseError, match="stay as they were written"), transaction.atomic():
        commission.save()
