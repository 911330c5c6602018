"""What the night finds in clicks and in what goes back, and whose commissions it holds."""

from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import clickwatch, clock, fraud, holds, night
from affiliates.models import Click, ClickFinding, ClickScan, RiskFlag
from tests.affiliates.clicking import (
    CLICKED,
    DAY,
    SOON,
    burst,
    click,
    everyday,
    make_link,
    sold,
    state,
)
from tests.affiliates.factories import (
    NIGHT_OVER,
    make_brand,
    make_commission,
    make_creator,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_a_burst_holds_what_that_link_sold_in_that_hour_and_nothing_else():
    everyday()
    creator = make_creator()
    link, other = make_link(creator), make_link(creator)
    first = burst(link)[0]
    innocent = click(other, CLICKED, 77, 1)
    later = click(link, CLICKED + timedelta(hours=3), 78, 2)
    Click.objects.bulk_create([innocent, later])
    sales = sold(link, first), sold(other, innocent), sold(link, later)

    seen = clickwatch.run(SOON)

    assert (seen.findings, seen.held) == (1, 1)
    assert state(*sales) == ["held", "pending", "pending"]
    flag = RiskFlag.objects.get()
    assert (flag.rule, flag.creator, flag.subject) == (
        "click_burst",
        creator,
        f"link:{link.pk}",
    )
    assert flag.evidence["version"] == fraud.VERSION
    assert flag.evidence["measured"] == {"clicks": 90, "people": 3, "each": 30.0}
    assert flag.evidence["usual"] == {"each": 1.0, "links": 4}


def test_twice_changes_nothing_and_what_was_let_go_stays_so():
    link = make_link()
    sale = sold(link, burst(link)[0])
    clickwatch.run(SOON)
    again = clickwatch.run(SOON)
    assert (again.days, again.findings, again.held) == (0, 0, 0)
    admin = make_user(is_staff=True)
    holds.decide_flag(RiskFlag.objects.get(), False, by=admin, reason="Her class.", at=SOON)
    clickwatch.run(SOON + DAY)
    assert (state(sale), RiskFlag.objects.count()) == (["pending"], 1)


def test_a_sale_that_comes_weeks_after_such_a_click_is_held_too():
    link = make_link()
    seen = burst(link)[1]
    assert clickwatch.run(SOON).held == 0
    assert RiskFlag.objects.count() == 0  # nothing to decide yet
    sale = sold(link, seen)
    assert clickwatch.run(SOON + 20 * DAY).held == 1
    assert state(sale) == ["held"]


def test_after_a_confirmed_flag_new_sales_of_it_open_the_next():
    link = make_link()
    seen = burst(link)
    sold(link, seen[0])
    clickwatch.run(SOON)
    admin = make_user(is_staff=True)
    holds.decide_flag(RiskFlag.objects.get(), True, by=admin, reason="A script.", at=SOON)
    sale = sold(link, seen[1])
    clickwatch.run(SOON + DAY)
    assert state(sale) == ["held"]
    assert sorted(RiskFlag.objects.values_list("state", flat=True)) == ["confirmed", "open"]


def test_a_post_that_goes_round_holds_nothing():
    link = make_link()
    seen = burst(link, people=60, clicks=600)
    sale = sold(link, seen[0])
    assert clickwatch.run(SOON).findings == 0
    assert state(sale) == ["pending"]


def test_one_visitor_through_many_links_holds_what_she_bought():
    everyday()
    shelf = [make_link() for _ in range(24)]
    robot = [
        click(link, CLICKED + timedelta(seconds=2 * n), 5_000, 500 + n)
        for n, link in enumerate(shelf)
    ]
    person = click(shelf[0], CLICKED + timedelta(seconds=5), 6_000, 900)
    Click.objects.bulk_create([*robot, person])
    sales = sold(shelf[0], robot[0]), sold(shelf[0], person)

    clickwatch.run(SOON)

    assert state(*sales) == ["held", "pending"]
    assert RiskFlag.objects.get().evidence["measured"] == {
        "links": 24, "creators": 24, "seconds": 2.0
    }  # fmt: skip


def test_advertised_links_hold_what_the_advertisement_sold():
    everyday()
    link = make_link()
    rows = [
        click(link, CLICKED + timedelta(minutes=n), n, 500 + n, paid="google" if n < 15 else "")
        for n in range(20)
    ]
    Click.objects.bulk_create(rows)
    sales = sold(link, rows[0]), sold(link, rows[19])
    clickwatch.run(SOON)
    assert state(*sales) == ["held", "pending"]
    assert RiskFlag.objects.get().evidence["measured"] == {
        "people": 20, "paid": 15, "networks": ["google"]
    }  # fmt: skip


def test_days_that_were_missed_are_looked_through_once():
    assert clickwatch.run(SOON).days == clickwatch.DAYS_BACK
    assert clickwatch.run(SOON + 2 * DAY).days == 2
    assert ClickScan.objects.count() == clickwatch.DAYS_BACK + 2


def test_a_day_whose_clicks_still_wait_is_left_for_later():
    from affiliates import linkcache

    now = timezone.now()
    linkcache.client().xadd("clicks", {"d": b"x"}, id=f"{int((now - DAY).timestamp() * 1000)}-0")
    today = clock.local_day(now)
    assert max(clickwatch.days_to_see(now)) < today - DAY
    linkcache.client().delete("clicks")
    assert max(clickwatch.days_to_see(now)) == today - DAY


def test_sales_that_go_back_after_the_night_hold_what_is_pending_there():
    from shop import refunds

    creator, brand, admin = make_creator(), make_brand(), make_user(is_staff=True)
    done = [make_commission(creator, brand) for _ in range(6)]
    elsewhere = make_commission(creator, at=NIGHT_OVER, delivered=None)
    night.run(NIGHT_OVER)
    assert state(*done) == ["settled"] * 6
    for sale in done[:5]:
        refunds.refund(sale.order_line.brand_order.order, at=NIGHT_OVER + DAY)
    fresh = make_commission(creator, brand, at=NIGHT_OVER + DAY, delivered=None)

    clickwatch.run(NIGHT_OVER + 2 * DAY)

    assert state(fresh, elsewhere) == ["held", "pending"]
    flag = RiskFlag.objects.get()
    assert flag.evidence["measured"] == {"settled": 6, "back": 5}
    holds.decide_flag(flag, False, by=admin, reason="A bad batch.", at=NIGHT_OVER + 2 * DAY)
    clickwatch.run(NIGHT_OVER + 3 * DAY)
    assert state(fresh) == ["pending"]


def test_the_night_itself_looks_through_the_clicks():
    link = make_link()
    sale = sold(link, burst(link)[0])
    assert night.run(SOON).seen.held == 1
    assert (state(sale), ClickFinding.objects.count()) == (["held"], 1)
