"""The quiz on advertising rules: what passes, how often one may try, what it opens."""

from datetime import timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from creators import quiz
from creators.models import Creator, QuizAttempt
from tests.creators.factories import NOW, make_creator, make_user

TOPICS = quiz.topics("en")
RIGHT = {question.id: question.right for topic in TOPICS for question in topic.questions}


def with_wrong(*ids: str) -> dict[str, int]:
    return RIGHT | {name: (RIGHT[name] + 1) % 3 for name in ids}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_each_topic_has_three_questions_with_their_source(language):
    assert [len(topic.questions) for topic in quiz.topics(language)] == [3, 3, 3]
    for topic in quiz.topics(language):
        for question in topic.questions:
            assert question.source_url.startswith("https://")
            assert len(set(question.answers)) == 3
            assert 0 <= question.right < 3


def test_the_two_languages_ask_the_same():
    dutch = quiz.topics("nl")
    assert [q.id for t in dutch for q in t.questions] == list(RIGHT)
    assert [q.text for t in dutch for q in t.questions] != [
        q.text for t in TOPICS for q in t.questions
    ]


def test_one_wrong_answer_in_each_topic_still_passes():
    first = [topic.questions[0].id for topic in TOPICS]
    assert quiz.passes(RIGHT)
    assert quiz.passes(with_wrong(*first))
    assert not quiz.passes(with_wrong(first[0], TOPICS[0].questions[1].id))


@given(st.dictionaries(st.sampled_from(list(RIGHT)), st.integers(0, 2)))
def test_what_passes_is_what_has_at_most_one_wrong_per_topic(answers):
    per_topic = [
        sum(answers.get(question.id) != question.right for question in topic.questions)
        for topic in TOPICS
    ]
    assert quiz.passes(answers) == (max(per_topic) <= 1)


@pytest.mark.django_db
def test_three_tries_a_day_and_every_one_is_kept():
    creator = make_creator(followers=1_500)
    bad = dict.fromkeys(RIGHT, 99)
    for hour in (0, 1, 2):
        assert not quiz.answer(creator, bad, NOW + timedelta(hours=hour)).passed

    with pytest.raises(quiz.TooManyTries) as refused:
        quiz.answer(creator, RIGHT, NOW + timedelta(hours=23))
    assert refused.value.until == NOW + timedelta(hours=24)
    assert quiz.answer(creator, RIGHT, NOW + timedelta(hours=24, minutes=1)).passed
    assert creator.quiz_passed_at == NOW + timedelta(hours=24, minutes=1)
    assert QuizAttempt.objects.count() == 4


@pytest.mark.django_db
def test_passing_says_so_in_the_rules_of_the_next_decision():
    creator = make_creator(followers=1_500)
    before = {check.rule: check.passed for check in creator.decision.checks.all()}
    quiz.answer(creator, RIGHT, NOW)
    from creators import enrolment

    decision = enrolment.apply_decision(creator, NOW + timedelta(hours=1))
    after = {check.rule: check.passed for check in decision.checks.all()}

    assert (before["full_quiz"], after["full_quiz"]) == (False, True)


class TestPage:
    pytestmark = pytest.mark.django_db

    @pytest.fixture
    def creator(self, client):
        creator = make_creator(followers=1_500, user=make_user())
        client.force_login(creator.user)
        return creator

    def test_a_failed_try_says_why_and_keeps_what_was_chosen(self, client, creator):
        answers = with_wrong("nl-benefit", "nl-place")
        page = client.post(reverse("creators:quiz"), answers)
        text = page.content.decode()

        assert page.status_code == 422
        assert "counts every benefit" in text
        assert "hard to miss" in text
        assert text.count("checked") == 9
        assert Creator.objects.get().quiz_passed_at is None

    def test_a_question_left_open_is_named_and_costs_no_try(self, client, creator):
        page = client.post(reverse("creators:quiz"), {"nl-benefit": 1})
        assert (page.status_code, page.content.decode().count("Choose one of the answers.")) == (
            422, 16,
        )  # fmt: skip
        assert not QuizAttempt.objects.exists()

    def test_right_answers_pass_once(self, client, creator):
        for _ in range(2):
            client.post(reverse("creators:quiz"), RIGHT)
        assert Creator.objects.get().quiz_passed_at
        assert QuizAttempt.objects.count() == 1
        assert "You passed the quiz." in client.get(reverse("creators:quiz")).content.decode()
