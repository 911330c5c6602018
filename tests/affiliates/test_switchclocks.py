"""Clocks while a platform is off: moved by exactly the outage, once, and put back exactly."""

from datetime import timedelta

import pytest

from affiliates import sampleclocks, samples, switchclocks, switchwork
from affiliates.models import Link, SampleRequest, SwitchChange
from creators import enrolment
from creators.models import Creator
from tests.affiliates.factories import make_collaboration, make_variant
from tests.affiliates.switching import DAY, agree, end, propose, switch_off
from tests.affiliates.test_exposure import link_on
from tests.affiliates.test_samples import NOW, make_market, make_sample
from tests.creators.factories import make_creator

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def market():
    """A creator and a brand of samples; a pilot; a link each, promised for 20 days."""
    creator, brand, variant = make_market()
    make_sample("delivered", (creator, brand, variant))
    pilot = make_creator(followers=1_200, at=NOW)
    assert pilot.status == "pilot"
    for one in (creator, pilot):
        link_on("tiktok", one, brand)
    Link.objects.update(rate_locked_until=NOW + 20 * DAY, created_at=NOW - DAY)
    return creator, brand, pilot


def clocks() -> list:
    """Return every clock there is, in one order."""
    return [
        *SampleRequest.objects.order_by("pk").values_list("act_by", flat=True),
        *Link.objects.filter(platform="tiktok")
        .order_by("pk")
        .values_list("rate_locked_until", flat=True),
        *Creator.objects.filter(status="pilot")
        .order_by("pk")
        .values_list("pilot_since", flat=True),
    ]


def shifts(before) -> set:
    return {now - then for then, now in zip(before, clocks(), strict=True)}


def test_an_outage_of_known_length_moves_every_clock_by_it_once(market):
    before, length = clocks(), 3 * DAY + 5 * HOUR
    row = switch_off(NOW, until=NOW + length)
    assert shifts(before) == {length}
    for hours in (1, 2, 100, 200):
        switchwork.run(NOW + hours * HOUR)

    assert shifts(before) == {length}
    log = SwitchChange.objects.exclude(kind="page_links")
    assert {(one.act, one.new_value - one.old_value, one.shift) for one in log} == {
        ("moved", length, length)
    }
    assert (log.count(), {one.kind for one in log}) == (4, {"sample", "pilot", "rate_lock"})
    row.refresh_from_db()
    assert row.worked == "back"


def test_an_outage_of_unknown_length_ends_with_exactly_its_length(market):
    before = clocks()
    row = switch_off(NOW)
    assert shifts(before) == {28 * DAY}  # ahead of what nobody knows
    switchwork.run(NOW + 20 * DAY)
    assert shifts(before) == {56 * DAY}

    end(row, NOW + 25 * DAY, moment=NOW + 24 * DAY + HOUR)

    assert shifts(before) == {24 * DAY + HOUR}
    switchwork.run(NOW + 90 * DAY)
    assert shifts(before) == {24 * DAY + HOUR}


def test_a_switch_withdrawn_as_an_error_restores_every_row(market):
    before = clocks()
    row = switch_off(NOW)
    switchwork.run(NOW + 20 * DAY)

    end(row, NOW + 21 * DAY, "withdraw")

    assert clocks() == before
    acts = SwitchChange.objects.exclude(kind="page_links").values_list("act", flat=True)
    assert sorted(acts) == ["moved"] * 8 + ["restored"] * 4
    switchwork.run(NOW + 22 * DAY)
    assert clocks() == before


def test_what_went_on_meanwhile_is_left_and_named(market):
    creator, _brand, pilot = market
    sample = SampleRequest.objects.get()
    row = switch_off(NOW)
    samples.excuse(creator, sample.pk, "defective", NOW + DAY)
    Creator.objects.filter(pk=pilot.pk).update(status="full")
    moved = Creator.objects.get(pk=pilot.pk).pilot_since

    end(row, NOW + 2 * DAY, "withdraw")

    left = SwitchChange.objects.filter(act="left").values_list("kind", "object_id")
    assert set(left) == {("sample", sample.pk), ("pilot", pilot.pk)}
    assert Creator.objects.get(pk=pilot.pk).pilot_since == moved
    hers = Link.objects.filter(platform="tiktok")
    assert set(hers.values_list("rate_locked_until", flat=True)) == {NOW + 20 * DAY}


def test_a_clock_that_began_during_it_moves_by_the_rest_of_it(market):
    creator, brand, _pilot = market
    row = switch_off(NOW + HOUR, until=NOW + 11 * DAY)
    wish = samples.Wish(make_variant(brand), "video", {"name": "N"}, channel=creator.channels.get())
    born = NOW + 5 * DAY
    new = samples.ask(creator, wish, born)
    usual = new.act_by
    switchwork.run(born + HOUR)
    new.refresh_from_db()
    assert new.act_by - usual == 6 * DAY

    samples.answer(brand, new.pk, True, born + DAY)  # the next clock begins
    usual = SampleRequest.objects.get(pk=new.pk).act_by
    switchwork.run(NOW + 12 * DAY)
    new.refresh_from_db()
    assert new.act_by - usual == 5 * DAY
    row.refresh_from_db()
    assert row.worked == "back"


def test_a_sample_that_is_extended_keeps_the_outage_and_the_extension(market):
    creator, _brand, _pilot = market
    sample = SampleRequest.objects.get()
    usual = sample.act_by
    row = switch_off(NOW)
    samples.extend(creator, sample.pk, NOW + DAY)

    end(row, NOW + 2 * DAY)

    sample.refresh_from_db()
    assert sample.act_by == usual + 7 * DAY + 2 * DAY


def test_only_the_country_and_the_platform_that_are_off_stand_still(market):
    before = clocks()
    switch_off(NOW, country="BE")
    switch_off(NOW, platform="instagram")
    assert clocks() == before


def test_clocks_that_had_run_out_before_are_not_moved(market):
    Link.objects.update(rate_locked_until=NOW - HOUR)
    switch_off(NOW)
    assert not SwitchChange.objects.filter(kind="rate_lock").exists()


def test_beat_that_was_down_catches_up_and_nobody_lapses_meanwhile(market):
    """It went off and came back while nothing ran; the clocks of samples run before the switch's."""
    sample, before = SampleRequest.objects.get(), clocks()
    agree(propose(NOW, start=NOW + DAY, until=NOW + 20 * DAY), NOW)
    late = NOW + 21 * DAY  # its own day was 14 days after NOW

    assert sampleclocks.resolve(late) == 0
    switchwork.run(late)

    assert shifts(before) == {19 * DAY}
    assert sampleclocks.resolve(late) == 0
    sample.refresh_from_db()
    assert sampleclocks.resolve(sample.act_by) == 1


def test_a_call_that_is_killed_is_finished_by_the_next(market, monkeypatch):
    creator, brand, _pilot = market
    for _n in range(5):
        link_on("tiktok", creator, brand, make_variant(brand).product)
    Link.objects.update(rate_locked_until=NOW + 20 * DAY, created_at=NOW - DAY)
    before, real, calls = clocks(), switchclocks._batch, []

    def dies(*arguments):
        calls.append(1)
        if len(calls) in {2, 4}:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(switchclocks, "BATCH", 2)
    row = agree(propose(NOW, until=NOW + 9 * DAY), NOW)
    assert switchwork.run(NOW, seconds=0) == switchclocks.move(row, row.off_until, NOW, ends=0) == 0
    monkeypatch.setattr(switchclocks, "_batch", dies)
    for _n in range(2):
        with pytest.raises(KeyboardInterrupt):
            switchwork.run(NOW)
        row.refresh_from_db()
        assert row.worked == ""
    switchwork.run(NOW)

    assert shifts(before) == {9 * DAY}
    assert SwitchChange.objects.exclude(kind="page_links").count() == len(before)


def test_a_pilot_whose_clock_stands_still_has_not_been_in_for_less_than_no_day(market):
    _creator, _brand, pilot = market
    switch_off(NOW)
    pilot.refresh_from_db()
    days = [
        check.measured
        for check in enrolment.judge(pilot, NOW + DAY).checks
        if check.rule == "full_days"
    ]
    assert days == [0]


def test_the_count_before_is_what_moves(market):
    make_collaboration(market[1])
    row = propose(NOW)
    told = row.rehearsal["clocks"]
    agree(row, NOW)
    switchwork.run(NOW)

    moved = SwitchChange.objects.filter(act="moved")
    assert told == {kind: moved.filter(kind=kind).count() for kind in told}
    assert told == {"sample": 1, "rate_lock": 2, "pilot": 1}
