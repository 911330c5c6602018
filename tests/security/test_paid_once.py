"""A piece is paid back once, whichever door is used, and no door can be shut from the other side."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from shop import claims, parcels, returns, troubles
from shop.models import OrderLetter, Refund
from tests.shop.factories import make_brand, make_order, make_user, make_variant

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
DUE = AT + timedelta(days=14)


def make_part(*lines):
    """A delivered part of (price, quantity) lines."""
    brand = make_brand(owner=make_user(), shipping_price=495)
    wanted = [(make_variant(brand=brand, price=price), count) for price, count in lines]
    part = make_order(*wanted, at=AT - timedelta(days=2)).parts.get()
    parcels.deliver(part, AT)
    part.refresh_from_db()
    return part


def fresh(part):
    return type(part).objects.select_related("order", "brand").get(pk=part.pk)


def paid_back():
    return sum(Refund.objects.values_list("amount", flat=True))


def test_money_for_what_was_sent_back_is_for_no_more_than_that():
    part = make_part((10_000, 1), (500, 2))
    dear, cheap = part.lines.all()
    returns.ask(part, {cheap.pk: 1}, "", AT)

    row = troubles.ask(part, "not_refunded", {dear.pk: 1, cheap.pk: 2}, "All of it!", DUE)
    troubles.give_back(row, make_user(), DUE)
    assert paid_back() == 500


def test_a_piece_paid_for_damage_cannot_be_sent_back_as_well():
    part = make_part((1_000, 2))
    (line,) = part.lines.all()
    row = troubles.ask(part, "damaged", {line.pk: 1}, "Cracked.", AT)
    early = returns.ask(part, {line.pk: 2}, "", AT)
    troubles.give_back(row, make_user(), AT)
    returns.give_back(early, make_user(), AT)
    assert paid_back() == 2_495

    part = make_part((1_000, 3))
    (line,) = part.lines.all()
    troubles.give_back(troubles.ask(part, "damaged", {line.pk: 2}, "", AT), make_user(), AT)
    assert returns.returnable(fresh(part), AT) == {line: 1}
    with pytest.raises(returns.CannotReturn):
        returns.ask(fresh(part), {line.pk: 2}, "", AT)


def test_a_piece_paid_as_sent_back_is_not_damaged_as_well():
    part = make_part((1_000, 2), (700, 1))
    line, _other = part.lines.all()
    made = returns.ask(part, {line.pk: 1}, "", AT)
    for count in (2, 3):
        with pytest.raises(troubles.CannotAsk):
            troubles.ask(part, "damaged", {line.pk: count}, "", AT)
    row = troubles.ask(part, "damaged", {line.pk: 1}, "", AT)
    returns.give_back(made, make_user(), AT)
    again = returns.ask(part, {line.pk: 1}, "", AT)
    returns.give_back(again, make_user(), AT)
    assert (troubles.give_back(row, make_user(), AT).state, paid_back()) == ("solved", 2_000)


def test_a_part_of_the_price_leaves_the_piece_returnable_for_the_rest():
    part = make_part((1_000, 1))
    (line,) = part.lines.all()
    row = troubles.ask(part, "damaged", {line.pk: 1}, "A scratch.", AT)
    troubles.reply(troubles.answer(row, "No.", make_user(), AT), False, AT)
    troubles.decide(row, True, by=make_user(), reason="A scratch.", at=AT, amount=400)
    made = returns.ask(fresh(part), {line.pk: 1}, "", AT)
    returns.give_back(made, make_user(), AT)
    line.refresh_from_db()
    assert line.refunded_gross == 1_000


def test_a_brand_cannot_shut_the_door_by_closing_the_return():
    part = make_part((1_000, 1))
    (line,) = part.lines.all()
    made = returns.ask(part, {line.pk: 1}, "", AT)
    shut = AT + timedelta(days=1)
    returns.close(made, shut, "No.")

    late = AT + claims.ASK_WITHIN
    assert "not_refunded" in claims.kinds(fresh(part), shut)
    assert claims.kinds(fresh(part), late + timedelta(days=1)) == []
    assert "not_refunded" not in claims.kinds(fresh(part), shut + timedelta(days=43))
    row = troubles.ask(part, "not_refunded", {}, "I have the receipt of the post.", shut)
    troubles.run_clocks(row.answer_by)
    troubles.decide(row, True, by=make_user(), reason="It was sent.", at=row.answer_by)
    made.refresh_from_db()
    assert (made.state, paid_back()) == ("refunded", 1_495)


def test_what_we_refused_is_not_asked_again():
    part = make_part((1_000, 2))
    (line,) = part.lines.all()
    made = returns.ask(part, {line.pk: 1}, "", AT)
    returns.close(made, AT, "It never came.")
    row = troubles.ask(part, "not_refunded", {}, "", AT)
    troubles.run_clocks(row.answer_by)
    troubles.decide(row, False, by=make_user(), reason="Not sent.", at=row.answer_by)
    assert "not_refunded" not in claims.kinds(fresh(part), row.answer_by)
    assert OrderLetter.objects.filter(kind="return_closed").count() == 1


# ------------------------------------------------------------------ two clicks


def test_a_return_ends_once():
    part = make_part((1_000, 1))
    (line,) = part.lines.all()
    made = returns.ask(part, {line.pk: 1}, "", AT)
    returns.give_back(made.__class__.objects.get(), make_user(), AT)

    for again in (lambda: returns.close(made, AT, "No."),
                  lambda: returns.give_back(made, make_user(), AT)):  # fmt: skip
        with pytest.raises(returns.Closed):
            again()
    made.refresh_from_db()
    assert (made.state, paid_back(), returns.returnable(fresh(part), AT)) == ("refunded", 1_495, {})


def test_a_second_click_on_a_closed_return_says_so():
    part = make_part((1_000, 1))
    made = returns.ask(part, {part.lines.get().pk: 1}, "", AT)
    client = Client()
    client.force_login(part.brand.memberships.get().user)
    path = f"/brand/{part.brand.slug}/orders/{part.pk}/returns/{made.pk}/"

    for facts in ({"refund": "1"}, {"refund": "1"}, {"close": "1", "answer": "No."}):
        assert client.post(path, facts).status_code == 302
    assert "was closed before" in client.get(f"/brand/{part.brand.slug}/orders/{part.pk}/").text
    assert paid_back() == 1_495
