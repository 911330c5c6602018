"""Nobody decides about her own money or standing, whatever her rights are."""

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from affiliates import adjustments, commissions, fraud, payouts, settlement
from affiliates.models import Commission, RiskFlag
from creators import cases, enrolment, manual_checks
from shop import troubles
from shop.models import Membership, Order
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
from tests.creators.factories import make_creator as make_applicant
from tests.desk import act
from tests.shop import test_troubles as wrongs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def insider():
    """An admin who is also a creator."""
    return make_creator(user=make_user(is_staff=True, is_superuser=True))


def batch_of(creator):
    make_commission(creator, price=34500)
    make_payable(creator)
    settlement.settle(NIGHT_OVER)
    return payouts.build(FRIDAY)[0]


def test_nobody_approves_or_exports_her_own_payout(insider):
    batch, colleague = batch_of(insider), make_user(is_staff=True)

    with pytest.raises(payouts.NotAllowed):
        payouts.approve(batch, insider.user, FRIDAY)
    payouts.approve(batch, colleague, FRIDAY)
    with pytest.raises(payouts.NotAllowed):
        payouts.export(batch, insider.user, FRIDAY)

    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == ("approved", colleague)


@pytest.mark.parametrize("hat", ["creator", "brand"])
def test_nobody_approves_what_she_is_given(hat, insider):
    brand = make_brand()
    if hat == "brand":
        Membership.objects.create(user=insider.user, brand=brand)
    gift = adjustments.propose(
        "goodwill", brand, 5000, "EUR", "sorry", make_user(is_staff=True), PAID,
        creator=insider if hat == "creator" else None,
    )  # fmt: skip

    with pytest.raises(adjustments.NotAllowed):
        adjustments.approve(gift, insider.user, PAID)
    gift.refresh_from_db()
    assert gift.state == "proposed"


def test_nobody_frees_her_own_held_commission(insider, client):
    sign_in(client, insider.user)
    commission = make_commission(insider)
    flag = fraud.flag("same_mail", insider, "order:1", {"order": 1}, PAID)
    commissions.hold([commission.pk], flag=flag)
    for model, action, row in [
        (Commission, "release", commission), (RiskFlag, "clear", flag)
    ]:  # fmt: skip
        assert act(client, model, action, [row], "it is fine").status_code == 302

    commission.refresh_from_db()
    flag.refresh_from_db()
    assert (commission.state, flag.state) == ("held", "open")


def test_nobody_lets_herself_in():
    boss = make_user(is_staff=True)
    applicant = make_applicant(user=boss, followers=900)
    check = manual_checks.ask(applicant, "youtube", "boss_channel", timezone.now())

    with pytest.raises(enrolment.OwnAccount):
        enrolment.decide_by_hand(applicant, "full", by=boss, reason="me", at=timezone.now())
    with pytest.raises(enrolment.OwnAccount):
        manual_checks.confirm(check, by=boss, followers=9000, evidence="me", at=timezone.now())

    applicant.refresh_from_db()
    assert (applicant.status, applicant.channels.verified().count()) == ("waiting", 1)


def test_nobody_decides_her_own_case(insider):
    commission = make_commission(insider)
    case = cases.contest(insider, f"commission:{commission.pk}", "too little", timezone.now())

    with pytest.raises(enrolment.OwnAccount):
        cases.decide(case, True, by=insider.user, reason="I am right", at=timezone.now())
    case.refresh_from_db()
    assert case.state == "answered"


@pytest.mark.parametrize("hat", ["account", "address", "other address", "brand"])
def test_nobody_decides_about_her_own_order(hat, client):
    boss = make_user(is_staff=True, is_superuser=True)
    part = wrongs.make_part()
    order = Order.objects.filter(pk=part.order_id)
    if hat == "account":
        order.update(buyer=boss)
    elif hat == "address":
        order.update(email=boss.email.upper())
    elif hat == "brand":
        Membership.objects.create(user=boss, brand=part.brand)
    else:
        EmailAddress.objects.create(user=boss, email=part.order.email)
    made = wrongs.ask(part)
    troubles.run_clocks(wrongs.ANSWER_BY)
    sign_in(client, boss)

    assert act(client, type(made), "for_shopper", [made], "I am right").status_code == 302
    with pytest.raises(troubles.OwnAffair):
        troubles.decide(made, False, by=boss, reason="Me", at=wrongs.ANSWER_BY)
    made.refresh_from_db()
    assert made.state == "with_us"
    assert troubles.decide(made, True, by=make_user(), reason="Yes", at=wrongs.ANSWER_BY).refund
