"""Money that comes back to somebody who is gone is kept, found, and given to her by two people."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from affiliates import erasure, ledger, night, payouts, settlement
from affiliates.models import Payout, PayoutMethod, Reclaim, SelfBill
from affiliates.payouts import reclaims
from tests.affiliates.factories import (
    NIGHT_OVER,
    make_commission,
    make_creator,
    make_payable,
    make_user,
)
from tests.desk import act, make_desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
FRIDAY = NIGHT_OVER
DAY = timedelta(days=1)
IBAN = "NL02ABNA0123456789"


@pytest.fixture
def admins():
    return [make_user(is_staff=True), make_user(is_staff=True)]


def pay(batch, admins, at=FRIDAY):
    payouts.approve(batch, admins[0], at)
    payouts.export(batch, admins[1], at)
    payouts.confirm_batch(batch, at)
    return batch.payouts.get()


def gone(admins):
    """A creator who was paid and is erased, and whose bank then sends the money back."""
    creator = make_commission(price=34_500).creator
    make_payable(creator)
    settlement.settle(NIGHT_OVER)
    (batch,) = payouts.build(FRIDAY)
    payout = pay(batch, admins)
    erasure.close(creator.user, FRIDAY + DAY)
    payouts.returned(payout, "AC04 closed", FRIDAY + 2 * DAY, code="AC04")
    creator.refresh_from_db()
    return creator


def of(creator) -> int:
    return ledger.balance(ledger.creator(creator.pk), "EUR")


def test_what_comes_back_to_somebody_who_is_gone_stays_hers_and_is_found(admins):
    creator = gone(admins)

    row = Reclaim.objects.get()
    assert (row.creator, row.state, reclaims.owed(creator.pk)) == (
        creator,
        "waiting",
        {"EUR": 3421},
    )
    assert of(creator) == 3421
    assert SelfBill.objects.filter(creator=creator, kind="reversal").count() == 1
    assert payouts.build(FRIDAY + 7 * DAY) == []
    with pytest.raises(payouts.NotAllowed):
        payouts.again(Payout.objects.get(), admins[0], FRIDAY + 7 * DAY)
    assert reclaims.find(FRIDAY + 8 * DAY) == 0  # it is known


def test_two_admins_give_it_to_whoever_proves_that_it_is_hers(admins):
    creator = gone(admins)
    at = FRIDAY + 30 * DAY
    row = reclaims.propose(
        Reclaim.objects.get(), IBAN, "A. Person", "Self-bill 1, passport seen", admins[0], at
    )
    with pytest.raises(reclaims.NotAllowed):
        reclaims.agree(row, admins[0], at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reclaim.objects.update(decided_by=admins[0])

    reclaims.agree(row, admins[1], at)
    assert payouts.build(at) == []  # 48 hours, as for everybody
    (batch,) = payouts.build(at + 2 * DAY)
    payout = pay(batch, admins, at + 2 * DAY)
    assert (payout.amount, payout.method.iban, payout.method.reclaim) == (3421, IBAN, row)
    reclaims.find(at + 3 * DAY)

    row.refresh_from_db()
    assert (row.state, of(creator)) == ("done", 0)
    assert Reclaim.objects.filter(closed_at=None).count() == 0


def test_an_account_that_takes_nothing_either_is_looked_for_anew(admins):
    creator = gone(admins)
    at = FRIDAY + 30 * DAY
    row = reclaims.propose(Reclaim.objects.get(), IBAN, "A. Person", "Her letter", admins[0], at)
    reclaims.agree(row, admins[1], at)
    (batch,) = payouts.build(at + 2 * DAY)
    payouts.returned(pay(batch, admins, at + 2 * DAY), "AC04 closed", at + 5 * DAY, code="AC04")

    old, new = Reclaim.objects.order_by("pk")
    assert (old.state, new.state, of(creator)) == ("failed", "waiting", 3421)


def test_a_refused_proposal_leaves_the_money_where_it_was(admins):
    creator = gone(admins)
    row = reclaims.propose(Reclaim.objects.get(), IBAN, "B. Other", "A mail", admins[0], FRIDAY)
    reclaims.refuse(row, admins[1], "Another name than the tax office knows.", FRIDAY)

    assert list(Reclaim.objects.order_by("pk").values_list("state", flat=True)) == [
        "refused", "waiting",
    ]  # fmt: skip
    assert (of(creator), PayoutMethod.objects.filter(replaced_at=None).count()) == (3421, 0)


def test_what_clears_after_she_is_gone_is_found_by_the_night(admins):
    """Her payout was paid; then a chargeback on an older sale is won."""
    creator = make_creator()
    make_payable(creator)
    make_commission(creator, price=34_500)
    settlement.settle(NIGHT_OVER)
    (batch,) = payouts.build(FRIDAY)
    pay(batch, admins)
    erasure.close(creator.user, FRIDAY + DAY)
    assert not Reclaim.objects.exists()
    make_commission(creator, price=34_500)

    night.run(FRIDAY + 3 * DAY)

    assert Reclaim.objects.get().state == "waiting"


def test_who_is_still_here_is_no_case_for_finance(admins):
    creator = make_commission(price=34_500).creator
    make_payable(creator)
    settlement.settle(NIGHT_OVER)
    (batch,) = payouts.build(FRIDAY)
    payouts.returned(pay(batch, admins), "AC04 closed", FRIDAY, code="AC04")
    assert not Reclaim.objects.exists()


def test_the_desk_of_finance(admins):
    creator = gone(admins)
    one, two = make_desk(), make_desk()
    row = Reclaim.objects.get()
    assert "balances of closed accounts" in one.get(reverse("admin:index")).content.decode()
    page = reverse("admin:affiliates_reclaim_change", args=[row.pk])
    shown = one.get(page).content.decode()
    assert "€34.21" in shown and "A. Person, Road 2, Utrecht, NL" in shown and "AC04" in shown

    wrong = one.post(page, {"iban": "NL00ABNA0123456789", "holder": "A. Person", "evidence": "x"})
    assert "no bank account number" in wrong.content.decode()
    one.post(page, {"iban": IBAN, "holder": "A. Person", "evidence": "Self-bill 1, passport"})
    row.refresh_from_db()
    assert (row.state, row.iban) == ("proposed", IBAN)
    assert one.post(page, {"iban": IBAN, "holder": "X", "evidence": "x"}).status_code == 403
    act(one, Reclaim, "agree", [row])
    row.refresh_from_db()
    assert row.state == "proposed"
    act(two, Reclaim, "agree", [row])
    row.refresh_from_db()
    assert (row.state, row.method.creator) == ("agreed", creator)


def test_only_finance_may_act_and_only_with_a_second_factor(admins):
    gone(admins)
    row = Reclaim.objects.get()
    page = reverse("admin:affiliates_reclaim_change", args=[row.pk])
    desk = make_desk()
    stale = desk.session
    for record in stale["account_authentication_methods"]:
        record["at"] -= 301
    stale.save()
    answer = desk.post(page, {"iban": IBAN, "holder": "A. Person", "evidence": "x"})
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")
    act(make_desk(), Reclaim, "keep", [row], "No address is left.")
    row.refresh_from_db()
    assert (row.state, row.decision) == ("kept", "No address is left.")
