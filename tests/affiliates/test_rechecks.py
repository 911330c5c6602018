"""What was payable when a batch was built is looked at again just before the money leaves."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from affiliates import ledger, mails, payday, payouts, rails, settlement
from affiliates.models import Payout, PayoutBatch, TaxProfile, VatCheck
from affiliates.payouts import rechecks
from creators.models import Case
from shop.models import Brand
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    book_debt,
    make_brand,
    make_commission,
    make_creator,
    make_numbered,
    make_payable,
    make_user,
    sign_in,
)
from tests.affiliates.test_money_races import while_open

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
FRIDAY = datetime(2026, 11, 20, 5, tzinfo=UTC)
MONDAY = FRIDAY + timedelta(days=3)


@pytest.fixture
def admins():
    return [make_user(is_staff=True), make_user(is_staff=True)]


def two_paid(admins, brands=()):
    """An approved batch of two creators; the first sold for `brands`, each €345."""
    creators = [make_creator(), make_creator()]
    for creator in creators:
        make_payable(creator)
        for brand in brands or [make_brand()]:
            make_commission(creator, brand, price=34_500)
    settlement.settle(NIGHT_OVER)
    (batch,) = payouts.build(FRIDAY)
    payouts.approve(batch, admins[0], FRIDAY)
    return batch, *(batch.payouts.get(creator=creator) for creator in creators)


def of(creator) -> int:
    return ledger.balance(ledger.creator(creator.pk), "EUR")


def give_another(payout):
    payouts.change_method(payout.creator, "NL02ABNA0123456789", "A. Person", MONDAY)


def another_status(payout):
    TaxProfile.objects.create(
        creator=payout.creator, kind="kor", legal_name="A. Person", address="Road 2",
        country="NL", effective_from=FRIDAY.date(), self_billing_accepted_at=FRIDAY,
    )  # fmt: skip


def number_ends(payout):
    VatCheck.objects.filter(profile=payout.tax_profile).update(state="invalid")


def case_of(creator) -> Case:
    return creator.cases.create(kind="violation", state="open", reason="x", opened_at=FRIDAY)


CHANGES = {
    "account_changed": give_another,
    "account_name": lambda payout: payouts.record_name_check(payout.method, "none", MONDAY),
    "account_refused": lambda payout: payouts.methods.refuse_account(payout, "AC04"),
    "identity": lambda payout: payout.creator.tax_identity.delete(),
}


@pytest.mark.parametrize("why", CHANGES)
def test_a_payout_that_may_not_go_out_any_more_stays_here_and_says_why(admins, why, client):
    batch, first, second = two_paid(admins)
    CHANGES[why](first)

    document = payouts.export(batch, admins[1], MONDAY)

    first.refresh_from_db(), second.refresh_from_db(), batch.refresh_from_db()
    assert document.content.count(b"<InstdAmt") == 1
    assert (first.state, first.reason.split()[0], of(first.creator)) == ("cancelled", why, 3421)
    assert (second.state, batch.state, of(second.creator)) == ("processing", "exported", 0)
    assert not first.attempts.exists() and second.attempts.count() == 1
    assert payouts.document(batch) == document
    assert PayoutBatch.objects.count() == 1  # nothing of hers may go out now

    client.force_login(first.creator.user)
    page = client.get("/creator/payouts/").content.decode()
    assert mails.bank_reason(first.reason) in page.replace("&#x27;", "'") and why not in page
    assert mails.payouts_back(MONDAY) == 1
    (letter,) = mail.outbox
    assert (letter.to, "did not go out" in letter.subject) == ([first.creator.user.email], True)


@pytest.fixture
def of_a_trader(admins):
    """An approved batch of one payout, to a creator with a VAT number."""
    creator = make_creator()
    make_payable(creator)
    make_numbered(creator)
    make_commission(creator, price=34_500)
    settlement.settle(NIGHT_OVER)
    (batch,) = payouts.build(FRIDAY)
    payouts.approve(batch, admins[0], FRIDAY)
    return batch


def test_another_tax_status_is_built_anew_with_its_own_vat(admins, of_a_trader):
    batch = of_a_trader
    old = batch.payouts.get()
    another_status(old)

    assert payouts.export(batch, admins[1], MONDAY) is None

    old.refresh_from_db(), batch.refresh_from_db()
    new = Payout.objects.get(state="pending")
    assert (old.state, old.vat, batch.state) == ("cancelled", 718, "cancelled")
    assert (new.retries, new.amount, new.vat, new.batch.state) == (old, 3421, 0, "built")
    payouts.approve(new.batch, admins[1], MONDAY)
    assert b"34.21" in payouts.export(new.batch, admins[0], MONDAY).content


def test_a_vat_number_that_ended_keeps_the_payout_here(admins, of_a_trader):
    payout = of_a_trader.payouts.get()
    number_ends(payout)

    assert payouts.export(of_a_trader, admins[1], MONDAY) is None
    assert payday.of(payout.creator, "EUR", MONDAY).hurdle == "vat_number"
    assert Payout.objects.get().reason.startswith("vat_number ")


def test_a_case_keeps_its_line_and_nothing_else(admins):
    batch, first, second = two_paid(admins, [make_brand(), make_brand()])
    line = payouts.claims_of(first)[0].line
    type(line).objects.filter(pk=line.pk).update(case=case_of(first.creator))

    payouts.export(batch, admins[1], MONDAY)

    first.refresh_from_db()
    new = Payout.objects.get(retries=first)
    assert (first.state, first.amount, first.reason.split()[0]) == ("cancelled", 6842, "line_case")
    assert (new.state, new.amount, of(first.creator)) == ("pending", 3421, 3421)
    assert Payout.objects.get(pk=second.pk).state == "processing"


def test_what_a_brand_lost_to_a_dispute_meanwhile_waits_for_that_brand(admins):
    """Its newest line waits, of whoever has it; the older one and other brands' money go out."""
    poor, rich = make_brand(), make_brand()
    batch, first, second = two_paid(admins, [poor, rich])
    book_debt(poor, ledger.balance(ledger.brand(poor.pk), "EUR") + 1_000, MONDAY)

    document = payouts.export(batch, admins[1], MONDAY)

    states = {one.creator: (one.amount, one.state) for one in Payout.objects.order_by("pk")}
    gone = Payout.objects.get(state="cancelled")
    anew = Payout.objects.get(retries=gone)
    assert gone.reason.split()[0] == "brand_short"
    assert (document.content.count(b"<InstdAmt"), anew.amount) == (1, 3421)
    assert [claim.line.brand for claim in payouts.claims_of(anew)] == [rich]
    assert sorted(states.values()) == [(3421, "pending"), (6842, "processing")]


def test_nothing_changed_nothing_leaves(admins):
    batch, first, second = two_paid(admins)
    make_commission(first.creator, price=90_000)
    settlement.settle(NIGHT_OVER + timedelta(days=1))

    assert rechecks.stopped([first, second], MONDAY) == {}
    assert payouts.export(batch, admins[1], MONDAY).content.count(b"<InstdAmt") == 2


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("brand_suspended", {"status": Brand.Status.SUSPENDED}),
        ("brand_account", {"connect_account": ""}),
    ],
)
def test_a_brand_that_may_not_be_paid_any_more(admins, why, change, settings):
    brand = make_brand(connect_account="acct_1")
    make_commission(brand=brand, price=34_500)
    settlement.settle(NIGHT_OVER)
    at = PAID + timedelta(days=60)
    (batch,) = payouts.build(at)
    payouts.approve(batch, admins[0], at)
    Brand.objects.filter(pk=brand.pk).update(**change)

    assert payouts.export(batch, admins[1], at) is None

    payout = Payout.objects.get()
    assert (payout.state, payout.reason.split()[0]) == ("cancelled", why)
    assert ledger.balance(ledger.brand(brand.pk), "EUR") == payout.amount


def test_a_file_that_the_bank_would_refuse_leaves_all_as_it_was(admins, monkeypatch):
    batch, first, _second = two_paid(admins)
    give_another(first)

    def refuse(*args):
        raise rails.Refused("no")

    monkeypatch.setattr(rails.RAILS["sepa"], "document", refuse, raising=False)
    with pytest.raises(rails.Refused):
        payouts.export(batch, admins[1], MONDAY)
    assert set(Payout.objects.values_list("state", flat=True)) == {"pending"}


@pytest.mark.django_db(transaction=True)
def test_an_account_that_is_replaced_at_this_moment_is_not_paid(admins):
    batch, first, _second = two_paid(admins)

    document = while_open(
        lambda: give_another(first), lambda: payouts.export(batch, admins[1], MONDAY)
    )

    assert document.content.count(b"<InstdAmt") == 1
    assert Payout.objects.get(state="cancelled") == first


def test_finance_reads_at_the_export_what_stayed_and_why(admins, client):
    batch, first, _second = two_paid(admins)
    give_another(first)
    finance = make_user(is_staff=True, is_superuser=True)
    sign_in(client, finance)

    answer = client.post(
        "/admin/affiliates/payoutbatch/", {"action": "export", "_selected_action": [batch.pk]}
    )

    assert answer["Content-Disposition"].startswith("attachment")
    page = client.get("/admin/affiliates/payoutbatch/").content.decode()
    assert "another bank account was given" in page
