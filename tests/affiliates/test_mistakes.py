"""A mark that was set by mistake is taken back, and every clock with it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from affiliates import invariants, settlement
from affiliates.clock import PAUSED
from affiliates.models import Commission
from shop import mistakes, parcels, postroom, refunds, returns, troubles
from shop.models import BrandOrder, OrderLetter, ParcelUndone
from tests.affiliates.factories import (
    DELIVERED,
    DUE,
    NIGHT_OVER,
    PAID,
    make_brand,
    make_creator,
    make_order,
    make_user,
)
from tests.shop.factories import make_brand as make_shop_brand
from tests.together import at_once

pytestmark = pytest.mark.django_db
AT = DELIVERED
HOUR = timedelta(hours=1)
NO_DELIVERY = PAID.replace(month=12, day=16, hour=23)  # 00:00 in Amsterdam, 45 days after payment


def make_part() -> BrandOrder:
    brand, creator = make_brand(), make_creator()
    order = make_order(
        {"brand": brand, "creator": creator, "price": 3450, "quantity": 2},
        {"brand": brand, "creator": creator, "price": 1000},
    )
    return order.parts.select_related("order", "brand").get()


def facts(part):
    """Everything that a mark moves."""
    row = BrandOrder.objects.values("shipped_at", "delivered_at", "track_url").get(pk=part.pk)
    parcels_ = list(part.parcels.values_list("pk", "shipped_at", "delivered_at"))
    due = list(Commission.objects.order_by("pk").values_list("due_at", flat=True))
    return row, parcels_, due


def letters(at=AT):
    mail.outbox.clear()
    postroom.send_waiting(at)
    return [one.subject.split(": ", 1)[-1] for one in mail.outbox]


def test_each_mark_moves_everything_back_exactly():
    part, by = make_part(), make_user()
    thing = part.lines.first()
    steps = [
        lambda at: parcels.ship(part, at, parcels.Tracking("PostNL", "3S1", "https://t.example/1"),
                                {thing.pk: 2}),
        lambda at: parcels.arrived(part.parcels.first(), at),
        lambda at: parcels.ship(part, at, parcels.Tracking("PostNL", "3S2")),
        lambda at: parcels.arrived(part.parcels.last(), at),
    ]  # fmt: skip
    undo = [
        lambda at: mistakes.undo_parcel(part.parcels.first(), by, at),
        lambda at: mistakes.undo_parcel(part.parcels.first(), by, at),
        lambda at: mistakes.undo_parcel(part.parcels.last(), by, at),
        lambda at: mistakes.undo_delivery(part, at),
    ]
    before = [facts(part)]
    for n, step in enumerate(steps):
        step(AT + n * HOUR)
        before.append(facts(part))
    assert before[0][2] == [NO_DELIVERY] * 2 and before[-1][2] == [DUE] * 2

    for n in reversed(range(4)):
        with pytest.raises(mistakes.TooLate):  # only the newest one
            (mistakes.undo_delivery(part, AT) if n < 3 else mistakes.undo_parcel(
                part.parcels.last(), by, AT))  # fmt: skip
        undo[n](AT + 5 * HOUR)
        assert facts(part) == before[n]
    assert invariants.check() == {}
    assert ParcelUndone.objects.filter(undone_by=by).count() == 2


@pytest.mark.parametrize("sent", [False, True])
def test_all_delivered_by_one_click_goes_back_by_one(sent):
    part = make_part()
    if sent:
        parcels.ship(part, AT - HOUR)
    before = facts(part)
    parcels.deliver(part, AT)
    mistakes.undo_delivery(part, AT + HOUR)
    assert facts(part) == before


def test_the_shopper_is_told_only_where_she_was_told_before():
    part, by = make_part(), make_user()
    letters()
    mistakes.undo_parcel(parcels.ship(part, AT), by, AT + HOUR)
    assert (letters(), OrderLetter.objects.filter(kind="shipped").count()) == ([], 0)
    for _n in "ab":
        parcel = parcels.ship(part, AT + HOUR)
        assert len(letters()) == 1
        mistakes.undo_parcel(parcel, by, AT + 2 * HOUR)
        assert letters() == ["Your parcel has not left yet"]
    assert "by mistake" in mail.outbox[0].body


def test_a_delivery_that_was_none_is_corrected_and_told_when_it_comes():
    part = make_part()
    BrandOrder.objects.update(seller={"name": "Mill"})
    letters()
    parcels.deliver(part, AT)
    mistakes.undo_delivery(part, AT + HOUR)
    assert letters() == []
    for _n in "ab":
        parcels.deliver(part, AT + HOUR)
        assert letters() == ["Your order from Mill has arrived"]
        mistakes.undo_delivery(part, AT + 2 * HOUR)
        assert letters() == ["Your order is still on its way"]


@pytest.mark.parametrize("what", ["return", "trouble", "refund", "a day"])
def test_nothing_is_taken_back_that_something_followed_from(what):
    part, by = make_part(), make_user()
    line = part.lines.first()
    parcel = parcels.ship(part, AT)
    later = AT + HOUR
    if what == "return":
        returns.ask(part, {line.pk: 1}, "", later)
    elif what == "trouble":
        fresh = BrandOrder.objects.get(pk=part.pk)
        troubles.ask(fresh, "damaged", {line.pk: 1}, "", later)
    elif what == "refund":
        refunds.refund(part.order, at=later, amount=100)
    else:
        later = AT + timedelta(hours=24, seconds=1)
    before = facts(part)
    with pytest.raises(mistakes.TooLate):
        mistakes.undo_parcel(parcel, by, later)
    assert facts(part) == before


def test_a_night_in_between_settles_no_sooner_and_no_later():
    part = make_part()
    parcels.deliver(part, AT)
    mistakes.undo_delivery(part, AT + HOUR)
    assert settlement.settle(NIGHT_OVER).lines == 0
    parcels.deliver(part, NIGHT_OVER)
    assert set(Commission.objects.values_list("state", flat=True)) == {"pending"}


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_taking_back_at_once_agree():
    part = make_part()
    line = part.lines.first()
    parcels.deliver(part, AT)
    asked, undone = at_once(
        lambda: returns.ask(BrandOrder.objects.get(pk=part.pk), {line.pk: 1}, "", AT + HOUR),
        lambda: mistakes.undo_delivery(part, AT + HOUR),
        may_raise=(mistakes.TooLate,),
    )
    assert asked.pk and part.returns.count() == 1
    delivered = BrandOrder.objects.get(pk=part.pk).delivered_at
    assert delivered == (AT if isinstance(undone, mistakes.TooLate) else None)
    assert set(Commission.objects.values_list("due_at", flat=True)) == {PAUSED}


def test_a_brand_takes_a_mark_back_by_its_page(time_machine):
    time_machine.move_to(AT, tick=False)
    part = make_part()
    owner, stranger = make_user(), make_user()
    part.brand.memberships.create(user=owner)
    other = make_shop_brand(owner=stranger)
    client, foreign = Client(), Client()
    client.force_login(owner)
    foreign.force_login(stranger)
    page = f"/brand/{part.brand.slug}/orders/{part.pk}/"
    client.post(f"{page}ship/", {})
    parcel = part.parcels.get()
    assert "It has not left: take it back" in client.get(page).text
    for slug in (part.brand.slug, other.slug):
        address = f"/brand/{slug}/orders/{part.pk}/undo/"
        assert foreign.post(address, {"parcel": parcel.pk}).status_code == 404
    client.post(f"{page}deliver/")
    assert "Not delivered: take it back" in client.get(page).text
    client.post(f"{page}undo/")
    assert client.post(f"{page}undo/", {"parcel": "x"}).status_code == 404
    client.post(f"{page}undo/", {"parcel": parcel.pk})
    assert not part.parcels.exists()
    assert client.post(f"{page}undo/", {"parcel": parcel.pk}).status_code == 404
    client.post(f"{page}undo/")
    assert "can no longer be taken back" in client.get(page).text
