"""What a creator is told of her next payout is what the batch will do."""

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone

from affiliates import clock, earnings, mails, payday, payouts, proof, settlement
from affiliates.models import PayDay, Payout
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_brand,
    make_commission,
    make_creator,
    make_payable,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
HOUR = timedelta(hours=1)


def settled(price: int = 20_000):
    """A creator with one sale that has settled."""
    creator = make_creator()
    make_commission(creator, price=price)
    settlement.settle(NIGHT_OVER)
    return creator


def test_nothing_has_cleared():
    next_one = payday.of(make_creator(), "EUR", PAID)

    assert (next_one.hurdle, next_one.amount, next_one.minimum) == ("nothing", 0, 1_000)
    assert next_one.on.weekday() == 4


def test_what_is_foretold_is_paid():
    creator = settled()
    make_payable(creator)

    told = payday.of(creator, "EUR", NIGHT_OVER)
    payouts.build(NIGHT_OVER, clock.local_day(NIGHT_OVER))

    assert (told.hurdle, told.account) == ("", "NL91…4300")
    assert Payout.objects.get(creator=creator).amount == told.amount > 1_000


def test_each_hurdle_is_named_and_keeps_the_batch_away():
    creator = settled()
    assert payday.of(creator, "EUR", NIGHT_OVER).hurdle == "bank"
    method = make_payable(creator)
    method.name_check = "none"
    method.save()
    assert payday.of(creator, "EUR", NIGHT_OVER).hurdle == "name"
    method.name_check = "match"
    method.save()
    creator.tax_profiles.all().delete()
    assert payday.of(creator, "EUR", NIGHT_OVER).hurdle == "tax"

    assert payouts.build(NIGHT_OVER, clock.local_day(NIGHT_OVER)) == []


def test_under_the_minimum_it_waits():
    creator = settled(price=3_450)
    make_payable(creator)

    told = payday.of(creator, "EUR", NIGHT_OVER)

    assert told.hurdle == "small"
    assert 0 < told.amount < told.minimum
    assert payouts.build(NIGHT_OVER, clock.local_day(NIGHT_OVER)) == []


def test_after_todays_batch_the_next_one_is_a_week_later():
    first, second = make_creator(), make_creator()
    for creator in (first, second):
        make_commission(creator, price=20_000)
    settlement.settle(NIGHT_OVER)
    friday = clock.friday_from(clock.local_day(NIGHT_OVER))
    at = clock.midnight(friday) + timedelta(hours=3)
    make_payable(first)
    assert payday.of(first, "EUR", at).on == friday

    payouts.build(at, friday)  # by hand: Friday's own is still to come
    assert payday.of(second, "EUR", at).on == friday
    make_payable(second)
    payouts.build(at, friday, by_night=True)

    assert payday.of(first, "EUR", at).on == friday + timedelta(days=7)


def test_a_new_account_is_used_on_the_friday_after_its_wait():
    creator = settled()
    method = make_payable(creator)
    friday = payday.of(creator, "EUR", NIGHT_OVER).on
    before = NIGHT_OVER - timedelta(days=1)
    method.usable_from = clock.midnight(friday) + timedelta(hours=4)
    method.save()

    for at in (before, NIGHT_OVER):  # Friday's own is built before it may be used
        assert payday.of(creator, "EUR", at).on == friday + timedelta(days=7)


def test_while_a_payout_is_not_confirmed_the_next_one_is_promised_for_after_that(client):
    """One at a time: what cleared since waits for the bank, and no page says that it does not."""
    creator = settled()
    make_payable(creator)
    friday = clock.local_day(NIGHT_OVER)
    (batch,) = payouts.build(NIGHT_OVER, friday, by_night=True)
    make_commission(creator, price=20_000)
    settlement.settle(NIGHT_OVER + timedelta(days=2))
    week_on = NIGHT_OVER + timedelta(days=7)

    told = payday.of(creator, "EUR", NIGHT_OVER + timedelta(days=2))
    assert (told.hurdle, told.on, told.open_on) == ("open", friday + timedelta(days=7), friday)
    assert payouts.build(week_on, by_night=True) == []  # the bank has said nothing
    client.force_login(creator.user)
    for path in ("payouts/", "earnings/", ""):
        page = client.get(f"/creator/{path}").content.decode()
        assert "We send one payout at a time" in page and "Next payout:" not in page
    people = [make_user(is_staff=True), make_user(is_staff=True)]
    payouts.approve(batch, people[0], week_on)
    payouts.export(batch, people[1], week_on)
    payouts.confirm_batch(batch, week_on)

    later = week_on + timedelta(days=1)
    told = payday.of(creator, "EUR", later)
    assert (told.hurdle, told.on) == ("", friday + timedelta(days=14))
    assert payouts.build(told_at(told), by_night=True)[0].payouts.get().amount == told.amount


def told_at(told):
    return clock.midnight(told.on) + HOUR


def test_a_closed_account_is_paid_what_is_left():
    creator = settled(price=3_450)
    make_payable(creator)
    creator.status = "closed"

    assert payday.of(creator, "EUR", NIGHT_OVER).hurdle == ""


# ------------------------------------------------------------------ currencies


@pytest.fixture
def live(settings):
    """A market where SEPA is the only way to creators' accounts."""
    settings.DEMO = False


def earned_in(currency: str, price: int = 345_000):
    creator = make_creator()
    make_commission(creator, make_brand(currency=currency), price=price)
    settlement.settle(NIGHT_OVER)
    make_payable(creator)
    return creator


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("currency", ["JPY", "KWD", "USD"])
def test_what_sepa_does_not_carry_is_promised_by_no_page(client, caplog, currency):
    creator = earned_in(currency)

    told = payday.of(creator, currency, NIGHT_OVER)
    built = payouts.build(NIGHT_OVER, clock.local_day(NIGHT_OVER))

    assert (told.hurdle, built) == ("currency", [])
    assert f"no rail takes {currency}" in caplog.text
    client.force_login(creator.user)
    for path in ("payouts/", "earnings/", ""):
        page = client.get(f"/creator/{path}").content.decode()
        assert "pays on Fridays" not in page and "Next payout" not in page
        assert "cannot be paid out yet" in page or f"cannot pay out {currency}" in page
    assert [row.pays_on for row in earnings.forecast(creator, PAID)] == []


@pytest.mark.usefixtures("live")
def test_each_purse_has_its_own_line(client):
    creator = earned_in("JPY")
    make_commission(creator, price=20_000)
    settlement.settle(NIGHT_OVER + timedelta(days=1))
    client.force_login(creator.user)

    page = client.get("/creator/payouts/").content.decode()

    assert "cannot pay out JPY" in page
    assert "Next payout" in page and "€" in page
    told = payday.of_all(creator, ["JPY", "EUR"], NIGHT_OVER)
    assert [(one.currency, one.hurdle) for one in told] == [("JPY", "currency"), ("EUR", "")]


def test_in_a_demo_another_rail_takes_what_sepa_does_not():
    creator = earned_in("JPY")

    told = payday.of(creator, "JPY", NIGHT_OVER)
    (batch,) = payouts.build(NIGHT_OVER, clock.local_day(NIGHT_OVER))

    assert (told.hurdle, told.minimum) == ("", 10)
    assert (batch.rail, batch.currency, batch.payouts.get().rail) == ("fake", "JPY", "fake")


@pytest.mark.usefixtures("live")
def test_a_new_brand_chooses_a_currency_that_creators_are_paid_in(client):
    owner = make_user()
    client.force_login(owner)

    page = client.get("/brands/join/")

    assert [code for code, _name in page.context["form"].fields["currency"].choices] == ["EUR"]
    sent = client.post("/brands/join/", {"currency": "JPY"})
    assert "currency" in sent.context["form"].errors


@pytest.mark.usefixtures("live")
def test_a_brand_of_another_currency_is_told(client):
    for currency, is_told in (("JPY", True), ("EUR", False)):
        brand = make_brand(currency=currency)
        owner = make_user()
        brand.memberships.create(user=owner, role="owner")
        client.force_login(owner)
        for path in ("", "collaborations/", "collaborations/new/", "balance/"):
            page = client.get(f"/brand/{brand.slug}/{path}").content.decode()
            assert (f"cannot be paid in {currency}" in page) == is_told, path


# ------------------------------------------------------------------ once a year


def test_on_one_friday_a_year_small_balances_go_out(client):
    creator = settled(price=3_450)
    make_payable(creator)
    small = clock.small_friday_from(clock.local_day(NIGHT_OVER))
    assert (small, small.weekday()) == (date(2026, 12, 4), 4)
    week_before = clock.midnight(small - timedelta(days=7)) + timedelta(hours=4)
    on_the_day = clock.midnight(small) + timedelta(hours=4)
    assert payouts.build(week_before, small - timedelta(days=7)) == []
    told = payday.of(creator, "EUR", week_before)
    assert (told.hurdle, told.small_on) == ("small", small)

    told = payday.of(creator, "EUR", on_the_day)
    (batch,) = payouts.build(on_the_day, small)

    assert (told.hurdle, told.on, told.minimum) == ("", small, 1)
    assert batch.payouts.get().amount == told.amount == 342


def test_small_balances_go_out_with_a_batch_that_is_a_day_late():
    make_payable(settled(price=3_450))
    saturday = date(2026, 12, 5)

    (batch,) = payouts.build(clock.midnight(saturday), saturday, by_night=True)

    assert batch.payouts.get().amount == 342
    assert [clock.in_small_week(date(2026, 12, day)) for day in (3, 4, 10, 11)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("year", range(2026, 2034))
def test_there_is_exactly_one_such_friday_in_a_year(year):
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [day for day in days if clock.is_small_friday(day)] == [
        clock.small_friday_from(date(year, 1, 1))
    ]


# ------------------------------------------------------------------ the letter of the night


@pytest.mark.parametrize(
    ("price", "night", "says", "is_silent_of"),
    [
        (20_000, date(2026, 11, 19), "is on its way", "The next payout"),  # it is in the batch
        (20_000, date(2026, 11, 20), "27 November", "from €10"),  # a Friday: a week later
        (3_450, date(2026, 11, 20), "from €10", "The next payout is on"),
    ],
)
def test_the_letter_says_the_friday_on_which_it_goes_out(
    mailoutbox, price, night, says, is_silent_of
):
    creator = make_creator()
    make_payable(creator)
    make_commission(
        creator, price=price, delivered=clock.midnight(night - timedelta(days=15)) + HOUR
    )
    at = clock.midnight(night + timedelta(days=1)) + HOUR
    settlement.settle(at)
    if night.weekday() == 4:  # what was due by then went out that morning
        PayDay.objects.create(friday=night, built_at=at)
    if night.weekday() == 3:
        payouts.build(at, clock.local_day(at), by_night=True)

    mails.settlement(night, at)

    (letter,) = mailoutbox
    html = letter.alternatives[0][0]
    for body in (letter.body, html):
        assert says in body.replace("\u00a0", "") and is_silent_of not in body


# ------------------------------------------------------------------ statements


def test_statements_with_proofs_of_earlier_months_are_linked(client, time_machine):
    creator = settled()
    posted = clock.local_day(timezone.now()).replace(day=1)  # entries have the database's clock
    time_machine.move_to(clock.midnight(posted + timedelta(days=70)) + HOUR, tick=False)
    client.force_login(creator.user)

    page = client.get("/creator/payouts/").content.decode()

    linked = re.findall(r"statement\.json\?month=([0-9-]+)", page)
    after = (posted + timedelta(days=31)).replace(day=1)
    assert linked == [f"{after:%Y-%m}", f"{posted:%Y-%m}"]
    proof.publish()
    told = client.get("/creator/payouts/statement.json?month=2026-11").json()
    assert told["totals"] == {"EUR": 1983}
