"""The desk: money is read there, and moved by two people with a reason."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from affiliates import clock, commissions, nightshards, payouts, settlement
from affiliates.models import (
    Adjustment,
    Commission,
    LedgerEntry,
    Payout,
    PayoutBatch,
    RiskFlag,
    SettlementRun,
    VoidNote,
)
from shop import refunds
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_brand,
    make_commission,
    make_creator,
    make_payable,
    make_user,
    sign_in,
)
from tests.affiliates.test_payouts import FRIDAY
from tests.desk import act, make_desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def desks():
    """Two superusers, each signed in with a second factor a moment ago."""
    return [make_desk(), make_desk()]


@pytest.fixture(scope="module")
def settled_market(shared_rows):
    """A payout that was built, and a commission that waits."""
    with shared_rows():
        commission = make_commission(price=34500)
        make_payable(commission.creator)
        settlement.settle(NIGHT_OVER)
        payouts.build(FRIDAY)
        make_commission(commission.creator, make_brand())


def test_every_page_of_the_desk_opens(settled_market, desks):
    for model, desk in list(admin.site._registry.items()):
        if model._meta.app_label != "affiliates":
            continue
        name = f"admin:affiliates_{model._meta.model_name}"
        assert desks[0].get(reverse(f"{name}_changelist")).status_code == 200, model
        row = model.objects.first()
        if row:
            assert desks[0].get(reverse(f"{name}_change", args=[row.pk])).status_code == 200, desk


def test_entries_can_be_neither_edited_nor_deleted(settled_market, desks):
    entry = LedgerEntry.objects.first()
    for page in ("change", "delete"):
        url = reverse(f"admin:affiliates_ledgerentry_{page}", args=[entry.pk])
        assert desks[0].post(url, {"amount": 1, "post": "yes"}).status_code == 403
    assert LedgerEntry.objects.get(pk=entry.pk).amount == entry.amount


def test_a_batch_from_approval_to_the_bank(settled_market, desks):
    batch = PayoutBatch.objects.get()
    act(desks[0], PayoutBatch, "approve", [batch])
    assert act(desks[0], PayoutBatch, "export", [batch]).status_code == 302  # the same person
    file = act(desks[1], PayoutBatch, "export", [batch])
    assert (file["Content-Type"], b"34.21" in file.content) == ("application/xml", True)
    assert act(desks[0], PayoutBatch, "export", [batch]).status_code == 302  # once
    act(desks[1], PayoutBatch, "confirm", [batch])
    assert Payout.objects.get().state == "paid"


def test_money_moves_only_with_a_fresh_second_factor(settled_market, desks):
    batch = PayoutBatch.objects.get()
    stale = desks[0].session
    for record in stale["account_authentication_methods"]:
        record["at"] -= 301
    stale.save()
    for model, action in ((PayoutBatch, "approve"), (PayoutBatch, "confirm"), (Payout, "cancel")):
        answer = act(desks[0], model, action, model.objects.all(), "x")
        assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")
    batch.refresh_from_db()
    assert (batch.state, Payout.objects.get().state) == ("built", "pending")


def test_holding_needs_a_reason(desks):
    commission = make_commission()
    act(desks[0], Commission, "hold", [commission])
    commission.refresh_from_db()
    assert commission.state == "pending"

    act(desks[0], Commission, "hold", [commission], "clicks look odd")
    commission.refresh_from_db()
    assert (commission.state, commission.flag.evidence["reason"]) == ("held", "clicks look odd")

    act(desks[0], Commission, "release", [commission], "explained")
    commission.refresh_from_db()
    assert (commission.state, commission.flag) == ("pending", None)


def propose(desk, **facts):
    facts = {
        "kind": "correction", "creator": make_creator().pk, "brand": make_brand().pk,
        "amount": 500, "currency": "eur", "reason": "thank you", "reference": "",
    } | facts  # fmt: skip
    return desk.post(reverse("admin:affiliates_adjustment_add"), facts)


def test_an_adjustment_waits_for_another_admin(desks):
    propose(desks[0])
    row = Adjustment.objects.get()
    assert (row.kind, row.amount, row.currency, row.state) == (
        "correction", 500, "EUR", "proposed",
    )  # fmt: skip
    act(desks[0], Adjustment, "approve", [row], "mine")
    act(desks[1], Adjustment, "approve", [row])  # without a reason
    assert not Commission.objects.exists()

    act(desks[1], Adjustment, "approve", [row], "agreed")
    row.refresh_from_db()
    assert (row.state, row.commission.amount, row.commission.state) == ("approved", 500, "pending")
    changes = LogEntry.objects.filter(object_id=str(row.pk), action_flag=CHANGE)
    assert "agreed" in changes.get().change_message
    assert LogEntry.objects.filter(object_id=str(row.pk), action_flag=ADDITION).exists()


@pytest.mark.parametrize(
    "facts",
    [
        {"amount": 0}, {"reason": "  "}, {"creator": ""}, {"currency": "XXX"},
        {"kind": "goodwill", "amount": -5}, {"kind": "write_off"},
        {"kind": "topup_bank", "creator": ""},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_not_proposed(desks, facts):
    assert propose(desks[0], **facts).status_code == 200
    assert not Adjustment.objects.exists()


def test_a_decided_adjustment_stays(desks):
    propose(desks[0])
    row = Adjustment.objects.get()
    act(desks[1], Adjustment, "refuse", [row], "no")
    for change in ({"state": "approved"}, {"decision": "yes"}):
        with pytest.raises(DatabaseError, match="stay as they were"), transaction.atomic():
            Adjustment.objects.update(**change)


@pytest.fixture
def eager():
    from config.celery import app

    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


def test_the_button_calls_the_workers(desks, eager):
    make_commission(at=clock.now() - timedelta(days=3), delivered=None)
    url = reverse("admin:affiliates_settlementrun_run")
    assert desks[0].get(url).status_code == 405
    assert desks[0].post(url).status_code == 302
    assert SettlementRun.objects.filter(completed_at__isnull=False).count() == 3


def test_only_finance_calls_the_workers(eager):
    make_commission(at=clock.now() - timedelta(days=3), delivered=None)
    desk = Client()
    sign_in(desk, make_user(is_staff=True))
    desk.post(reverse("admin:affiliates_settlementrun_run"))
    assert not SettlementRun.objects.exists()


def test_a_nights_page_shows_what_is_left_and_why(desks, eager, monkeypatch):
    commission = make_commission(price=34500)
    whole = nightshards.settle_shard

    def broken(run_id, shard):
        raise DatabaseError("shard is broken")

    monkeypatch.setattr(nightshards, "settle_shard", broken)
    assert settlement.settle(NIGHT_OVER).left == 1
    run = SettlementRun.objects.get(completed_at=None)
    page = desks[0].get(reverse("admin:affiliates_settlementrun_change", args=[run.pk]))
    text = page.content.decode()
    assert page["Refresh"] == "5"
    assert "63/64" in text and "1 of them failed" in text
    assert "DatabaseError: shard is broken" in text
    assert "Run again what is left" in text

    monkeypatch.setattr(nightshards, "settle_shard", whole)
    settlement.settle(NIGHT_OVER)
    page = desks[0].get(reverse("admin:affiliates_settlementrun_change", args=[run.pk]))
    text = page.content.decode()
    assert "Refresh" not in page
    assert "64/64" in text and "€34.21" in text and "shard is broken" not in text
    assert desks[0].get(reverse("admin:affiliates_settlementrun_changelist")).status_code == 200
    commission.refresh_from_db()
    assert commission.state == "settled"


def test_what_was_set_aside_leads_to_its_flags(desks):
    creator, brand = make_creator(), make_brand()
    for _n in range(2):
        commissions.adjust(creator, brand.pk, 2**63 - 1, "EUR", "too much", PAID)
    settlement.settle(NIGHT_OVER)
    run = SettlementRun.objects.get(shards__set_aside=2)
    text = desks[0].get(reverse("admin:affiliates_settlementrun_change", args=[run.pk]))
    assert f"rule=settlement_error&amp;q=run%3A{run.pk}" in text.content.decode()
    assert RiskFlag.objects.get().evidence["error"]


@pytest.fixture
def exported(settled_market, desks):
    """The batch, exported, and its file."""
    batch = PayoutBatch.objects.get()
    act(desks[0], PayoutBatch, "approve", [batch])
    return batch, act(desks[1], PayoutBatch, "export", [batch])


def test_an_exported_file_is_handed_out_again_byte_for_byte(exported, desks, settings):
    batch, file = exported
    batch.refresh_from_db()
    before = (batch.exported_at, batch.exported_by, batch.payouts.get().attempts.count())
    settings.PAYOUT_ACCOUNT = {"name": "Another name", "IBAN": "NL91ABNA0417164300"}

    again = act(desks[0], PayoutBatch, "download_again", [batch])

    assert again.content == file.content
    batch.refresh_from_db()
    assert (batch.exported_at, batch.exported_by, batch.payouts.get().attempts.count()) == before
    log = LogEntry.objects.filter(object_id=batch.pk).values_list("change_message", flat=True)
    assert "Downloaded again" in log.order_by("-id").first()


def test_what_was_not_exported_cannot_be_downloaded(settled_market, desks):
    answer = act(desks[0], PayoutBatch, "download_again", [PayoutBatch.objects.get()])
    assert answer.status_code == 302
    assert "not exported" in desks[0].get(answer["Location"]).content.decode()


def test_the_batches_say_what_they_come_to(settled_market, desks):
    batch = PayoutBatch.objects.get()
    for url in (
        reverse("admin:affiliates_payoutbatch_changelist"),
        reverse("admin:affiliates_payoutbatch_change", args=[batch.pk]),
    ):
        text = desks[0].get(url).content.decode()
        assert "€34.21" in text
        assert "<td>1</td><td>€34.21</td><td>€0.00</td><td>€34.21</td>" in text


def failed(code=""):
    payout = Payout.objects.get()
    payouts.fail(payout, "MS03 not said why", FRIDAY, code)
    return payout


def test_a_failed_payout_is_paid_again_by_a_new_one(exported, desks):
    old = failed()
    act(desks[0], Payout, "again", [old])

    new = Payout.objects.exclude(pk=old.pk).get()
    assert (new.retries, new.amount, new.state, new.batch_id != old.batch_id) == (
        old, 3421, "pending", True
    )  # fmt: skip
    url = reverse("admin:affiliates_payout_change", args=[new.pk])
    assert "MS03 not said why" in desks[0].get(url).content.decode()
    act(desks[0], Payout, "again", [old])  # once
    assert Payout.objects.count() == 2
    act(desks[0], PayoutBatch, "approve", [new.batch])
    file = act(desks[1], PayoutBatch, "export", [new.batch]).content
    assert f"thousand-payout-{new.pk}-1".encode() in file
    act(desks[1], PayoutBatch, "confirm", [new.batch])
    new.refresh_from_db()
    assert new.state == "paid"


def test_an_account_that_the_bank_refused_is_not_tried_again(exported, desks):
    old = failed("AC04")
    act(desks[0], Payout, "again", [old])
    assert Payout.objects.count() == 1


def test_what_did_not_fail_is_not_paid_again(settled_market, desks):
    act(desks[0], Payout, "again", [Payout.objects.get()])
    assert Payout.objects.count() == 1


def test_a_void_sale_says_why_to_its_creator(client, desks):
    sale, kept = make_commission(), make_commission()
    act(desks[0], Commission, "void", [sale])
    assert not VoidNote.objects.exists()

    act(desks[0], Commission, "void", [sale], "The order was a test of ours")

    sale.refresh_from_db()
    assert (sale.state, sale.void_note.reason) == ("void", "The order was a test of ours")
    client.force_login(sale.creator.user)
    for path in ("/creator/earnings/", "/creator/"):
        page = client.get(path).content.decode()
        assert "The order was a test of ours" in page and "sent it back" not in page, path
    sheet = b"".join(client.get("/creator/earnings/commissions.csv")).decode()
    assert "The order was a test of ours" in sheet
    client.force_login(kept.creator.user)
    assert "test of ours" not in client.get("/creator/earnings/").content.decode()
    with pytest.raises(DatabaseError), transaction.atomic():
        VoidNote.objects.update(reason="Something else")


def test_only_what_came_back_is_said_to_have_come_back(client):
    creator = make_creator()
    back = make_commission(creator)
    refunds.refund(back.order_line.brand_order.order, at=PAID + timedelta(days=5))
    client.force_login(creator.user)
    assert "sent it back" in client.get("/creator/earnings/").content.decode()

    silent = make_commission()
    commissions.void([silent.pk])
    client.force_login(silent.creator.user)
    page = client.get("/creator/earnings/").content.decode()
    assert "sent it back" not in page and "was taken out" in page


def test_an_admin_voids_nothing_of_her_own(desks):
    sale = make_commission()
    sale.creator.user_id = desks[0].session["_auth_user_id"]
    sale.creator.save()

    act(desks[0], Commission, "void", [sale], "mine")

    sale.refresh_from_db()
    assert sale.state == "pending"
