"""A few cases at each stage, opened and decided by the real functions at their moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.contrib.auth.models import User

from affiliates import holds
from affiliates.models import Commission
from config.demo.people import STAR
from config.demo.world import World
from creators import cases
from creators.models import Case, CaseEvent, Creator, Violation

ONE_IN = 12  # creators
MOST = 24
REASONS = {
    "unmarked_ad": "The post of the day of this sale does not say that it is advertising.",
    "misleading": "The video says that it cures a cold. The maker says nothing like it.",
    "own_purchase": "The order was sent to the address in your own profile.",
}
WORDS = "I have changed the post, and added the label at its beginning."
SEEN = "We looked at the post again. It says so now, and said so then."
STANDS = "The post still says so, and your answer does not change that."
QUESTION = "A friend of mine used my link and sees no commission. Why?"


def make(world: World) -> None:
    """Open cases against some creators, never against the one that one signs in as."""
    world.step("cases")
    judge, other = User.objects.filter(pk__in=world.admins).order_by("pk")
    stages = _stages(world, judge, other)
    rules = {one.code: one for one in Violation.objects.in_force(world.now)}
    for n, creator in enumerate(_creators(world)):
        code = list(REASONS)[n % len(REASONS)]
        days, play = stages[n % len(stages)]
        at = world.now - timedelta(days=days)
        lines = _lines(creator) if days < cases.ANSWER_WITHIN.days else []
        case = holds.open_case(
            creator, rules[code], REASONS[code], by=judge, at=at, lines=lines
        )  # fmt: skip
        play(case)
    star = Creator.objects.filter(user__email=STAR).first()
    if star:
        cases.contest(star, "order:a-friend", QUESTION, world.now - timedelta(days=1))
    CaseEvent.objects.update(tells=False)  # nobody made up gets a mail about what is long past


def _stages(world: World, judge: User, other: User) -> list[tuple[int, Callable[[Case], object]]]:
    """Return stages as days since the notice, and what happened since."""

    def later(case: Case, days: int):
        return case.opened_at + timedelta(days=days)

    def answered(case: Case) -> Case:
        return cases.answer(case, WORDS, at=later(case, 2))

    def dismissed(case: Case) -> Case:
        return holds.decide(answered(case), False, by=other, reason=SEEN, at=later(case, 6))

    def upheld(case: Case) -> Case:
        return holds.decide(answered(case), True, by=judge, reason=STANDS, at=later(case, 7))

    def appealed(case: Case) -> Case:
        return cases.appeal(upheld(case), WORDS, at=later(case, 9))

    def reversed_(case: Case) -> Case:
        return holds.decide(appealed(case), True, by=other, reason=SEEN, at=later(case, 15))

    def open_(case: Case) -> Case:
        return case

    return [(3, open_), (60, dismissed), (90, upheld), (6, answered), (70, reversed_),
            (12, appealed), (50, dismissed), (80, upheld)]  # fmt: skip


def _creators(world: World) -> Iterator[Creator]:
    found = Creator.objects.enrolled().exclude(user__email=STAR)
    found = found.filter(created_at__lt=world.now - timedelta(days=100)).order_by("pk")
    yield from found[: min(MOST, world.size.creators // ONE_IN)]


def _lines(creator: Creator) -> list[int]:
    """Return her newest sale that is not settled: that one waits, all else goes on."""
    open_ = creator.commissions.filter(state=Commission.State.PENDING, kind=Commission.Kind.SALE)
    return list(open_.order_by("-pk").values_list("pk", flat=True)[:1])
