"""Payouts: what is funded, once, by two people, and back when it comes to nothing."""

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sepaxml
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from lxml import etree

from affiliates import (
    books,
    clock,
    funding,
    invariants,
    ledger,
    night,
    nightshards,
    payday,
    payouts,
    settlement,
)
from affiliates.models import Payout, PayoutBatch, PayoutClaim, SelfBill
from shop import refunds
from tests.affiliates.factories import (
    DELIVERED,
    NIGHT_OVER,
    make_brand,
    make_commission,
    make_creator,
    make_numbered,
    make_payable,
    make_user,
)
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
FRIDAY = datetime(2026, 11, 20, 5, tzinfo=UTC)


@pytest.fixture
def admins():
    return [make_user(is_staff=True), make_user(is_staff=True)]


def settled(price=34500, creator=None, brand=None, payable=True):
    commission = make_commission(creator, brand, price=price)
    if payable:
        make_payable(commission.creator)
    settlement.settle(NIGHT_OVER)
    return commission


def balance(creator) -> int:
    return ledger.balance(ledger.creator(creator.pk), "EUR")


def test_from_the_night_to_the_bank(admins):
    commission = settled()
    (batch,) = payouts.build(FRIDAY)
    payout = Payout.objects.get()
    assert (payout.amount, payout.vat, payout.state) == (3421, 0, "pending")
    assert balance(commission.creator) == 0
    assert payouts.build(FRIDAY) == []

    payouts.approve(batch, admins[0], FRIDAY)
    document = payouts.export(batch, admins[1], FRIDAY)
    assert b"34.21" in document.content
    assert payouts.document(PayoutBatch.objects.get()) == document

    payouts.confirm_batch(batch, FRIDAY)
    payout.refresh_from_db()
    assert (payout.state, payout.batch.state) == ("paid", "closed")
    assert ledger.balance(ledger.BANK, "EUR") == 3421
    assert SelfBill.objects.get().number == 1
    payouts.confirm(payout, FRIDAY)
    assert ledger.balance(ledger.BANK, "EUR") == 3421


def test_two_people_at_any_amount(admins):
    settled()
    (batch,) = payouts.build(FRIDAY)
    with pytest.raises(payouts.NotAllowed):
        payouts.export(batch, admins[0], FRIDAY)
    payouts.approve(batch, admins[0], FRIDAY)
    with pytest.raises(payouts.NotAllowed):
        payouts.export(batch, admins[0], FRIDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(exported_by=admins[0])


@pytest.mark.parametrize("end", ["cancelled", "failed", "returned"])
def test_what_comes_to_nothing_gives_the_money_back(admins, end):
    commission = settled()
    (batch,) = payouts.build(FRIDAY)
    payout = Payout.objects.get()
    if end == "cancelled":
        payouts.cancel(payout, "on request", FRIDAY)
    else:
        payouts.approve(batch, admins[0], FRIDAY)
        payouts.export(batch, admins[1], FRIDAY)
    if end == "failed":
        payouts.fail(payout, "account closed", FRIDAY)
    if end == "returned":
        payouts.confirm(payout, FRIDAY)
        payouts.returned(payout, "account closed", FRIDAY)

    payout.refresh_from_db()
    assert (payout.state, balance(commission.creator)) == (end, 3421)
    assert PayoutClaim.objects.get().released_at == FRIDAY
    (again,) = payouts.build(FRIDAY + timedelta(days=7))
    assert again.payouts.get().amount == 3421


def test_vat_goes_on_top_for_a_vat_liable_creator(admins):
    commission = settled()
    make_numbered(commission.creator)
    (batch,) = payouts.build(FRIDAY)
    assert (batch.payouts.get().amount, batch.payouts.get().vat) == (3421, 718)
    payouts.approve(batch, admins[0], FRIDAY)
    assert b"41.39" in payouts.export(batch, admins[1], FRIDAY).content
    payouts.confirm_batch(batch, FRIDAY)
    payouts.returned(batch.payouts.get(), "closed", FRIDAY)


def test_who_is_not_paid_yet():
    make_payable(make_commission(price=5000).creator)  # below €10
    make_commission(price=34500)  # no bank account
    fresh = settled()
    payouts.change_method(fresh.creator, "NL02ABNA0123456789", "A. Person", FRIDAY)
    assert payouts.build(FRIDAY) == []
    assert len(payouts.build(FRIDAY + timedelta(hours=48))) == 1


def test_a_negative_balance_is_carried_and_never_collected():
    creator = make_creator()
    first = settled(creator=creator)
    refunds.refund(first.order_line.brand_order.order, at=NIGHT_OVER)
    settlement.settle(NIGHT_OVER + timedelta(days=1))
    assert payouts.build(FRIDAY) == []
    assert balance(creator) == 0


def test_nobody_is_paid_with_another_brands_money():
    creator, poor, rich = make_creator(), make_brand(), make_brand()
    make_payable(creator)
    first = make_commission(creator, poor, price=34500)
    make_commission(creator, rich, price=34500)
    settlement.settle(NIGHT_OVER)
    # The brand's money is gone: its shopper got everything back after the night.
    refunds.refund(first.order_line.brand_order.order, at=NIGHT_OVER)

    assert list(funding.waiting_lines(creator.pk).values()) == [poor.name]
    assert payday.of(creator, "EUR", FRIDAY).amount == 3421
    (batch,) = payouts.build(FRIDAY)
    payout = batch.payouts.get()
    assert [claim.line.brand for claim in payouts.claims_of(payout)] == [rich]
    assert funding.of(poor, at=NIGHT_OVER).health == "red"
    assert funding.of(rich, at=NIGHT_OVER).health == "green"


@pytest.mark.parametrize(
    ("schema", "day"), [("pain.001.001.09", "p:Dt"), ("pain.001.001.03", None)]
)
def test_the_file_is_valid_against_the_iso_schema(admins, settings, schema, day):
    settings.PAYOUT_SCHEMA = schema
    creator = make_creator()
    settled(creator=creator)
    creator.payout_methods.update(holder="Zoë Ørsted & Søn <x>")
    (batch,) = payouts.build(FRIDAY)
    payouts.approve(batch, admins[0], FRIDAY)
    content = payouts.export(batch, admins[1], FRIDAY).content
    iso = Path(sepaxml.__file__).parent / "schemas" / f"{schema}.xsd"
    etree.XMLSchema(etree.parse(iso)).assertValid(etree.fromstring(content))
    space = {"p": f"urn:iso:std:iso:20022:tech:xsd:{schema}"}
    root = etree.fromstring(content)
    where = ".//p:ReqdExctnDt" + (f"/{day}" if day else "")
    assert root.findtext(where, namespaces=space) == "2026-11-20"
    settings.PAYOUT_SCHEMA = "pain.001.001.09"  # a sent batch keeps the form it was sent in
    assert payouts.document(PayoutBatch.objects.get()).content == content
    assert root.findtext(".//p:Cdtr/p:Nm", namespaces=space) == "Zoe Orsted & Son <x>"
    assert root.findtext(".//p:GrpHdr/p:CtrlSum", namespaces=space) == "34.21"


def test_friday_builds_and_other_days_do_not():
    commission = make_commission(price=34500)
    make_payable(commission.creator)
    assert night.run(datetime(2026, 11, 19, 23, 30, tzinfo=UTC)).payouts == 1
    assert PayoutBatch.objects.get().pay_on == date(2026, 11, 20)
    assert night.run(datetime(2026, 11, 20, 12, tzinfo=UTC)).payouts == 0


def test_offences_stop_the_payouts(books_may_break, monkeypatch):
    commission = make_commission(price=34500)
    make_payable(commission.creator)
    admin = make_user(is_staff=True, is_superuser=True)
    monkeypatch.setitem(invariants.INVARIANTS, "never", "SELECT 7")
    done = night.run(datetime(2026, 11, 19, 23, 30, tzinfo=UTC))
    assert (done.offences, done.payouts) == ({"never": [7]}, 0)
    (letter,) = mail.outbox
    assert (letter.to, "never: 7" in letter.body) == ([admin.email], True)
    with pytest.raises(books.OutOfBalance, match="never"):
        payouts.build(FRIDAY)

    books.check(FRIDAY)
    assert len(mail.outbox) == 1  # the same offence is told once a day
    monkeypatch.delitem(invariants.INVARIANTS, "never")
    assert books.check(FRIDAY) == {}
    assert len(payouts.build(FRIDAY)) == 1


def test_a_batch_that_was_built_waits_while_the_books_are_wrong(
    admins, books_may_break, monkeypatch
):
    settled()
    (batch,) = payouts.build(FRIDAY)
    monkeypatch.setitem(invariants.INVARIANTS, "never", "SELECT 7")
    books.check(FRIDAY)
    with pytest.raises(books.OutOfBalance):
        payouts.approve(batch, admins[0], FRIDAY)
    monkeypatch.delitem(invariants.INVARIANTS, "never")
    books.check(FRIDAY)
    payouts.approve(batch, admins[0], FRIDAY)
    monkeypatch.setitem(invariants.INVARIANTS, "never", "SELECT 7")
    books.check(FRIDAY)
    with pytest.raises(books.OutOfBalance):
        payouts.export(batch, admins[1], FRIDAY)


def test_the_commands(admins, tmp_path, capsys):
    settled()
    call_command("payouts", "build")
    call_command("payouts", "approve", by=admins[0].email)
    call_command("payouts", "export", by=admins[1].email, out=tmp_path)
    call_command("payouts", "confirm")
    assert [path.suffix for path in tmp_path.iterdir()] == [".xml"]
    assert Payout.objects.get().state == "paid"
    assert get_user_model().objects.count() >= 2


@pytest.mark.django_db(transaction=True)
def test_two_builds_at_once_pay_once():
    for _n in range(5):
        make_payable(make_commission(price=34500).creator)
    settlement.settle(NIGHT_OVER)

    made = at_once(*[lambda: payouts.build(FRIDAY)] * 4)

    assert sorted(map(len, made)) == [0, 0, 0, 1]
    assert Payout.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_build_waits_for_the_shards_that_are_being_settled():
    """Their entries have their numbers already; a payout with a higher one must see them."""
    creator = make_creator()
    make_payable(creator)
    settled(creator=creator, payable=False)
    make_commission(creator, price=34500, delivered=DELIVERED + timedelta(days=1))
    run = settlement.start(date(2026, 11, 20))
    settled_some, may_end = threading.Event(), threading.Event()
    made = []

    def settle():
        with transaction.atomic():
            for shard in nightshards.open_shards(run):
                nightshards.settle_shard(run.pk, shard)
            settled_some.set()
            may_end.wait(20)
        connection.close()

    def build():
        made.extend(payouts.build(FRIDAY))
        connection.close()

    threads = [threading.Thread(target=settle), threading.Thread(target=build)]
    threads[0].start()
    settled_some.wait(20)
    threads[1].start()
    threads[1].join(1)
    waits = threads[1].is_alive()
    may_end.set()
    for thread in threads:
        thread.join()

    assert waits
    assert made[0].payouts.get().amount == 2 * 3421
    assert invariants.check() == {}


def test_a_batch_built_by_hand_leaves_fridays_own(capsys):
    """Who clears after it is paid on that Friday all the same."""
    first, second = make_creator(), make_creator()
    for creator in (first, second):
        make_payable(creator)
    make_commission(first, price=34500)
    settlement.settle(NIGHT_OVER)
    wednesday = FRIDAY + timedelta(days=5)
    (by_hand,) = payouts.build(wednesday)
    assert (by_hand.pay_on, by_hand.built_by, by_hand.by_night) == (
        clock.local_day(FRIDAY) + timedelta(days=7), None, False,
    )  # fmt: skip
    make_commission(second, price=34500)
    friday = FRIDAY + timedelta(days=7)
    night.run(friday)

    own = PayoutBatch.objects.get(by_night=True)
    assert [row.creator for row in own.payouts.all()] == [second]
    night.run(friday + timedelta(minutes=15))
    assert PayoutBatch.objects.filter(by_night=True).count() == 1
