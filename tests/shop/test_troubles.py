"""Something is wrong: three working days for the brand, then we decide; on a frozen clock."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from PIL import Image

from config.lib import workdays
from shop import claims, orders, parcels, postroom, refunds, returns, troubles
from shop import letters as mailed
from shop.models import BrandOrder, OrderLetter, Return, Trouble
from tests.affiliates.factories import sign_in
from tests.shop.factories import make_brand, make_order, make_user, make_variant

pytestmark = pytest.mark.django_db
PAID = datetime(2026, 12, 14, 9, tzinfo=UTC)  # a Monday
ASKED = datetime(2026, 12, 23, 15, tzinfo=UTC)  # a Wednesday, before Christmas
ANSWER_BY = datetime(2026, 12, 29, 23, tzinfo=UTC)  # Thursday, Monday, Tuesday: its midnight


def make_part(*, lines=((3450, 2), (1000, 1)), shipping=495, at=PAID, sent=True, **order):
    """A paid and delivered part of a brand with an owner."""
    brand = make_brand(owner=make_user(), shipping_price=shipping)
    wanted = [(make_variant(brand=brand, price=price), count) for price, count in lines]
    part = make_order(*wanted, at=at, **order).parts.get()
    BrandOrder.objects.filter(pk=part.pk).update(paid_at=at)
    if sent:
        parcels.ship(part, at + timedelta(days=1))
        parcels.deliver(part, at + timedelta(days=2))
    part.refresh_from_db()
    letters(at)  # of the order and its parcel
    return part


def ask(part, kind="damaged", at=ASKED, quantities=None, **more):
    quantities = quantities or {line.pk: line.quantity for line in part.lines.all()}
    return troubles.ask(part, kind, quantities, "Broken.", at, **more)


def letters(at=ASKED):
    """Post what waits; return (whom to, subject) of each."""
    mail.outbox.clear()
    postroom.send_waiting(at)
    return [(one.to[0], one.subject.split(": ", 1)[-1]) for one in mail.outbox]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 26, 23, tzinfo=UTC)),
        (datetime(2026, 11, 26, 23, 30, tzinfo=UTC), datetime(2026, 12, 2, 23, tzinfo=UTC)),
        (datetime(2026, 11, 28, 10, tzinfo=UTC), datetime(2026, 12, 2, 23, tzinfo=UTC)),
        (ASKED, ANSWER_BY),
        (datetime(2026, 4, 2, 10, tzinfo=UTC), datetime(2026, 4, 9, 22, tzinfo=UTC)),
        (datetime(2026, 4, 24, 10, tzinfo=UTC), datetime(2026, 4, 30, 22, tzinfo=UTC)),
    ],
    ids=["in a week", "local Friday", "Saturday", "Christmas", "Easter", "King's Day"],
)
def test_three_working_days_leave_out_weekends_and_dutch_holidays(start, end):
    assert workdays.end_of(start, 3) == end


def test_the_brand_gives_back_what_it_is_about():
    part = make_part()
    big, _small = part.lines.all()
    made = ask(part, quantities={big.pk: 1})

    assert made.answer_by == ANSWER_BY
    team = part.brand.memberships.get().user
    assert sorted(letters()) == sorted([
        (part.order.email, f"We asked {part.brand.name} what is wrong"),
        (team.email, "Er klopt iets niet met deze bestelling"),
    ])  # fmt: skip
    done = troubles.give_back(made, team, ASKED + timedelta(hours=1))
    assert (done.state, done.refund.amount) == ("refunded", 3450)
    assert ("shopper@people.example", "You get €34.50 back") in letters()
    assert letters() == []
    with pytest.raises(troubles.NotOpen):
        troubles.give_back(made, team, ASKED)


def test_without_an_answer_we_decide():
    part = make_part()
    boss = make_user()
    made = ask(part)

    assert troubles.run_clocks(ANSWER_BY - timedelta(seconds=1)) == 0
    assert [troubles.run_clocks(ANSWER_BY), troubles.run_clocks(ANSWER_BY)] == [1, 0]
    with pytest.raises(troubles.NotOpen):
        troubles.answer(made, "Too late", boss, ANSWER_BY)
    with pytest.raises(troubles.NotOpen):
        troubles.decide(made, True, by=boss, reason=" ", at=ANSWER_BY)
    with pytest.raises(refunds.TooMuch):
        troubles.decide(made, True, by=boss, reason="Yes", at=ANSWER_BY, amount=8396)
    done = troubles.decide(made, True, by=boss, reason="It came broken.", at=ANSWER_BY)

    assert (done.state, done.refund.amount) == ("refunded", 2 * 3450 + 1000 + 495)
    part.refresh_from_db()
    assert orders.left_of(part) == 0


def test_an_answer_that_is_not_enough_comes_to_us():
    part = make_part()
    member = part.brand.memberships.get().user
    made = troubles.answer(ask(part), "A new one is on its way.", member, ASKED)

    assert made.reply_by == ASKED + timedelta(days=7)
    row = troubles.reply(made, False, ASKED + timedelta(days=1))
    assert row.state == "with_us"
    row = troubles.decide(row, False, by=make_user(), reason="It is whole.", at=ASKED)
    assert (row.state, row.refund) == ("refused", None)
    with pytest.raises(troubles.NotOpen):
        troubles.reply(row, True, ASKED)


def test_a_shopper_who_lets_an_answer_rest_is_content():
    part = make_part()
    made = troubles.answer(ask(part), "A new one.", part.brand.memberships.get().user, ASKED)

    assert troubles.run_clocks(made.reply_by - timedelta(seconds=1)) == 0
    assert troubles.run_clocks(made.reply_by) == 1
    made.refresh_from_db()
    assert made.state == "solved"


def test_what_can_be_wrong_depends_on_what_happened():
    part = make_part(sent=False)
    late = PAID + timedelta(days=30)
    assert claims.kinds(part, late - timedelta(seconds=1)) == []
    assert claims.kinds(part, late) == ["not_arrived"]
    assert claims.from_when(part, PAID) == late and not claims.from_when(part, late)

    parcels.ship(part, late)
    part.refresh_from_db()
    assert claims.kinds(part, PAID) == ["damaged", "wrong"]
    parcels.deliver(part, late)
    part.refresh_from_db()
    assert claims.kinds(part, late) == ["not_arrived", "damaged", "wrong"]
    assert claims.kinds(part, late + claims.ASK_WITHIN + timedelta(seconds=1)) == []
    refunds.refund(part.order, at=late)
    assert claims.kinds(BrandOrder.objects.get(pk=part.pk), late) == []


def test_one_at_a_time_and_no_more_than_was_bought():
    part = make_part()
    line = part.lines.first()
    for bad in ({line.pk: 3}, {line.pk: 0}, {line.pk + 999: 1}):
        with pytest.raises(troubles.CannotAsk):
            ask(part, quantities=bad)
    ask(part)
    with pytest.raises(troubles.CannotAsk):
        ask(part)
    assert Trouble.objects.count() == 1


def test_sent_back_and_no_money_is_a_trouble_after_14_days():
    part = make_part()
    line = part.lines.first()
    made = returns.ask(part, {line.pk: 1}, "", PAID + timedelta(days=3))
    at = made.asked_at + timedelta(days=14)
    assert "not_refunded" not in claims.kinds(part, at - timedelta(seconds=1))
    assert "not_refunded" in claims.kinds(part, at)

    row = ask(part, "not_refunded", at=at, quantities={line.pk: 1})
    troubles.give_back(row, make_user(), at)

    made.refresh_from_db()
    assert (made.state, part.order.refunds.get().amount) == (Return.State.REFUNDED, 3450)


def test_a_letter_goes_once_and_waits_for_a_server_that_is_away(settings):
    part = make_part()
    ask(part)
    mailed.write("trouble_asked", Trouble.objects.get().pk, part.order, ASKED)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert postroom.send_waiting(ASKED) == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert len(letters()) == 2
    assert OrderLetter.objects.filter(sent_at=ASKED).count() == 2


# ------------------------------------------------------------------ in a browser


def picture(kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(out, kind)
    out.seek(0)
    out.name = "broken.png"
    return out


@pytest.fixture
def shop():
    """An order whose shopper is signed in, its brand's owner, and a stranger's brand."""
    shopper, owner = Client(), Client()
    buyer = make_user()
    part = make_part(at=datetime(2026, 11, 10, tzinfo=UTC))
    part.order.buyer = buyer
    part.order.save()
    BrandOrder.objects.filter(pk=part.pk).update(delivered_at=datetime(2026, 11, 20, tzinfo=UTC))
    shopper.force_login(buyer)
    owner.force_login(part.brand.memberships.get().user)
    return part, shopper, owner


def test_a_shopper_asks_the_brand_answers_and_both_see_the_clock(shop, time_machine):
    time_machine.move_to(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
    part, shopper, owner = shop
    page = f"/orders/{orders.token(part.order)}/"
    path = f"{page}trouble/{part.pk}/"
    desk = f"/brand/{part.brand.slug}/orders/{part.pk}/"
    lines = {f"line_{line.pk}": line.quantity for line in part.lines.all()}

    assert "Something is wrong" in shopper.get(page).content.decode()
    assert shopper.get(path).status_code == 200
    assert shopper.post(path, {}).status_code == 422
    bad = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    bad.name = "x.png"
    facts = {"kind": "damaged", "words": "The lid is cracked.", **lines}
    assert shopper.post(path, facts | {"picture": bad}).status_code == 422
    assert shopper.post(path, facts | {"picture": picture()})["Location"] == page

    row = Trouble.objects.get()
    text = shopper.get(page).content.decode()
    assert f"{part.brand.name} answers by Monday 30" in text
    text = owner.get(desk).content.decode()
    assert "Answer by Monday 30" in text and "The lid is cracked." in text
    seen = owner.get(f"{desk}troubles/{row.pk}/picture/")
    assert (seen["Content-Type"], seen["Cache-Control"]) == ("image/webp", "no-store, private")
    assert owner.get(f"/brand/{part.brand.slug}/orders/?state=troubles").context["page"].object_list
    assert owner.post(f"{desk}troubles/", {"words": ""}).status_code == 422
    owner.post(f"{desk}troubles/", {"words": "A new lid leaves today."})
    assert "A new lid leaves today." in shopper.get(page).content.decode()
    shopper.post(f"{path}reply/", {"unsolved": "1"})
    row.refresh_from_db()
    assert row.state == "with_us"
    owner.post(f"{desk}troubles/", {"refund": "1"})
    assert "You get" in shopper.get(page).content.decode()
    assert part.order.refunds.count() == 1


def test_a_passed_on_link_only_reads(shop, time_machine):
    time_machine.move_to(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
    part, _shopper, _owner = shop
    page = f"/orders/{orders.token(part.order)}/"
    stranger = Client()
    answer = stranger.post(f"{page}trouble/{part.pk}/", {"kind": "damaged"})
    assert answer["Location"] == f"{page}#addr"
    made = ask(part, at=datetime(2026, 11, 25, 12, tzinfo=UTC))
    stranger.post(f"{page}trouble/{part.pk}/reply/", {"solved": "1"})
    made.refresh_from_db()
    assert made.state == "asked"


def test_an_answer_that_comes_too_late_is_not_lost(shop, time_machine):
    time_machine.move_to(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
    part, _shopper, owner = shop
    made = ask(part, at=datetime(2026, 11, 25, 12, tzinfo=UTC))
    desk = f"/brand/{part.brand.slug}/orders/{part.pk}/troubles/"
    words = "It was whole when it left: here is how we pack."
    time_machine.move_to(made.answer_by, tick=False)
    owner.force_login(part.brand.memberships.get().user)  # days later she signs in again
    for step in (lambda: None, lambda: troubles.run_clocks(made.answer_by),
                 lambda: troubles.reply(made, True, made.answer_by)):  # fmt: skip
        step()
        answer = owner.post(desk, {"words": words})
        assert answer.status_code == 422 and words in answer.content.decode()
    made.refresh_from_db()
    assert (made.state, made.answer) == ("solved", "")
    assert owner.post(desk, {"refund": "1"}).status_code == 302


def test_another_brand_sees_neither_trouble_nor_picture(shop):
    part, _shopper, _owner = shop
    made = ask(part, at=datetime(2026, 11, 25, tzinfo=UTC), picture=picture().read())
    other = make_user()
    brand = make_brand(owner=other)
    client = Client()
    client.force_login(other)
    for slug in (brand.slug, part.brand.slug):
        desk = f"/brand/{slug}/orders/{part.pk}/troubles/"
        assert client.get(f"{desk}{made.pk}/picture/").status_code == 404
        assert client.post(desk, {"refund": "1"}).status_code == 404


def test_an_admin_decides_with_a_reason_and_an_amount():
    made = ask(make_part(), picture=picture().read())
    client = Client()
    sign_in(client, make_user(is_staff=True, is_superuser=True))
    troubles.run_clocks(ANSWER_BY)
    assert "troubles to decide" in client.get("/admin/").content.decode()
    page = client.get("/admin/shop/trouble/?state=with_us").content.decode()
    assert "€83.95" in page
    assert client.get(f"/admin/shop/trouble/{made.pk}/picture/")["Content-Type"] == "image/webp"
    assert client.get(f"/admin/shop/trouble/{made.pk}/change/").status_code == 200
    picked = {"action": "for_shopper", "_selected_action": [made.pk]}

    for wrong in ({"reason": ""}, {"reason": "Yes", "amount": "abc"},
                  {"reason": "Yes", "amount": "99,00"}):  # fmt: skip
        client.post("/admin/shop/trouble/", picked | wrong)
        made.refresh_from_db()
        assert made.state == "with_us"
    client.post("/admin/shop/trouble/", picked | {"reason": "Half of it.", "amount": "40,00"})
    made.refresh_from_db()
    assert (made.state, made.reason, made.refund.amount) == ("refunded", "Half of it.", 4000)


def test_pictures_are_deleted_90_days_after():
    made = ask(make_part(), picture=picture().read())
    troubles.reply(made, True, ASKED)

    assert troubles.forget_pictures(ASKED + timedelta(days=89)) == 0
    assert [troubles.forget_pictures(ASKED + timedelta(days=90)) for _n in "ab"] == [1, 0]
    made.refresh_from_db()
    assert not made.picture
