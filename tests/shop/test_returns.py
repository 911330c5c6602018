"""Returns to the end: what came back, when money is due, what is kept of it, and who decides."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from shop import claims, delivery, orders, parcels, pieces, postroom, refunds, returns, troubles
from shop.models import BrandOrder, DeliveryOption, Refund, Return
from tests.shop.factories import make_brand, make_order, make_user, make_variant
from tests.shop.test_discounts import bag_with, place
from tests.together import at_once

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def make_part(*lines, **order) -> BrandOrder:
    """A delivered part of (price, quantity) lines, with €4.95 of delivery."""
    brand = make_brand(owner=make_user(), shipping_price=495)
    wanted = [(make_variant(brand=brand, price=price), count) for price, count in lines]
    part = make_order(*wanted, at=AT - 2 * DAY, **order).parts.get()
    parcels.deliver(part, AT)
    return fresh(part)


def fresh(part):
    return BrandOrder.objects.select_related("order", "brand").get(pk=part.pk)


def paid_back():
    return sum(Refund.objects.values_list("amount", flat=True))


def letters(at=AT):
    mail.outbox.clear()
    postroom.send_waiting(at)
    return {(one.to[0], one.subject.split(": ", 1)[-1]): one.body for one in mail.outbox}


def boss(part):
    return part.brand.memberships.get().user


@pytest.mark.parametrize(
    ("arrived", "last"),
    [
        (datetime(2026, 11, 6, 9, tzinfo=UTC), "2026-11-20"),  # Friday to Friday
        (datetime(2026, 11, 5, 23, 30, tzinfo=UTC), "2026-11-20"),  # half past midnight here
        (datetime(2026, 11, 7, 9, tzinfo=UTC), "2026-11-23"),  # a Saturday gives way to Monday
        (datetime(2026, 12, 11, 9, tzinfo=UTC), "2026-12-28"),  # Christmas, and a Sunday after it
        (datetime(2026, 10, 12, 9, tzinfo=UTC), "2026-10-26"),  # over the night of 25 hours
    ],
)
def test_the_last_day_of_the_period_counts_whole_and_is_a_working_day(arrived, last):
    part = make_part((1_000, 1))
    BrandOrder.objects.update(delivered_at=arrived)
    part = fresh(part)
    end = orders.return_until(part)
    assert f"{timezone.localtime(end):%Y-%m-%d %H:%M:%S}" == f"{last} 23:59:59"
    assert returns.returnable(part, end)
    assert not returns.returnable(part, end + timedelta(microseconds=1))


def test_what_came_back_is_paid_less_what_it_lost_and_the_shopper_reads_why():
    part = make_part((1_000, 3), (700, 1))
    mugs, plate = part.lines.all()
    made = returns.ask(part, {mugs.pk: 3, plate.pk: 1}, "", AT)
    letters()
    made = returns.receive(made, {mugs.pk: 2}, "used", AT + DAY, AT + 2 * DAY)
    assert (made.state, made.received_at) == ("received", AT + DAY)
    assert list(letters()) == [(part.order.email, f"{part.brand.name} has what you sent back")]

    done = returns.give_back(made, boss(part), AT + 2 * DAY, less=300, why="A burnt rim.")

    assert (done.state, done.refund.amount, done.less, done.short) == ("refunded", 1_700, 300, True)
    ((said, body),) = letters().items()
    assert said == (part.order.email, "You get €17.00 back")
    for words in ("keeps €3.00 of the price, because:", "A burnt rim.", "1 × Mug", "say so"):
        assert words in body
    assert pieces.free(fresh(part)) == {mugs: 1, plate: 1}
    assert returns.returnable(fresh(part), AT + 3 * DAY) == {mugs: 1, plate: 1}


def test_a_shopper_brings_what_was_kept_to_us():
    part = make_part((1_000, 2))
    (line,) = part.lines.all()
    made = returns.ask(part, {line.pk: 2}, "", AT)
    made = returns.receive(made, {line.pk: 1}, "used", AT, AT)
    returns.give_back(made, boss(part), AT, less=400, why="Scratched.")
    assert paid_back() == 600

    row = troubles.ask(part, "not_refunded", {}, "It was new.", AT + DAY)
    assert troubles.worth(row) == {
        ("line", line.pk): 1_400, ("shipping", part.pk): 495,
    }  # fmt: skip
    troubles.run_clocks(row.answer_by)
    troubles.decide(row, True, by=make_user(), reason="It is new.", at=row.answer_by)
    made.refresh_from_db()
    assert (made.short, paid_back(), pieces.free(fresh(part))) == (False, 2_495, {})
    assert claims.disputed(fresh(part), row.answer_by) == []


def test_only_what_was_seen_and_is_explained_may_be_paid_less():
    part = make_part((1_000, 1), (500, 1))
    line = part.lines.first()
    made = returns.ask(part, {line.pk: 1}, "", AT)
    team = boss(part)
    with pytest.raises(returns.TooMuchLess):
        returns.give_back(made, team, AT, less=100, why="I do not like it.")
    for bad in ({line.pk: 2}, {line.pk: 0}, {line.pk + 99: 1}, {}):
        with pytest.raises(returns.NotThat):
            returns.receive(made, bad, "as_new", AT, AT)
    returns.receive(made, {line.pk: 1}, "as_new", AT, AT)
    for less, why in ((100, " "), (1_001, "No."), (1_000, "Nothing left."), (-1, "No.")):
        with pytest.raises(returns.TooMuchLess):
            returns.give_back(made, team, AT, less=less, why=why)
    assert paid_back() == 0
    assert returns.give_back(made, team, AT, less=999, why="Worn out.").refund.amount == 1


def test_pieces_that_go_back_one_by_one_give_back_all_of_it_with_the_delivery():
    part = make_part((333, 3))
    (line,) = part.lines.all()
    line.gross, line.discount = 998, 1
    line.save()
    got = []
    for _n in range(3):
        made = returns.ask(fresh(part), {line.pk: 1}, "", AT)
        got.append(returns.give_back(made, boss(part), AT).refund.amount)
    assert got == [332, 333, 333 + 495]
    assert orders.left_of(fresh(part)) == 0


def test_of_a_dearer_delivery_only_what_the_standard_one_cost_goes_back():
    brand = make_brand(owner=make_user(), shipping_price=495)
    variant = make_variant(brand=brand, price=1_000)
    way = delivery.save(DeliveryOption(brand=brand, name="Tonight", price=1_250))
    cart = bag_with(variant)
    cart.delivery = {str(brand.pk): way.pk}
    cart.save()
    part = place(cart).parts.get()
    assert (part.shipping_gross, part.shipping_standard) == (1_250, 495)
    assert pieces.due(part, {part.lines.get().pk: 1}, withdrawn=True, back={}).total == 1_495
    assert pieces.due(part, {part.lines.get().pk: 1}, withdrawn=False, back={}).total == 2_250


def test_the_clock_waits_for_goods_or_proof_and_reminds_once():
    part = make_part((1_000, 1))
    (line,) = part.lines.all()
    made = returns.ask(part, {line.pk: 1}, "", AT)
    due = AT + 14 * DAY
    letters()
    assert (made.refund_by, made.may_wait) == (due, True)
    assert returns.remind(due) == 0

    made = returns.sent(made, "PostNL 3S77", AT + 2 * DAY)
    made = returns.sent(made, "another", AT + 3 * DAY)
    assert (made.sent_proof, made.refund_by, made.may_wait) == ("PostNL 3S77", due, False)
    seconds = timedelta(seconds=1)
    counts = [returns.remind(at) for at in (due - 3 * DAY - seconds, due - 3 * DAY, due, due)]
    assert counts == [0, 1, 1, 0]
    team = boss(part).email
    said = letters(due)
    assert set(said) == {
        (team, "Een retour is naar je onderweg"), (team, "Het geld van een retour is verschuldigd"),
        (team, "Het geld van een retour is te laat"),
    }  # fmt: skip
    assert "3S77" in said[team, "Een retour is naar je onderweg"]

    returns.give_back(made, boss(part), due)
    with pytest.raises(returns.Closed):
        returns.sent(made, "late", due)
    assert returns.remind(due + 30 * DAY) == 0


def test_where_nothing_has_left_there_is_nothing_to_wait_for():
    brand = make_brand(owner=make_user())
    part = make_order((make_variant(brand=brand, price=1_000), 2), at=AT - 2 * DAY).parts.get()
    made = returns.ask(part, {part.lines.get().pk: 1}, "", AT)
    team, due = boss(part).email, AT + 14 * DAY
    brand.memberships.update(language="en")
    assert (made.refund_by, made.may_wait) == (due, False)
    assert "Nothing of the order has left" in letters()[team, "The shopper withdraws"]

    assert [returns.remind(at) for at in (due - 3 * DAY, due)] == [1, 1]
    said = letters(due)
    assert "nothing to wait for" in said[team, "The money for a return is due"]
    parcels.ship(part, due)
    made = Return.objects.select_related("brand_order").get()
    assert made.may_wait and not Return.objects.payable(due).exists()


def test_goods_that_come_later_than_14_days_are_paid_at_once():
    made = Return(asked_at=AT, received_at=AT + 20 * DAY)
    assert made.refund_by == AT + 20 * DAY
    made.sent_at = AT + 16 * DAY
    assert made.refund_by == AT + 16 * DAY


def test_a_claim_stays_what_it_was_when_the_goods_arrive_meanwhile():
    part = make_part((1_000, 1))
    (line,) = part.lines.all()
    made = returns.ask(part, {line.pk: 1}, "", AT)
    row = troubles.ask(part, "not_refunded", {}, "Where is it?", AT + 15 * DAY)
    returns.receive(made, {line.pk: 1}, "as_new", AT + 16 * DAY, AT + 16 * DAY)
    assert troubles.give_back(row, boss(part), AT + 16 * DAY).state == "refunded"
    assert paid_back() == 1_495


# ------------------------------------------------------------------ at once


@pytest.mark.django_db(transaction=True)
def test_return_trouble_and_refund_at_once_pay_no_piece_twice():
    part = make_part((1_000, 2), (700, 1))
    line = part.lines.first()
    row = troubles.ask(part, "damaged", {line.pk: 2}, "Cracked.", AT)
    made = returns.ask(part, {line.pk: 2}, "", AT)
    by = boss(part)

    def by_amount():
        return refunds.refund(part.order, at=AT, amount=3_195, reference="rf_all", made_by=by)

    at_once(
        lambda: returns.give_back(Return.objects.get(pk=made.pk), by, AT),
        lambda: troubles.give_back(row, by, AT), by_amount,
        lambda: returns.give_back(Return.objects.get(pk=made.pk), by, AT),
        may_raise=(returns.Closed, troubles.NotOpen, refunds.TooMuch),
    )  # fmt: skip
    assert paid_back() in {2_000, 3_195}
    line.refresh_from_db()
    assert line.refunded_gross == 2_000


@pytest.mark.django_db(transaction=True)
def test_a_return_is_counted_or_paid_but_not_both_at_once():
    part = make_part((1_000, 2))
    (line,) = part.lines.all()
    made = returns.ask(part, {line.pk: 2}, "", AT)
    by = boss(part)
    got = at_once(
        lambda: returns.receive(Return.objects.get(pk=made.pk), {line.pk: 1}, "used", AT, AT),
        lambda: returns.give_back(Return.objects.get(pk=made.pk), by, AT),
        lambda: returns.close(Return.objects.get(pk=made.pk), AT, "No."),
        may_raise=(returns.Closed,),
    )
    made.refresh_from_db()
    paid = made.lines.get().paid
    assert sum(isinstance(one, Exception) for one in got[1:]) == 1
    whole = 495 if paid == 2 else 0
    assert paid_back() == (paid or 0) * 1_000 + whole
    assert (made.state == "closed") == (paid is None)


# ------------------------------------------------------------------ in a browser


@pytest.fixture
def desk(time_machine):
    """A return that a shopper asked for, her browser, and the brand's."""
    time_machine.move_to(AT + DAY, tick=False)
    part = make_part((1_000, 2))
    part.order.buyer = make_user()
    part.order.save()
    made = returns.ask(part, {part.lines.get().pk: 2}, "Too small", AT)
    shopper, owner = Client(), Client()
    shopper.force_login(part.order.buyer)
    owner.force_login(boss(part))
    return part, made, shopper, owner


def test_a_brand_takes_a_return_to_its_end(desk, django_assert_max_num_queries):
    part, made, shopper, owner = desk
    page = f"/brand/{part.brand.slug}/orders/{part.pk}/"
    path, line = f"{page}returns/{made.pk}/", part.lines.get()
    today = timezone.localdate().isoformat()
    came = {"received": "1", "came_on": today, "condition": "used", f"line_{line.pk}": "2"}

    for wrong in ({"came_on": ""}, {"came_on": "2031-01-01"}, {"came_on": "2026-01-01"},
                  {f"line_{line.pk}": "3"}, {f"line_{line.pk}": "0"}, {"condition": "x"}):  # fmt: skip
        assert owner.post(path, came | wrong).status_code == 422
    assert "Give €24.95 back without waiting" in owner.get(page).text
    assert owner.post(path, {"refund": "1", "less": "3,00", "why": "Worn."}).status_code == 422
    owner.post(path, came)
    with django_assert_max_num_queries(13):
        text = owner.get(page).text
    assert "With you since" in text and "Give €24.95 back" in text
    for wrong in ({"less": "3,00"}, {"less": "99,00", "why": "x"}, {"less": "abc", "why": "x"}):
        assert owner.post(path, {"refund": "1"} | wrong).status_code == 422
    owner.post(path, {"refund": "1", "less": "3,00", "why": "Worn outside."})

    assert part.order.refunds.get().amount == 2_195
    assert "€3.00 kept: Worn outside." in owner.get(page).text
    seen = shopper.get(f"/orders/{orders.token(part.order)}/").text
    assert "Less went back: Worn outside." in seen and "Something is wrong" in seen


def test_a_shopper_shows_that_it_is_sent(desk):
    part, made, shopper, owner = desk
    page = f"/orders/{orders.token(part.order)}/"
    path = f"{page}returns/{made.pk}/"
    assert path in shopper.get(page).text and path not in Client().get(page).text
    assert Client().post(path, {"proof": "x"})["Location"] == f"{page}#addr"
    assert shopper.get(path).status_code == 200
    assert shopper.post(path, {"proof": " "}).status_code == 422
    for _n in "ab":
        assert shopper.post(path, {"proof": "DHL JJ12"})["Location"] == page
    assert "DHL JJ12" in owner.get(f"/brand/{part.brand.slug}/orders/{part.pk}/").text
    other = make_part((1_000, 1))
    stranger = Client()
    stranger.force_login(boss(other))
    for slug in (part.brand.slug, other.brand.slug):
        address = f"/brand/{slug}/orders/{part.pk}/returns/{made.pk}/"
        assert stranger.post(address, {"refund": "1"}).status_code == 404
    assert shopper.get(f"{page}returns/{made.pk + 99}/").status_code == 404
    assert paid_back() == 0
