"""Decisions as they are stored: status only with one, fixed once made, repeated every night."""

import random
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from creators import enrolment, policy, rulebook
from creators.models import Case, Creator, Decision, DecisionCheck, EnrolmentPolicy
from tests.creators.factories import NOW, make_channel, make_creator, make_policy, make_user

pytestmark = pytest.mark.django_db


def test_the_history_of_the_rules_ships_as_data():
    rows = EnrolmentPolicy.objects.order_by("effective_from").values_list(
        "min_followers", "full_followers"
    )
    assert list(rows) == [(5_000, 5_000), (1_000, 5_000)]
    old = policy.in_force(
        [rulebook.rule_of(row) for row in EnrolmentPolicy.objects.all()],
        "tiktok", "NL", NOW.replace(year=2024, month=5, day=21),
    )  # fmt: skip
    assert old.min_followers == 5_000


@pytest.mark.parametrize(
    ("followers", "status"),
    [(999, "waiting"), (1_000, "pilot"), (4_999, "pilot"), (5_000, "full")],
)
def test_a_decision_sets_the_status_and_keeps_its_checks(followers, status):
    creator = make_creator(followers=followers)
    decision = creator.decisions.get()

    creator.refresh_from_db()
    assert (creator.status, creator.decision, decision.outcome) == (status, decision, status)
    followers_check = decision.checks.get(rule="followers")
    assert (followers_check.needed, followers_check.measured) == ("1000", str(followers))
    assert decision.policy.min_followers == 1_000


def test_a_stored_decision_replays_to_its_hash():
    decision = make_creator(followers=1_234).decision
    decision.refresh_from_db()

    again = policy.replay(decision.facts)
    assert (again.sha256, str(again.outcome)) == (decision.sha256, "pilot")


@pytest.mark.parametrize("status", ["waiting", "pilot", "full", "declined"])
def test_no_status_without_a_decision(status):
    creator = make_creator()
    with pytest.raises(DatabaseError), transaction.atomic():
        Creator.objects.filter(pk=creator.pk).update(status=status)


def test_a_published_policy_cannot_be_changed_or_deleted():
    row = make_policy(min_followers=1_500)
    for change in (
        lambda: EnrolmentPolicy.objects.filter(pk=row.pk).update(min_followers=1),
        lambda: EnrolmentPolicy.objects.filter(pk=row.pk).update(published_at=None),
        lambda: EnrolmentPolicy.objects.filter(pk=row.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="is published"), transaction.atomic():
            change()
    draft = make_policy(published=False, min_followers=1_600)
    EnrolmentPolicy.objects.filter(pk=draft.pk).update(min_followers=1_700)
    draft.delete()


def test_a_decision_cannot_be_changed_or_deleted():
    decision = make_creator(followers=1_234).decision
    for rows in (Decision.objects.all(), DecisionCheck.objects.all()):
        with pytest.raises(DatabaseError, match="decide again"), transaction.atomic():
            connection.cursor().execute(f"DELETE FROM {rows.model._meta.db_table}")
    with pytest.raises(DatabaseError, match="decide again"), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(outcome="full")


def test_the_night_lets_those_in_who_have_enough_and_nobody_twice():
    waiting = make_creator(followers=900)
    make_creator(followers=901)
    make_channel(creator=waiting, platform="youtube", followers=1_100)

    tonight = NOW + timedelta(days=1)
    assert enrolment.redecide_waiting(tonight) == [waiting.pk]
    assert enrolment.redecide_waiting(tonight) == []
    waiting.refresh_from_db()
    assert (waiting.status, waiting.pilot_since) == ("pilot", tonight)
    assert waiting.directoryentry.is_listed
    assert Decision.objects.count() == 3  # the other one's stays as it was


def test_the_night_asks_the_same_number_of_questions_for_one_and_for_many(
    django_assert_num_queries,
):
    from django.test.utils import CaptureQueriesContext

    def questions(count):
        for _ in range(count):
            creator = make_creator(followers=900)
            make_channel(creator=creator, platform="youtube", followers=1_100)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert len(enrolment.redecide_waiting(NOW + timedelta(days=1))) == count
        return len(captured)

    assert questions(1) == questions(5)


def test_a_new_rule_lets_in_who_waited():
    creator = make_creator(followers=700)
    make_policy(min_followers=500, effective_from=NOW + timedelta(hours=1))

    assert enrolment.redecide_waiting(NOW) == []
    assert enrolment.redecide_waiting(NOW + timedelta(hours=2)) == [creator.pk]


def test_a_pilot_graduates_after_a_clean_active_month_with_the_quiz():
    creator = make_creator(followers=1_500, at=NOW - timedelta(days=31))
    Creator.objects.filter(pk=creator.pk).update(quiz_passed_at=NOW)

    assert enrolment.redecide_pilots(NOW, {creator.pk: 2}) == []
    assert enrolment.redecide_pilots(NOW, {creator.pk: 3}) == [creator.pk]
    creator.refresh_from_db()
    assert creator.status == "full"


def test_points_keep_a_pilot_from_graduating_until_they_expire():
    creator = make_creator(followers=1_500, at=NOW - timedelta(days=40))
    Creator.objects.filter(pk=creator.pk).update(quiz_passed_at=NOW)
    Case.objects.create(
        creator=creator, kind="violation", state="upheld", reason="no ad label", points=2,
        opened_at=NOW, decided_at=NOW, points_expire_on=(NOW + timedelta(days=90)).date(),
    )  # fmt: skip

    assert enrolment.redecide_pilots(NOW, {creator.pk: 5}) == []
    assert enrolment.redecide_pilots(NOW + timedelta(days=91), {creator.pk: 5}) == [creator.pk]


def test_a_suspended_creator_is_left_to_her_case():
    creator = make_creator(followers=1_500)
    case = Case.objects.create(creator=creator, kind="violation", reason="x", opened_at=NOW)
    Creator.objects.filter(pk=creator.pk).update(status="suspended", case=case)

    with pytest.raises(enrolment.NotDecidable):
        enrolment.apply_decision(creator, NOW)


def test_an_admin_decides_by_hand_with_a_reason():
    creator, staff = make_creator(followers=900), make_user(is_staff=True)
    with pytest.raises(ValueError):
        enrolment.decide_by_hand(creator, "pilot", by=staff, reason=" ", at=NOW)

    decision = enrolment.decide_by_hand(creator, "pilot", by=staff, reason="Local paper", at=NOW)

    creator.refresh_from_db()
    assert (creator.status, decision.decided_by, decision.reason) == ("pilot", staff, "Local paper")
    assert policy.replay(decision.facts).outcome == "waiting"


def test_publishing_is_for_a_date_to_come():
    staff = make_user(is_staff=True)
    row = make_policy(published=False, effective_from=NOW - timedelta(days=1))
    with pytest.raises(rulebook.NotPublishable):
        rulebook.publish(row, by=staff, at=NOW)
    EnrolmentPolicy.objects.filter(pk=row.pk).update(effective_from=NOW + timedelta(days=1))

    rulebook.publish(row, by=staff, at=NOW)
    with pytest.raises(rulebook.NotPublishable):
        rulebook.publish(row, by=staff, at=NOW)


def test_the_auditor_sees_creators():
    waiting = make_creator(followers=900, user=make_user(email="noor@example.com"))
    make_channel(creator=waiting, platform="youtube", followers=None)
    make_channel(creator=waiting, platform="facebook", followers=9_999, disconnected_at=NOW)
    draft = make_creator()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit.creators ORDER BY creator_id")
        columns = [column.name for column in cursor.description]
        rows = cursor.fetchall()

    assert columns == [
        "creator_id", "user_id", "handle", "status", "followers_max", "decision_id",
        "decision_outcome", "erased_at", "display_name", "email",
    ]  # fmt: skip
    assert rows == [
        (waiting.pk, waiting.user_id, waiting.handle, "waiting", 900, waiting.decision_id,
         "waiting", None, waiting.display_name, "noor@example.com"),
        (draft.pk, None, draft.handle, "draft", 0, None, None, None, draft.display_name, None),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_every_stored_decision_replays_to_its_hash_whatever_happened(seed):
    chance = random.Random(seed)
    at = NOW
    people = [make_creator(followers=chance.randrange(300, 7_000)) for _ in range(8)]
    for _night in range(5):
        at += timedelta(days=chance.randrange(1, 12))
        one = chance.choice(people)
        make_channel(creator=one, platform="youtube", followers=chance.randrange(9_000), at=at)
        if chance.random() < 0.5:
            make_policy(min_followers=chance.randrange(400, 3_000), effective_from=at)
        enrolment.redecide_waiting(at)
        enrolment.redecide_pilots(at, {person.pk: chance.randrange(5) for person in people})

    stored = list(Decision.objects.all())
    assert len(stored) > len(people)
    for decision in stored:
        again = policy.replay(decision.facts)
        assert (again.sha256, again.outcome) == (decision.sha256, decision.outcome)


@pytest.mark.parametrize(
    ("followers", "outcome"),
    [(999, "waiting"), (1_000, "pilot"), (4_999, "pilot"), (5_000, "full")],
)
def test_the_boundaries_hold_from_reading_to_status(followers, outcome):
    assert make_creator(followers=followers).status == outcome
