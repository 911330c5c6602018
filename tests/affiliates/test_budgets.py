"""Budgets of collaborations: whole or nothing, under a lock, freed by what comes back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections

from affiliates import (
    bookings,
    budgetletters,
    budgets,
    codes,
    collaborations,
    commissions,
    invariants,
)
from affiliates.models import Commission, LedgerEntry, Participation
from shop import refunds
from shop.models import Membership
from tests.affiliates.factories import (
    PAID,
    make_brand,
    make_collaboration,
    make_creator,
    make_line,
    make_order,
    make_user,
    pay,
)
from tests.creators.factories import make_creator as make_member

pytestmark = pytest.mark.django_db
ONE = 342  # of a sale of €34.50 at 12 %


@pytest.fixture
def deal():
    """A brand whose open offer has a budget for two sales, not three."""
    brand = make_brand()
    offer = make_collaboration(brand)
    return budgets.set_for(brand, offer.pk, 2 * ONE + 50, PAID - timedelta(days=1))


def sell(deal, creator, **line):
    return make_order({"brand": deal.brand, "creator": creator} | line)


def of(creator):
    rows = Commission.objects.filter(creator=creator, kind="sale").order_by("id")
    return list(rows.values_list("state", "amount", "reason"))


@pytest.mark.usefixtures("books")
def test_what_does_not_fit_earns_nothing_and_never_a_part(deal):
    creator = make_creator()
    for _n in range(4):
        sell(deal, creator)

    assert of(creator) == [
        ("pending", ONE, ""), ("pending", ONE, ""),
        ("void", ONE, "budget_spent"), ("void", ONE, "budget_spent"),
    ]  # fmt: skip
    deal.refresh_from_db()
    assert deal.budget_spent_at == PAID
    assert budgets.left(deal) == 50


@pytest.mark.usefixtures("books")
def test_a_smaller_sale_still_fits_and_no_fee_is_taken_for_what_earned_nothing(deal):
    creator = make_creator()
    order = make_order(
        {"brand": deal.brand, "creator": creator, "quantity": 2},
        {"brand": deal.brand, "creator": creator},
        {"brand": deal.brand, "creator": creator, "price": 500},
    )  # fmt: skip

    states = [state for state, _amount, _why in of(creator)]
    assert states == ["pending", "void", "pending"]
    lines = list(order.parts.get().lines.order_by("id").values_list("pk", flat=True))
    charged = LedgerEntry.objects.filter(kind="fee", source_id__in=lines)
    assert lines[1] not in set(charged.values_list("source_id", flat=True))
    assert bookings.paid(order, PAID) == 0  # a sweep changes nothing


@pytest.mark.usefixtures("books")
def test_what_comes_back_is_free_again(deal):
    creator = make_creator()
    first = sell(deal, creator)
    sell(deal, creator)
    refunds.refund(first, at=PAID + timedelta(days=1), reference="rf-1")

    assert budgets.left(deal) == ONE + 50
    sell(deal, creator)
    assert [state for state, *_ in of(creator)] == ["pending"] * 3


@pytest.mark.usefixtures("books")
def test_what_comes_back_of_an_older_sale_frees_nothing_of_a_new_budget(deal):
    creator = make_creator()
    before = sell(deal, creator)
    day = timedelta(days=1)
    deal = budgets.set_for(deal.brand, deal.pk, 2 * ONE, PAID + day)
    make_order({"brand": deal.brand, "creator": creator}, at=PAID + 2 * day)
    refunds.refund(before, at=PAID + 3 * day, reference="rf-2")

    assert budgets.left(deal) == ONE


def test_new_links_stop_until_there_is_a_new_budget(deal):
    creator = make_creator()
    assert list(collaborations.open_to(creator, PAID)) == [deal]
    for _n in range(3):
        sell(deal, creator)

    assert not collaborations.open_to(creator, PAID).exists()
    budgets.set_for(deal.brand, deal.pk, 10_000, PAID)
    assert list(collaborations.open_to(creator, PAID)) == [deal]


def test_the_creator_reads_why_a_sale_earns_nothing(client, deal):
    creator = make_creator()
    for _n in range(3):
        sell(deal, creator)
    client.force_login(creator.user)

    assert "budget of this offer was spent" in client.get("/creator/earnings/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_eight_orders_paid_at_once_never_overspend(transactional_db):
    brand = make_brand()
    offer = make_collaboration(brand)
    deal = budgets.set_for(brand, offer.pk, 3 * ONE, PAID - timedelta(days=1))
    orders = [make_order({"brand": brand, "creator": make_creator()}, paid=False) for _ in range(8)]
    gate = threading.Barrier(8)

    def buy(order):
        gate.wait(timeout=20)
        try:
            pay(order)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(buy, orders))

    states = sorted(Commission.objects.filter(collaboration=deal).values_list("state", flat=True))
    assert states == ["pending"] * 3 + ["void"] * 5
    assert budgets.left(deal) == 0
    assert invariants.check() == {}


@pytest.mark.usefixtures("books")
def test_a_typed_code_goes_on_under_a_spent_budget_as_a_link_does(deal):
    creator = make_member(handle="noor.bakes", followers=6_000)
    codes.choose(creator, "NOOR10")
    for price in (10_000, 3_450, 10_000):
        order = make_order(paid=False, referral={"code": "NOOR10"})
        make_line(order, brand=deal.brand, price=price, judged=False)
        pay(order)

    assert of(creator) == [
        ("void", 992, "budget_spent"), ("pending", ONE, ""), ("void", 992, "budget_spent"),
    ]  # fmt: skip
    assert not collaborations.open_to(creator, PAID).exists()


def test_a_brand_sets_a_budget_on_the_page(client, deal):
    from shop.models import Membership

    user = make_user()
    Membership.objects.create(user=user, brand=deal.brand)
    client.force_login(user)
    page = f"/brand/{deal.brand.slug}/collaborations/{deal.pk}/"

    assert "€7.34 of €7.34 left" in client.get(page).content.decode()
    client.post(page + "budget/", {"budget": "250,00"})
    deal.refresh_from_db()
    assert deal.budget == 25_000
    client.post(page + "budget/", {"budget": ""})
    deal.refresh_from_db()
    assert (deal.budget, deal.budget_from) == (None, None)


@pytest.mark.usefixtures("books")
def test_a_spent_budget_is_told_once_to_the_brand_and_to_those_with_links(deal):
    owner, creator, other = make_user(), make_creator(user=make_user()), make_creator()
    Membership.objects.create(user=owner, brand=deal.brand)
    for _n in range(4):
        sell(deal, creator)
    Participation.objects.create(
        collaboration=deal, creator=creator, state="accepted", asked_at=PAID
    )

    assert [budgetletters.send_waiting(), budgetletters.send_waiting()] == [2, 0]
    assert {letter.to[0] for letter in mail.outbox} == {owner.email, creator.user.email}
    assert all(deal.name in letter.subject for letter in mail.outbox)
    budgets.set_for(deal.brand, deal.pk, 5, PAID + timedelta(days=1))
    sell(deal, other)
    assert budgetletters.send_waiting() == 2


@pytest.mark.usefixtures("books")
def test_a_sale_in_another_currency_earns_nothing_and_leaves_the_offer_open(client, deal):
    creator = make_creator()
    make_order({"brand": deal.brand, "creator": creator}, currency="USD")

    assert of(creator) == [("void", ONE, "budget_currency")]
    deal.refresh_from_db()
    assert (deal.budget_spent_at, deal.tells_spent) == (None, False)
    assert list(collaborations.open_to(creator, PAID)) == [deal]
    assert budgets.left(deal) == 2 * ONE + 50
    sell(deal, creator)
    assert of(creator)[1] == ("pending", ONE, "")
    client.force_login(creator.user)
    assert "in another currency" in client.get("/creator/earnings/").content.decode()


@pytest.mark.usefixtures("books")
def test_what_earns_again_must_fit_the_budget_of_now(deal):
    creator = make_creator()
    sell(deal, creator)
    sale = Commission.objects.get()
    commissions.void([sale.pk])
    for _n in range(2):
        sell(deal, creator)

    again = [commissions.earn_again([sale.pk], PAID + timedelta(days=n)) for n in (1, 2)]

    assert again == [0, 0]
    assert [(state, why) for state, _amount, why in of(creator)] == [
        ("void", ""), ("pending", ""), ("pending", ""), ("void", "budget_spent"),
    ]  # fmt: skip
    budgets.set_for(deal.brand, deal.pk, ONE, PAID + timedelta(days=3))
    assert commissions.earn_again([sale.pk], PAID + timedelta(days=4)) == 1
    assert of(creator)[-1] == ("pending", ONE, "")
    assert budgets.left(deal) == 0
