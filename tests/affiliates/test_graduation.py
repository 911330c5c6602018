"""From pilot to full by time: thirty days, links used in three weeks, and the quiz."""

from datetime import UTC, datetime, timedelta

import pytest

from affiliates import trackrecord
from affiliates.models import Link, LinkDay
from creators import quiz
from tests.affiliates import factories as money
from tests.creators.factories import make_creator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
START = datetime(2026, 9, 7, 9, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


@pytest.fixture
def pilot():
    creator = make_creator(followers=1_240, user=make_user(), at=START)
    assert (creator.status, creator.pilot_since) == ("pilot", START)
    return creator


def use_link(creator, *days: int) -> None:
    """Somebody clicked on a link of hers on these days of the pilot."""
    brand = money.make_brand()
    link = Link.objects.create(
        code=f"gr{creator.pk:08}", creator=creator, collaboration=money.make_collaboration(brand),
        platform="tiktok", destination="/shop/", created_at=START, taken_bp=1200,
    )  # fmt: skip
    LinkDay.objects.bulk_create(
        LinkDay(link=link, day=(START + day * DAY).date(), clicks=2, uniques=2) for day in days
    )


def pass_quiz(creator, at: datetime) -> None:
    right = {
        question.id: question.right for topic in quiz.topics("en") for question in topic.questions
    }
    assert quiz.answer(creator, right, at).passed


def status_after(creator, days: int) -> str:
    """Decide as the night before that day does, and look."""
    trackrecord.redecide(START + days * DAY)
    creator.refresh_from_db()
    return creator.status


def test_thirty_days_three_weeks_and_the_quiz_open_the_full_tier(pilot):
    use_link(pilot, 1, 8, 15)
    pass_quiz(pilot, START + 10 * DAY)
    assert status_after(pilot, 29) == "pilot"

    assert status_after(pilot, 30) == "full"

    checks = {check.rule: check.passed for check in pilot.decision.checks.all()}
    assert checks["full_days"] and checks["full_weeks"] and checks["full_quiz"]
    assert checks["full_followers"] is False


def test_without_the_quiz_she_stays_until_she_passes_it(pilot):
    use_link(pilot, 1, 8, 15)
    assert status_after(pilot, 40) == "pilot"
    missing = {check.rule: check for check in pilot.decision.checks.all()}["full_quiz"]
    assert missing.passed is False and missing.remedy == "full_quiz"

    pass_quiz(pilot, START + 40 * DAY)
    assert status_after(pilot, 41) == "full"


@pytest.mark.parametrize("days", [(1, 2, 3), (1, 8), ()])
def test_fewer_than_three_weeks_are_not_enough(pilot, days):
    use_link(pilot, *days)
    pass_quiz(pilot, START + 10 * DAY)

    assert status_after(pilot, 40) == "pilot"
