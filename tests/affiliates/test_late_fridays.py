"""Each Friday has its own batches once; who was away from Thursday to Saturday pays late, once."""

from datetime import date, timedelta

import pytest

from affiliates import books, clock, invariants, night, payday, payouts, settlement, tasks
from affiliates.models import PayDay, Payout, PayoutBatch
from config.celery import app
from tests.affiliates.factories import make_commission, make_creator, make_payable
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRIDAY = date(2026, 11, 20)
WEEK = timedelta(days=7)


@pytest.fixture
def eager():
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


def due(price: int = 34_500):
    """A creator with a sale that is due in Thursday's night, and who can be paid."""
    creator = make_creator()
    make_payable(creator)
    make_commission(creator, price=price)
    return creator


def morning(day: date):
    return clock.midnight(day) + 9 * HOUR


@pytest.mark.parametrize("away", [1, 2, 5])
def test_a_week_in_which_nobody_worked_on_friday_is_paid_at_the_next_chance(away):
    creator = due()
    night.run(clock.midnight(FRIDAY - DAY) + HOUR)  # the last call before
    back = morning(FRIDAY + away * DAY)
    assert payday.of(creator, "EUR", back).on == FRIDAY + away * DAY

    done = night.run(back)

    batch = PayoutBatch.objects.get()
    assert (done.payouts, batch.pay_on, batch.by_night) == (1, FRIDAY + away * DAY, True)
    assert [night.run(back + n * HOUR).payouts for n in range(1, 4)] == [0, 0, 0]
    assert payday.of(creator, "EUR", back).on == FRIDAY + WEEK
    assert PayDay.objects.first().friday == FRIDAY


def test_nights_that_many_workers_settle_shard_by_shard_are_paid_after_the_last(eager):
    """The night of Thursday ends while Friday's is still open: the batch waits for that, not a week."""
    for _n in range(tasks.FEW + 2):
        due()
    night.run(clock.midnight(FRIDAY - DAY) + HOUR)

    tasks.settle_nights(morning(FRIDAY + 2 * DAY).isoformat())

    assert settlement.open_nights(FRIDAY + DAY) == []
    assert PayoutBatch.objects.get().payouts.count() == tasks.FEW + 2


def test_books_that_are_mended_after_friday_are_paid_then(books_may_break, monkeypatch):
    due()
    monkeypatch.setitem(invariants.INVARIANTS, "never", "SELECT 7")
    assert night.run(morning(FRIDAY)).payouts == 0
    saturday = morning(FRIDAY + DAY)
    assert night.run(saturday).payouts == 0
    monkeypatch.delitem(invariants.INVARIANTS, "never")

    assert night.run(saturday + HOUR / 4).offences == {}  # not looked at again so soon
    books.check(saturday + HOUR / 2)  # an admin asks for it
    assert [night.run(saturday + n * HOUR).payouts for n in (1, 2)] == [1, 0]


def test_a_friday_on_which_nobody_could_be_paid_is_over_too():
    due(price=500)  # below the minimum
    assert night.run(morning(FRIDAY)).payouts == 0
    make_payable_late = due()
    settlement.settle(morning(FRIDAY + DAY))

    assert night.run(morning(FRIDAY + 2 * DAY)).payouts == 0
    assert payday.of(make_payable_late, "EUR", morning(FRIDAY + 2 * DAY)).on == FRIDAY + WEEK
    assert night.run(morning(FRIDAY + WEEK)).payouts == 1


def test_a_market_that_begins_in_the_middle_of_a_week_has_missed_nothing():
    creator = make_creator()
    make_payable(creator)
    sunday = FRIDAY + 2 * DAY
    make_commission(creator, price=34_500, at=clock.midnight(sunday), delivered=None)

    night.run(morning(sunday + DAY))

    assert not PayoutBatch.objects.exists()
    assert payouts.due_friday(morning(sunday + DAY)) is None
    assert payouts.due_friday(morning(FRIDAY + WEEK)) == FRIDAY + WEEK


def test_a_clock_that_jumps_back_builds_no_friday_again():
    due()
    night.run(morning(FRIDAY + WEEK))
    due()
    settlement.settle(morning(FRIDAY + 9 * DAY))

    for back in (HOUR, 2 * DAY, 8 * DAY, 400 * DAY):
        assert payouts.due_friday(morning(FRIDAY + WEEK) - back) is None
    assert payouts.build(morning(FRIDAY), FRIDAY, by_night=True) == []
    assert Payout.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_late_batch_is_built_once_by_many_calls_at_once():
    for _n in range(3):
        due()
    settlement.settle(morning(FRIDAY + DAY))
    saturday = morning(FRIDAY + DAY)

    found = at_once(*[lambda: payouts.build(saturday, FRIDAY + DAY, by_night=True)] * 4)

    assert sorted(map(len, found)) == [0, 0, 0, 1]
    assert (Payout.objects.count(), PayDay.objects.count()) == (3, 1)
