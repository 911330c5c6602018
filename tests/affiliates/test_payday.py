"""What a creator is told of her next payout is what the batch will do."""

from datetime import timedelta

import pytest

from affiliates import clock, payday, payouts, settlement
from affiliates.models import Payout
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_commission,
    make_creator,
    make_payable,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


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
    creator = settled()
    friday = clock.friday_from(clock.local_day(NIGHT_OVER))
    at = clock.midnight(friday) + timedelta(hours=3)
    make_payable(creator)
    assert payday.of(creator, "EUR", at).on == friday

    payouts.build(at, friday)

    assert payday.of(creator, "EUR", at).on == friday + timedelta(days=7)


def test_a_new_account_is_used_on_the_friday_after_its_wait():
    creator = settled()
    method = make_payable(creator)
    friday = payday.of(creator, "EUR", NIGHT_OVER).on
    method.usable_from = clock.midnight(friday) + timedelta(hours=1)
    method.save()

    assert payday.of(creator, "EUR", NIGHT_OVER).on == friday + timedelta(days=7)


def test_a_closed_account_is_paid_what_is_left():
    creator = settled(price=3_450)
    make_payable(creator)
    creator.status = "closed"

    assert payday.of(creator, "EUR", NIGHT_OVER).hurdle == ""
