"""What samples leave on record, of creators and of brands, and what it is worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliates import sampleclocks, samplerecords, samples
from affiliates.samplerules import Record, State, allowance, silence, until
from affiliates.samplesteps import OutOfOrder
from creators import directory, fitness
from creators.models import DirectoryEntry, SampleRecord
from tests.affiliates.test_samples import DAY, NOW, make_sample
from tests.creators.factories import make_creator

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("state", "why"), [("shipped", "lost"), ("delivered", "defective")])
def test_what_nobody_can_help_is_outside_both_records(state, why):
    row = make_sample(state)

    samples.excuse(row.creator, row.pk, why, NOW, "Crushed")

    brand = row.collaboration.brand_id
    assert samplerecords.of_creator(row.creator, NOW) == Record(0, 0, 1)
    assert samplerecords.of_brands([brand], NOW) == {brand: Record(0, 0, 1)}


def test_a_parcel_that_only_counts_as_arrived_may_still_be_called_lost():
    silent, said = make_sample("shipped"), make_sample("delivered")
    sampleclocks.resolve(until(NOW, 14))

    samples.excuse(silent.creator, silent.pk, "lost", NOW + 20 * DAY)
    with pytest.raises(OutOfOrder):
        samples.excuse(said.creator, said.pk, "lost", NOW)

    assert samplerecords.of_creator(silent.creator, NOW + 20 * DAY) == Record(0, 0, 1)
    brand = silent.collaboration.brand_id
    assert samplerecords.of_brands([brand], NOW + 20 * DAY) == {brand: Record(0, 0, 1)}


@given(kept=st.integers(0, 60), broken=st.integers(0, 60))
def test_a_record_can_always_be_repaired(kept, broken):
    record = Record(kept, broken)
    repaired = Record(kept + record.to_repair, broken)

    assert 1 <= allowance(record) <= 20
    assert allowance(Record(kept + 1, broken)) >= allowance(record)
    assert repaired.share_bp is None or repaired.share_bp >= 8_000
    assert record.lower_bp is None or record.lower_bp <= record.share_bp


def test_a_newcomer_has_no_record_rather_than_a_bad_one():
    assert Record().lower_bp is None
    assert Record(3, 3).lower_bp == 1876
    assert Record(1, 0).lower_bp < Record(40, 1).lower_bp


@given(state=st.sampled_from(State.values), late=st.integers(-3, 3))
def test_silence_does_something_only_where_a_clock_ran_out(state, late):
    step = silence(state, NOW, NOW + late * DAY)

    over = state in {"declined", "closed", "lapsed"}
    assert (step is None) == (over or late < 0)


def test_a_broken_promise_leaves_the_record_after_a_year():
    row = make_sample("delivered")
    end = until(NOW, 14)
    sampleclocks.resolve(end)
    assert SampleRecord.objects.get(creator=row.creator).broken == 1

    samplerecords.expire(end + 366 * DAY)

    record = SampleRecord.objects.get(creator=row.creator)
    assert (record.kept, record.broken, record.lower_bp) == (0, 0, None)


@pytest.mark.parametrize(
    ("kept", "broken", "percent"),
    [(0, 0, None), (3, 0, None), (4, 0, 51), (40, 1, 87), (3, 3, 18)],
)
def test_the_directory_ranks_with_what_a_record_proves(kept, broken, percent):
    creator, record = make_creator(followers=6_000, at=NOW), Record(kept, broken)
    SampleRecord.objects.create(
        creator=creator, kept=kept, broken=broken, lower_bp=record.lower_bp, refreshed_at=NOW
    )

    directory.record([creator.pk], NOW)

    entry = DirectoryEntry.objects.get(creator=creator)
    assert entry.sample_reliability == percent
    assert record.is_ranked == (percent is not None)


def test_a_whole_record_never_stands_below_none():
    none, least = fitness.SAMPLES // 2, Record(fitness.MIN_SAMPLES).lower_bp // 100

    assert least * fitness.SAMPLES // 100 >= none
    assert Record(fitness.MIN_SAMPLES - 1).lower_bp // 100 * fitness.SAMPLES // 100 < none
