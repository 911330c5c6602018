"""What creators did reaches the directory and enrolment, whatever is killed when."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates import tasks, trackrecord
from affiliates.models import Link, LinkDay, Payout, SettlementRun
from creators import directory
from creators.directory import SalesFacts
from creators.models import Creator, DirectoryEntry
from shop import refunds
from tests.affiliates import factories as money
from tests.creators.factories import make_creator, make_decision, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 1, tzinfo=UTC)  # the night of Thursday is over, pay day has begun


@pytest.fixture
def eager():
    from config.celery import app

    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


def make_link(creator, days, clicks=3):
    """A link of hers that was used on these days."""
    brand = money.make_brand()
    link = Link.objects.create(
        code=f"tr{creator.pk:08}", creator=creator, collaboration=money.make_collaboration(brand),
        platform="tiktok", destination="/shop/", created_at=days[0], taken_bp=1200,
    )  # fmt: skip
    LinkDay.objects.bulk_create(
        LinkDay(link=link, day=day.date(), clicks=clicks, uniques=clicks) for day in days
    )
    return link


def test_facts_are_of_ninety_days_net_of_what_went_back():
    creator, idle = make_creator(), make_creator()
    brand = money.make_brand()
    make_link(creator, [NOW, NOW - timedelta(days=100)])
    sale = money.make_commission(creator, brand, price=12_100, delivered=None)
    refunds.refund(sale.order_line.brand_order.order, at=NOW, amount=2_420)
    money.make_commission(creator, brand, price=1_210, at=NOW - timedelta(days=95), delivered=None)
    money.make_commission(
        creator, money.make_brand(currency="SEK"), price=99_900, at=NOW, delivered=None
    )

    assert trackrecord.facts([creator.pk, idle.pk], NOW) == [
        SalesFacts(creator.pk, 2, 8_000, 3, 2, 2_000),
        SalesFacts(idle.pk, 0, 0, 0, 0),
    ]


def test_a_refresh_takes_the_same_queries_for_one_and_for_five():
    def questions(count):
        for _n in range(count):
            make_creator(followers=1_500)
        DirectoryEntry.objects.update(sales_on=None)
        with CaptureQueriesContext(connection) as captured:
            assert trackrecord.refresh(NOW)
        return len(captured)

    assert questions(1) == questions(4)


def test_a_refresh_that_was_cut_short_is_finished_by_the_next(monkeypatch):
    monkeypatch.setattr(trackrecord, "BATCH", 2)
    for _n in range(5):
        make_creator()
    today = date(2026, 11, 10)

    assert trackrecord.refresh(NOW, seconds=0) is False
    assert len(directory.behind(today, 9)) == 3
    assert trackrecord.refresh(NOW) is True
    assert directory.behind(today, 9) == []


def test_whom_the_night_finds_is_found_once_in_batches(monkeypatch):
    monkeypatch.setattr(trackrecord, "BATCH", 2)
    monkeypatch.setattr(trackrecord, "AHEAD", 4)
    made = sorted(make_creator().pk for _n in range(9))
    DirectoryEntry.objects.update(sales_on=None)
    today = date(2026, 11, 10)

    assert list(trackrecord.batches(today)) == [made[n : n + 2] for n in range(0, 9, 2)]
    DirectoryEntry.objects.filter(pk__in=made[:5]).update(sales_on=today)
    assert list(trackrecord.batches(today)) == [made[5:7], made[7:9]]
    DirectoryEntry.objects.update(sales_on=today)
    assert list(trackrecord.batches(today)) == []


def test_weeks_count_once_and_for_pilots_only():
    pilot = make_creator(followers=1_500)
    full = make_creator(followers=9_000)
    days = [NOW, NOW - timedelta(days=1), NOW - timedelta(days=7), NOW + timedelta(days=9)]
    make_link(pilot, days)
    make_link(full, days)

    assert trackrecord.weeks_with_links(NOW) == {pilot.pk: 2}


@pytest.mark.parametrize("door", ["command", "queue"])
def test_a_night_settles_pays_proves_shows_and_lets_pilots_rise(door, eager):
    joined = FRIDAY - timedelta(days=40)
    pilot = make_creator(followers=1_500, at=joined, user=make_user())
    Creator.objects.filter(pk=pilot.pk).update(quiz_passed_at=joined)
    make_link(pilot, [FRIDAY - timedelta(days=days) for days in (1, 8, 15)])
    grown = make_creator(followers=900, at=joined)
    grown.channels.get().readings.update(followers=1_100)
    money.make_payable(pilot, joined)
    money.make_commission(pilot, price=34_500)
    assert make_decision(creator=make_creator(followers=900)).outcome == "waiting"

    for _twice in range(2):
        if door == "command":
            call_command("settle", as_of=FRIDAY)
        else:
            tasks.settle_nights(FRIDAY.isoformat())

    pilot.refresh_from_db()
    grown.refresh_from_db()
    entry = DirectoryEntry.objects.get(pk=pilot.pk)
    assert (pilot.status, grown.status) == ("full", "pilot")
    assert (entry.orders_90d, entry.sales_90d, entry.clicks_90d) == (1, 28_512, 9)
    assert not SettlementRun.objects.filter(root="").exists()
    assert list(Payout.objects.values_list("creator", "amount")) == [(pilot.pk, 3_421)]


def test_the_clock_rings_for_each_of_them(settings):
    rung = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    needed = {tasks.settle_nights, tasks.redecide, tasks.refresh_directory, tasks.rollup_links}
    assert {task.name for task in needed} <= rung
