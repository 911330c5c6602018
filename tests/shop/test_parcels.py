"""A part of an order leaves in one parcel or several, and the shopper is told of each."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from affiliates.dashboards.brand import brand_board
from shop import (
    claims,
    documents,
    orderlists,
    orders,
    parcels,
    postroom,
    refunds,
    returns,
    troubles,
)
from shop.models import BrandOrder, Order, OrderLetter
from tests.shop.factories import make_brand, make_order, make_user, make_variant

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_part(**order) -> BrandOrder:
    brand = make_brand(owner=make_user())
    lines = (make_variant(brand=brand, price=3450), 3), (make_variant(brand=brand, price=1000), 1)
    return make_order(*lines, **order).parts.select_related("order", "brand").get()


def letters():
    mail.outbox.clear()
    postroom.send_waiting(AT)
    return [(one.to[0], one.subject.split(": ", 1)[-1]) for one in mail.outbox]


def test_a_part_leaves_in_two_parcels_and_arrives_with_the_last():
    part = make_part(language="nl")
    mugs, plate = part.lines.all()
    letters()
    first = parcels.ship(part, AT, parcels.Tracking("PostNL", "3S1"), {mugs.pk: 2, plate.pk: 0})
    part.refresh_from_db()
    assert (part.shipped_at, orders.progress(part, 1)) == (None, "Partly on its way")
    for bad in ({mugs.pk: 2}, {}, {plate.pk + 99: 1}):
        with pytest.raises(parcels.NotLeft):
            parcels.ship(part, AT, quantities=bad)
    second = parcels.ship(part, AT + timedelta(days=1))
    assert parcels.ship(part, AT) is None
    part.refresh_from_db()
    assert part.shipped_at == AT + timedelta(days=1)
    assert sorted(second.lines.values_list("order_line", "quantity")) == [
        (mugs.pk, 1), (plate.pk, 1),
    ]  # fmt: skip
    said = f"{part.brand.name} heeft je pakket verstuurd"
    assert letters() == [("shopper@people.example", said)] * 2

    assert parcels.arrived(second, AT + timedelta(days=2))
    part.refresh_from_db()
    assert part.delivered_at is None
    assert parcels.arrived(first, AT + timedelta(days=3))
    assert not parcels.arrived(first, AT + timedelta(days=4))
    part.refresh_from_db()
    assert part.delivered_at == AT + timedelta(days=3)


def test_what_was_given_back_before_it_left_is_not_sent():
    part = make_part()
    mugs, plate = part.lines.all()
    refunds.refund(part.order, at=AT, shares={("line", plate.pk): 1000})
    parcel = parcels.ship(part, AT)

    assert list(parcel.lines.values_list("order_line", "quantity")) == [(mugs.pk, 3)]
    part.refresh_from_db()
    assert part.shipped_at == AT


def test_pieces_withdrawn_from_before_they_left_are_not_sent():
    part = make_part()
    mugs, plate = part.lines.all()
    made = returns.ask(part, {mugs.pk: 1}, "", AT)
    returns.give_back(made, make_user(), AT)
    part = BrandOrder.objects.select_related("order").get(pk=part.pk)
    assert parcels.unsent(part) == {mugs: 2, plate: 1}

    parcel = parcels.ship(part, AT)

    assert dict(parcel.lines.values_list("order_line", "quantity")) == {mugs.pk: 2, plate.pk: 1}
    part.refresh_from_db()
    assert part.shipped_at == AT


def test_an_order_that_was_wholly_given_back_before_it_left_is_not_packed(client):
    part, other = make_part(), make_part()
    client.force_login(part.brand.memberships.get().user)
    path = f"/brand/{part.brand.slug}/orders/"
    assert orderlists.counts(part.brand)["pack"] == 1
    assert brand_board(part.brand, 4, AT).waiting.to_ship == 1

    refunds.refund(part.order, at=AT)

    assert orderlists.counts(part.brand)["pack"] == 0
    assert brand_board(part.brand, 4, AT).waiting.to_ship == 0
    assert orderlists.counts(other.brand)["pack"] == 1
    assert part.order.number not in client.get(f"{path}?state=pack").content.decode()
    mine = Client().get(f"/orders/{orders.token(part.order)}/")
    for page in (client.get(path), client.get(f"{path}{part.pk}/"), mine):
        assert "Being packed" not in page.content.decode()


def test_what_came_back_of_the_first_parcel_leaves_the_rest_to_send():
    part = make_part()
    mugs, plate = part.lines.all()
    parcels.ship(part, AT, quantities={mugs.pk: 2})
    made = returns.ask(part, {mugs.pk: 2}, "", AT)
    returns.give_back(made, make_user(), AT)
    part = BrandOrder.objects.select_related("order").get(pk=part.pk)

    assert parcels.unsent(part) == {mugs: 1, plate: 1}


def test_what_is_given_back_after_the_first_parcel_is_not_waited_for():
    part = make_part()
    mugs, plate = part.lines.all()
    first = parcels.ship(part, AT, quantities={mugs.pk: 3})
    part.refresh_from_db()
    assert "damaged" in claims.kinds(part, AT)
    refunds.refund(part.order, at=AT + timedelta(days=1), shares={("line", plate.pk): 1000})
    part.refresh_from_db()
    assert (part.shipped_at, part.delivered_at) == (AT, None)
    assert parcels.arrived(first, AT + timedelta(days=2))
    part.refresh_from_db()
    assert part.delivered_at == AT + timedelta(days=2)


def test_all_has_arrived_once_the_rest_is_given_back():
    part = make_part()
    mugs, plate = part.lines.all()
    parcels.arrived(parcels.ship(part, AT, quantities={mugs.pk: 3}), AT)
    day = AT + timedelta(days=9)
    refunds.refund(part.order, at=day, shares={("line", plate.pk): 400})
    part.refresh_from_db()
    assert part.shipped_at is None
    refunds.refund(part.order, at=day, shares={("line", plate.pk): 600})
    part.refresh_from_db()
    assert (part.shipped_at, part.delivered_at) == (AT, day)
    assert returns.returnable(part, day)


def test_each_step_writes_a_letter_to_whom_it_concerns():
    part = make_part()
    owner = part.brand.memberships.get().user.email
    shopper = part.order.email
    (new,) = letters()
    assert new[0] == owner and new[1].startswith("Een nieuwe bestelling: ")
    parcels.ship(part, AT)
    parcels.deliver(part, AT)
    line = part.lines.first()
    part.refresh_from_db()
    made = returns.ask(part, {line.pk: 1}, "Too small", AT)
    returns.close(made, AT, "It came back broken.")
    refunds.refund(part.order, at=AT, amount=500, reason="Goodwill")
    sent = letters()

    assert [who for who, _what in sent] == [shopper, shopper, shopper, owner, shopper, shopper]
    assert [what for _who, what in sent][3:] == [
        "De koper herroept", f"{part.brand.name} closed your return without a refund",
        "You get €5.00 back",
    ]  # fmt: skip
    arrived, receipt, credit = mail.outbox[1], mail.outbox[2], mail.outbox[5]
    assert arrived.subject.endswith(f"Your order from {part.brand.name} has arrived")
    assert "until 4 December 2026" in arrived.body and "something is wrong" in arrived.body
    assert receipt.subject.startswith("Receipt of your withdrawal")
    for said in ("20 November 2026 at 13:00:00", "A Shopper, shopper@people.example", "Too small",
                 "1 x Mug", "Mill Road 1"):  # fmt: skip
        assert said in receipt.body
    assert [name for name, _content, _kind in credit.attachments] == [f"{part.brand_id}-000002.pdf"]
    assert OrderLetter.objects.filter(sent_at=None).count() == 0


def test_a_brand_sends_in_two_parcels_by_its_page():
    part = make_part()
    mugs, plate = part.lines.all()
    client = Client()
    client.force_login(part.brand.memberships.get().user)
    path = f"/brand/{part.brand.slug}/orders/{part.pk}/"
    lines = {f"line_{mugs.pk}": "2", f"line_{plate.pk}": "0"}

    none = {f"line_{mugs.pk}": "0", f"line_{plate.pk}": "0"}
    assert client.post(f"{path}ship/", none).status_code == 422
    assert client.post(f"{path}ship/", lines | {"track_url": "x y"}).status_code == 422
    client.post(f"{path}ship/", lines | {"carrier": "PostNL", "code": "3S77"})
    page = client.get(path).content.decode()
    assert "3S77" in page and "Partly on its way" in page
    client.post(f"{path}ship/", {})
    client.post(f"{path}deliver/", {"parcel": part.parcels.first().pk})
    client.post(f"{path}deliver/", {"parcel": "x"})
    for action, number in itertools.product(["deliver", "undo"], ["9" * 5_000, "²", "0"]):
        assert client.post(f"{path}{action}/", {"parcel": number}).status_code == 404
    part.refresh_from_db()
    assert part.shipped_at and not part.delivered_at
    client.post(f"{path}deliver/")
    part.refresh_from_db()
    assert part.delivered_at and not part.parcels.filter(delivered_at=None).exists()
    seen = Client().get(f"/orders/{orders.token(part.order)}/").content.decode()
    assert "3S77" in seen and "2 × Mug" in seen


def test_a_return_is_closed_without_money_only_with_a_reason():
    part = make_part()
    parcels.deliver(part, AT)
    part.refresh_from_db()
    made = returns.ask(part, {part.lines.first().pk: 1}, "", AT)
    client = Client()
    client.force_login(part.brand.memberships.get().user)
    path = f"/brand/{part.brand.slug}/orders/{part.pk}/returns/{made.pk}/"

    assert client.post(path, {"close": "1", "answer": ""}).status_code == 422
    client.post(path, {"close": "1", "answer": "It never came back."})
    made.refresh_from_db()
    assert (made.state, made.answer) == ("closed", "It never came back.")


def test_the_page_of_an_order_takes_few_queries_with_all_its_chapters(
    django_assert_max_num_queries,
):
    part = make_part()
    mugs = part.lines.first()
    for _n in range(3):
        parcels.ship(part, AT, quantities={mugs.pk: 1})
    parcels.ship(part, AT)
    parcels.deliver(part, AT)
    part.refresh_from_db()
    returns.ask(part, {mugs.pk: 1}, "", AT)
    refunds.refund(part.order, at=AT, amount=500)
    documents.issue_missing(AT)
    troubles.ask(part, "damaged", {mugs.pk: 1}, "", AT)
    buyer, owner = Client(), Client()
    user = make_user()
    Order.objects.filter(pk=part.order_id).update(buyer=user)
    buyer.force_login(user)
    owner.force_login(part.brand.memberships.get().user)
    owner.get(f"/brand/{part.brand.slug}/")  # which notes the language that she reads

    with django_assert_max_num_queries(12):
        assert owner.get(f"/brand/{part.brand.slug}/orders/{part.pk}/").status_code == 200
    with django_assert_max_num_queries(12):
        assert buyer.get(f"/orders/{orders.token(part.order)}/").status_code == 200


def test_the_page_of_an_order_asks_no_more_for_three_brands_than_for_one():
    asked = []
    for brands in (1, 3):
        bought = [(make_variant(price=1000), 2) for _n in range(brands)]
        order = make_order(*bought)
        for part in order.parts.all():
            (line,) = part.lines.all()
            parcels.deliver(part, AT)
            parcels.ship(part, AT)
            part.refresh_from_db()
            made = troubles.ask(part, "damaged", {line.pk: 1}, "", AT)
            troubles.give_back(made, make_user(), AT)
            returns.ask(part, {line.pk: 1}, "", AT)
        documents.issue_missing(AT)
        page = Client()
        page.get("/")
        with CaptureQueriesContext(connection) as seen:
            answer = page.get(f"/orders/{orders.token(order)}/")
        assert answer.content.decode().count("You withdrew on") == brands
        asked.append(len(seen))
    assert asked[0] == asked[1]
