"""The short quiz on advertising rules, which a pilot passes once on her way to the full tier.

The questions are data with their sources (data/quiz.json). All answers are needed; at most one
per topic may be wrong. Whoever fails reads why, and may try again: three times in 24 hours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from django.db import transaction

from creators import enrolment
from creators.models import Creator, QuizAttempt

FILE = Path(__file__).parent / "data" / "quiz.json"
WRONG_PER_TOPIC = 1
TRIES, TRIES_IN = 3, timedelta(hours=24)


class TooManyTries(Exception):
    """The tries are used up. `until`: when the next one opens."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"next try at {until.isoformat()}")
        self.until = until


@dataclass(frozen=True, slots=True)
class Question:
    """One question in one language; `right` is the index of its answer."""

    id: str
    text: str
    answers: tuple[str, ...]
    right: int
    why: str
    source_name: str
    source_url: str


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    questions: tuple[Question, ...]


@cache
def _data() -> dict:
    return json.loads(FILE.read_text(encoding="utf-8"))


def version() -> int:
    return _data()["version"]


@cache
def topics(language: str) -> tuple[Topic, ...]:
    """Return the quiz in `language`, in English where that is not written."""

    def said(texts: Mapping[str, str]) -> str:
        return texts.get(language, texts["en"])

    return tuple(
        Topic(
            said(topic["name"]),
            tuple(
                Question(
                    id=row["id"],
                    text=said(row["text"]),
                    answers=tuple(said(answer) for answer in row["answers"]),
                    right=row["right"],
                    why=said(row["why"]),
                    source_name=row["source"]["name"],
                    source_url=row["source"]["url"],
                )
                for row in topic["questions"]
            ),
        )
        for topic in _data()["topics"]
    )


def wrong(answers: Mapping[str, int]) -> list[str]:
    """Return the ids of the questions that `answers` (question id to index) gets wrong."""
    return [
        question.id
        for topic in topics("en")
        for question in topic.questions
        if answers.get(question.id) != question.right
    ]


def passes(answers: Mapping[str, int]) -> bool:
    """Say whether these answers pass: at most one wrong in each topic."""
    missed = set(wrong(answers))
    return all(
        sum(question.id in missed for question in topic.questions) <= WRONG_PER_TOPIC
        for topic in topics("en")
    )


def next_try_at(creator: Creator, at: datetime) -> datetime | None:
    """Return when the next try opens; None: it is open now."""
    lately = creator.quiz_attempts.filter(at__gt=at - TRIES_IN).order_by("at")
    moments = list(lately.values_list("at", flat=True))
    return moments[-TRIES] + TRIES_IN if len(moments) >= TRIES else None


@transaction.atomic
def answer(creator: Creator, answers: Mapping[str, int], at: datetime) -> QuizAttempt:
    """Keep one try; passing is noted once and lets the rules decide anew.

    Raises TooManyTries.
    """
    locked = Creator.objects.select_for_update().get(pk=creator.pk)
    if until := next_try_at(locked, at):
        raise TooManyTries(until)
    attempt = QuizAttempt.objects.create(
        creator=locked, at=at, version=version(), answers=dict(answers), passed=passes(answers)
    )
    if attempt.passed and locked.quiz_passed_at is None:
        Creator.objects.filter(pk=locked.pk).update(quiz_passed_at=at)
        creator.refresh_from_db()
        enrolment.reconsider(creator, at)
    return attempt
