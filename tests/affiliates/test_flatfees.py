"""Flat fees: set aside whole, paid after approval, given back when nobody posts."""

from datetime import timedelta
from itertools import count

import pytest
from django.core import mail

from affiliates import (
    adjustments,
    collaborations,
    commissions,
    earnings,
    flatfees,
    fraud,
    funding,
    holds,
    ledger,
    participationletters,
    participations,
    settlement,
)
from affiliates.clock import PAUSED
from affiliates.models import Commission, FlatFee, Participation
from affiliates.samplerules import until
from creators import cases
from shop.models import Membership
from tests.affiliates.factories import PAID, make_brand, make_user
from tests.creators.conftest import _stand_in as _stand_in
from tests.creators.conftest import stand_in  # noqa: F401
from tests.creators.factories import make_creator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
DAY = timedelta(days=1)
REFERENCES = count(1)
URL = "https://www.instagram.com/reel/C1a_b-{n}/"


def fund(brand, amount, at=PAID):
    """A top-up by bank, as two admins book it."""
    proposed = adjustments.propose(
        "topup_bank", brand, amount, "EUR", "Paid in", make_user(), at,
        reference=f"bank-{next(REFERENCES)}",
    )  # fmt: skip
    adjustments.approve(proposed, make_user(), at)


def make_offer(fee=5_000, funds=100_000):
    brand = make_brand(email="mill@brand.example")
    Membership.objects.create(user=make_user(), brand=brand)
    if funds:
        fund(brand, funds)
    return collaborations.create(
        brand, kind="targeted", name="Bread week", rate_bp=1500, at=PAID, flat_fee=fee
    )


def make_person():
    creator = make_creator(followers=6_000, user=make_user(), at=PAID, platform="instagram")
    creator.channels.update(token_state="none")
    return creator


def accepted(offer, creator=None):
    creator = creator or make_person()
    participations.invite(offer, [creator], PAID)
    row = participations.accept(creator, offer.participations.get(creator=creator).pk, PAID)
    return row.fee


def test_a_yes_sets_the_fee_aside_and_nobody_can_spend_it(stand_in):  # noqa: F811
    offer = make_offer()
    before = funding.of(offer.brand, at=PAID).payable

    fee = accepted(offer)

    assert (fee.state, fee.commission.amount, fee.commission.due_at) == ("reserved", 5_000, PAUSED)
    assert before - funding.of(offer.brand, at=PAID).payable == 6_050  # with 21 % VAT
    assert settlement.settle(PAID + 60 * DAY).commissions == 0


def test_it_is_paid_after_the_brand_approves(stand_in):  # noqa: F811
    offer = make_offer()
    fee = accepted(offer)
    creator = fee.participation.creator
    flatfees.hand_in(creator, fee.pk, URL.format(n=1), PAID + DAY)
    flatfees.approve(offer.brand, fee.pk, PAID + 2 * DAY)

    settlement.settle(PAID + 4 * DAY)

    assert Commission.objects.get(pk=fee.commission_id).state == "settled"
    assert ledger.balance(ledger.creator(creator.pk), "EUR") == 5_000


def test_silence_of_the_brand_pays_and_silence_of_the_creator_gives_back(stand_in):  # noqa: F811
    offer = make_offer()
    seen, kept = accepted(offer), accepted(offer)
    flatfees.hand_in(seen.participation.creator, seen.pk, URL.format(n=1), PAID)

    assert flatfees.resolve(until(PAID, 7) - timedelta(seconds=1)) == 0
    assert flatfees.resolve(until(PAID, 7)) == 1
    assert flatfees.resolve(until(PAID, 30)) == 1

    states = {row.pk: (row.state, row.commission.state) for row in
              FlatFee.objects.select_related("commission")}  # fmt: skip
    assert states == {seen.pk: ("approved", "pending"), kept.pk: ("lapsed", "void")}


def test_a_second_no_ends_it_and_each_needs_a_reason(stand_in):  # noqa: F811
    offer = make_offer()
    fee = accepted(offer)
    creator = fee.participation.creator
    for n in (1, 2):
        flatfees.hand_in(creator, fee.pk, URL.format(n=n), PAID)
        with pytest.raises(ValueError, match="reason"):
            flatfees.refuse(offer.brand, fee.pk, " ", PAID)
        flatfees.refuse(offer.brand, fee.pk, "No bread in it", PAID)

    fee.refresh_from_db()
    assert (fee.state, fee.commission.state) == ("refused", "void")
    with pytest.raises(flatfees.OutOfOrder):
        flatfees.approve(offer.brand, fee.pk, PAID)


def test_nothing_is_promised_that_is_not_there():
    offer = make_offer(funds=12_100)  # two fees with VAT, to the cent
    people = [make_person() for _n in range(3)]
    with pytest.raises(flatfees.NotFunded):
        participations.invite(offer, people, PAID)
    assert participations.invite(offer, people[:2], PAID) == 2
    with pytest.raises(flatfees.NotFunded):
        participations.invite(offer, people[2:], PAID)


def test_a_yes_without_money_promises_nothing_and_says_so(client):
    offer = make_offer(funds=6_050)
    creator, late = make_person(), make_person()
    participations.invite(offer, [creator], PAID)
    row = offer.participations.create(
        creator=late, state="invited", asked_at=PAID, answer_by=until(PAID, 700)
    )
    participations.accept(creator, offer.participations.get(creator=creator).pk, PAID)
    client.force_login(late.user)

    said = client.post(f"/creator/invitations/{row.pk}/", {"answer": "yes"}, follow=True)

    assert "not there now" in said.content.decode()
    row.refresh_from_db()
    assert (row.state, row.unfunded_at is not None) == ("invited", True)
    client.force_login(offer.brand.memberships.get().user)
    page = f"/brand/{offer.brand.slug}/collaborations/{offer.pk}/"
    assert "does not cover the fee" in client.get(page).content.decode()


def test_the_other_brand_and_the_other_creator_take_no_step(stand_in):  # noqa: F811
    fee = accepted(make_offer())
    with pytest.raises(flatfees.OutOfOrder):
        flatfees.hand_in(make_person(), fee.pk, URL.format(n=1), PAID)
    flatfees.hand_in(fee.participation.creator, fee.pk, URL.format(n=1), PAID)
    with pytest.raises(flatfees.OutOfOrder):
        flatfees.approve(make_brand(), fee.pk, PAID)


def test_both_walk_through_the_pages_and_are_mailed(client, stand_in, mailoutbox):  # noqa: F811
    offer = make_offer()
    creator = make_person()
    participations.invite(offer, [creator], PAID, "We like your bread.")
    row = offer.participations.get()
    Participation.objects.update(answer_by=until(PAID, 700))
    client.force_login(creator.user)
    page = "/creator/invitations/"
    assert "€50.00" in client.get(page).content.decode()
    client.post(f"{page}{row.pk}/", {"answer": "yes"})
    fee = FlatFee.objects.get()
    assert "Fee €50.00" in client.get(page).content.decode()
    client.post(f"{page}fees/{fee.pk}/", {"url": URL.format(n=1)})
    client.force_login(offer.brand.memberships.get().user)
    theirs = f"/brand/{offer.brand.slug}/collaborations/{offer.pk}/"
    assert "Approve and pay" in client.get(theirs).content.decode()
    participationletters.send_waiting()
    client.post(f"{theirs}fees/{fee.pk}/", {"answer": "yes"})
    participationletters.send_waiting()

    fee.refresh_from_db()
    assert fee.state == "approved"
    told = [(mail.to[0], mail.subject) for mail in mailoutbox]
    owner = offer.brand.memberships.get().user.email
    assert [who for who, _ in told] == [owner, owner, creator.user.email]
    assert "50,00" in told[2][1]


def test_a_refused_fee_can_be_contested(client, stand_in):  # noqa: F811
    offer = make_offer()
    fee = accepted(offer)
    creator = fee.participation.creator
    for n in (1, 2):
        flatfees.hand_in(creator, fee.pk, URL.format(n=n), PAID)
        flatfees.refuse(offer.brand, fee.pk, "No bread in it", PAID)
    client.force_login(creator.user)

    assert "This is not right" in client.get("/creator/invitations/").content.decode()
    client.post(f"/creator/earnings/{fee.commission_id}/contest/", {"text": "There is."})

    assert "You contested this" in client.get("/creator/invitations/").content.decode()


def test_a_refused_fee_is_promised_again_while_there_is_money(client, stand_in):  # noqa: F811
    offer = make_offer(funds=6_500)  # one fee with VAT, not two
    creator = make_person()
    fee = accepted(offer, creator)
    for n in range(flatfees.REFUSALS):
        flatfees.hand_in(creator, fee.pk, URL.format(n=n), PAID)
        flatfees.refuse(offer.brand, fee.pk, "Not the bread", PAID)
    FlatFee.objects.update(tells=False)
    client.force_login(offer.brand.memberships.get().user)
    page = f"/brand/{offer.brand.slug}/collaborations/{offer.pk}/"
    assert "Promise it again" in client.get(page).content.decode()

    for _n in range(2):  # the second finds it promised
        client.post(f"{page}fees/{fee.pk}/", {"answer": "again"})
    fee.refresh_from_db()
    assert (fee.state, fee.refusals, fee.commission.amount) == ("reserved", 0, 5_000)
    states = Commission.objects.filter(kind="adjustment", collaboration=offer).order_by("pk")
    assert list(states.values_list("state", flat=True)) == ["void", "pending"]
    mail.outbox.clear()
    participationletters.send_waiting()
    told = [letter for letter in mail.outbox if letter.to == [creator.user.email]]
    assert any("opnieuw" in letter.subject for letter in told)  # she reads Dutch
    flatfees.hand_in(creator, fee.pk, URL.format(n=7), PAID + DAY)
    flatfees.approve(offer.brand, fee.pk, PAID + DAY)
    assert settlement.settle(PAID + 60 * DAY).commissions == 1


def test_without_money_nothing_is_promised_again(stand_in):  # noqa: F811
    offer = make_offer(funds=6_500)
    fee = accepted(offer)
    flatfees.resolve(PAID + 40 * DAY)
    accepted(offer)  # another has the money now

    with pytest.raises(flatfees.NotFunded):
        flatfees.again(offer.brand, fee.pk, PAID + 41 * DAY)


def test_nobody_is_promised_again_who_cannot_post_or_still_contests(stand_in):  # noqa: F811
    offer = make_offer(funds=65_000)
    fee = accepted(offer)
    at = PAID + 41 * DAY
    flatfees.resolve(at)
    creator = fee.participation.creator
    case = cases.contest(creator, earnings.subject_of(fee.commission), "I did post.", at)
    with pytest.raises(flatfees.Contested):
        flatfees.again(offer.brand, fee.pk, at)

    cases.decide(case, False, by=make_user(), reason="No post is to be seen.", at=at)
    mine = Participation.objects.filter(pk=fee.participation_id)
    mine.update(state="ended")
    with pytest.raises(flatfees.OutOfOrder, match="nobody is there"):
        flatfees.again(offer.brand, fee.pk, at)
    mine.update(state="accepted")
    assert flatfees.again(offer.brand, fee.pk, at).state == "reserved"


# ------------------------------------------------------------------ taken back by a person of ours


@pytest.mark.parametrize("step", ["reserved", "posted", "approved"])
def test_a_fee_that_an_admin_makes_void_is_over_and_says_why(client, step, stand_in):  # noqa: F811
    offer = make_offer()
    creator = make_person()
    fee = accepted(offer, creator)
    if step != "reserved":
        flatfees.hand_in(creator, fee.pk, URL.format(n=1), PAID)
    if step == "approved":
        flatfees.approve(offer.brand, fee.pk, PAID)
    FlatFee.objects.update(tells=False)
    before = funding.of(offer.brand, at=PAID).payable

    commissions.void([fee.commission_id], "The post was bought.", make_user(), PAID + DAY)

    fee.refresh_from_db()
    assert (fee.state, fee.reason) == ("void", "The post was bought.")
    assert funding.of(offer.brand, at=PAID).payable - before == 6_050
    with pytest.raises(flatfees.OutOfOrder):
        flatfees.approve(offer.brand, fee.pk, PAID + DAY)
    assert flatfees.resolve(PAID + 90 * DAY) == 0
    client.force_login(creator.user)
    page = client.get("/creator/invitations/").content.decode()
    assert "The post was bought." in page and "This is not right" in page
    assert "Taken back by Thousand" in page and "Approved" not in page
    client.force_login(offer.brand.memberships.get().user)
    page = client.get(f"/brand/{offer.brand.slug}/collaborations/{offer.pk}/").content.decode()
    assert "The post was bought." in page and "Taken back by Thousand" in page
    mail.outbox.clear()
    participationletters.send_waiting()
    (letter,) = [one for one in mail.outbox if one.to == [creator.user.email]]
    assert "The post was bought." in letter.body
    assert flatfees.again(offer.brand, fee.pk, PAID + DAY).state == "reserved"  # its own money


def test_a_flag_that_is_confirmed_ends_the_fee_too(client, stand_in):  # noqa: F811
    offer = make_offer()
    creator = make_person()
    fee = accepted(offer, creator)
    flag = fraud.flag("by_hand", creator, "x", {"n": 1}, PAID)
    commissions.hold([fee.commission_id], flag=flag)
    client.force_login(creator.user)
    assert "On hold while a person looks" in client.get("/creator/invitations/").content.decode()

    holds.decide_flag(flag, True, by=make_user(), reason="Not her own.", at=PAID + DAY)

    fee.refresh_from_db()
    assert (fee.state, fee.commission.state) == ("void", "void")
    assert "It was checked" in client.get("/creator/invitations/").content.decode()
