"""A case from notice to the end of its points, by its clocks; what it freezes and lets go."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.db import IntegrityError, InternalError, transaction

from affiliates import caseletters, commissions, fraud, holds, links, night, settlement
from affiliates.models import Commission, RiskFlag
from creators import cases, enrolment, standing
from creators.models import Case, CaseEvent, Creator, Decision, Sanction, Violation
from tests.affiliates.factories import NIGHT_OVER, make_brand, make_commission, make_user
from tests.creators.factories import make_creator
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(code="own_purchase") -> Violation:
    return Violation.objects.in_force(NOW).get(code=code)


def member(followers=6_000, **facts) -> Creator:
    return make_creator(followers=followers, user=make_user(), at=NOW, **facts)


def accused(creator=None, code="own_purchase", **facts):
    """Return a case that names one of her two sales, that sale, and the other one."""
    creator = creator or member()
    named, other = make_commission(creator), make_commission(creator, make_brand())
    case = holds.open_case(
        creator, rule(code), "Three orders went to your address.", by=make_user(is_staff=True),
        at=NOW, lines=[named.pk], **facts,
    )  # fmt: skip
    return case, named, other


def uphold(case, at, **facts):
    return holds.decide(case, True, by=make_user(is_staff=True), reason="So it was.", at=at)


def state(*rows) -> list[str]:
    return [Commission.objects.get(pk=row.pk).state for row in rows]


def of_case(case) -> str:
    return Case.objects.get(pk=case.pk).state


# ------------------------------------------------------------------ the clocks


def test_a_case_freezes_the_lines_it_names_and_other_money_is_paid():
    case, named, other = accused()

    night.run(NIGHT_OVER)

    assert (case.answer_by - NOW, case.decide_by - NOW) == (30 * DAY, 40 * DAY)
    assert state(named, other) == ["held", "settled"]


def test_answered_in_time_and_upheld_the_line_is_not_paid_but_only_after_the_appeal_time():
    case, named, _other = accused()
    answered = cases.answer(case, "A friend bought them.", at=NOW + 29 * DAY)
    assert answered.decide_by == NOW + 39 * DAY

    uphold(case, NOW + 38 * DAY)
    holds.lift(NOW + 67 * DAY)
    assert state(named) == ["held"]  # she may still appeal

    holds.lift(NOW + 68 * DAY)
    assert (state(named), of_case(case)) == (["void"], "upheld")


def test_without_an_answer_nothing_is_upheld_before_day_30_and_we_decide_by_day_40():
    case, named, _other = accused()

    with pytest.raises(cases.TooEarly):
        uphold(case, NOW + 30 * DAY - timedelta(seconds=1))
    with pytest.raises(cases.TooLate):
        cases.answer(case, "Late", at=NOW + 30 * DAY)
    assert holds.lift(NOW + 40 * DAY - timedelta(seconds=1)) == holds.Lifted()
    uphold(case, NOW + 30 * DAY)
    assert state(named) == ["held"]


@pytest.mark.parametrize(("answer_on", "lifts_on"), [(None, 40), (5, 15)])
def test_our_silence_lifts_the_hold_by_itself_and_twice_changes_nothing(answer_on, lifts_on):
    case, named, _other = accused()
    if answer_on:
        cases.answer(case, "It was my aunt.", at=NOW + answer_on * DAY)
    at = NOW + lifts_on * DAY

    with pytest.raises(cases.TooLate):
        uphold(case, at)
    assert holds.lift(at - timedelta(seconds=1)) == holds.Lifted()
    assert state(named) == ["held"]
    assert holds.lift(at).cases == 1
    assert holds.lift(at) == holds.Lifted()
    assert (of_case(case), state(named)) == ("lapsed", ["pending"])
    assert standing.points(case.creator, at) == 0
    settlement.settle(at + DAY)
    assert state(named) == ["settled"]


def test_a_dismissed_case_lets_go_at_once_and_can_be_dismissed_before_she_answers():
    case, named, _other = accused()
    holds.decide(case, False, by=make_user(is_staff=True), reason="A mistake.", at=NOW + DAY)
    assert (of_case(case), state(named)) == ("dismissed", ["pending"])


def test_an_upheld_case_may_leave_her_the_money():
    case, named, _other = accused(takes_lines=False)
    uphold(case, NOW + 31 * DAY)
    holds.lift(NOW + 62 * DAY)
    assert state(named) == ["pending"]


# ------------------------------------------------------------------ appeals


def test_an_appeal_keeps_the_line_waiting_and_is_heard_by_another_admin():
    case, named, _other = accused()
    judge = make_user(is_staff=True)
    holds.decide(case, True, by=judge, reason="So it was.", at=NOW + 31 * DAY)
    appeal = cases.appeal(case, "You mixed me up.", at=NOW + 60 * DAY)

    holds.lift(NOW + 62 * DAY)
    assert state(named) == ["held"]
    with pytest.raises(cases.SameJudge):
        holds.decide(appeal, False, by=judge, reason="No.", at=NOW + 62 * DAY)
    with pytest.raises(IntegrityError, match="another judge"), transaction.atomic():
        Case.objects.filter(pk=appeal.pk).update(decided_by=judge)
    with pytest.raises(cases.Decided):
        cases.appeal(case, "Again", at=NOW + 60 * DAY)

    holds.decide(appeal, False, by=make_user(is_staff=True), reason="No.", at=NOW + 62 * DAY)
    assert (of_case(case), state(named)) == ("upheld", ["void"])


@pytest.mark.parametrize("way", ["granted", "our silence"])
def test_an_appeal_that_is_granted_takes_points_and_hold_away(way):
    case, named, _other = accused()
    uphold(case, NOW + 31 * DAY)
    appeal = cases.appeal(case, "You mixed me up.", at=NOW + 40 * DAY)
    assert standing.points(case.creator, NOW + 41 * DAY) == 4

    if way == "granted":
        uphold(appeal, NOW + 41 * DAY)
    else:
        holds.lift(NOW + 50 * DAY)

    assert (of_case(case), state(named)) == ("reversed", ["pending"])
    assert standing.points(case.creator, NOW + 51 * DAY) == 0


def test_an_appeal_after_its_time_is_refused():
    case, _named, _other = accused()
    uphold(case, NOW + 31 * DAY)
    with pytest.raises(cases.TooLate):
        cases.appeal(case, "Late", at=NOW + 61 * DAY)


# ------------------------------------------------------------------ points


def test_points_stop_new_links_and_expire_by_themselves():
    creator = member()
    case, _named, _other = accused(creator, code="bought_clicks")
    links.accept_terms(creator.user, NOW)
    uphold(case, NOW + 31 * DAY)
    at = NOW + 32 * DAY

    assert standing.effect(creator, at) == Sanction.Effect.NO_NEW_LINKS
    with pytest.raises(links.LinksStopped):
        links.take(creator, brand=make_brand(), at=at)
    last = enrolment.market_day(NOW + 31 * DAY) + timedelta(days=365)
    assert Case.objects.get(pk=case.pk).points_expire_on == last
    assert standing.effect(creator, at + 363 * DAY) == Sanction.Effect.NO_NEW_LINKS
    assert standing.effect(creator, at + 364 * DAY) == ""


@pytest.mark.slow
def test_enough_points_suspend_by_a_decision_and_what_was_earned_is_paid():
    creator = member()
    case, named, other = accused(creator, code="illegal")
    uphold(case, NOW + 31 * DAY)

    creator.refresh_from_db()
    assert (creator.status, creator.case_id) == ("suspended", case.pk)
    assert creator.decision.outcome == Decision.Outcome.DECLINED
    failed = creator.decision.checks.get(rule="standing")
    assert (failed.passed, failed.remedy) == (False, "appeal")
    night.run(NOW + 32 * DAY)
    assert state(named, other) == ["held", "settled"]

    # the points run out: she is in again, as high as she was, by a decision too
    night.run(NOW + (31 + 730) * DAY)
    creator.refresh_from_db()
    assert (creator.status, creator.case_id, creator.decision.outcome) == ("full", None, "full")


def test_a_reversal_on_appeal_brings_back_the_tier_she_had():
    creator = member(followers=1_500)
    enrolment.decide_by_hand(creator, "full", by=make_user(), reason="Known to us.", at=NOW)
    case, _named, _other = accused(creator, code="illegal")
    uphold(case, NOW + 31 * DAY)
    uphold(cases.appeal(case, "Not mine.", at=NOW + 32 * DAY), NOW + 33 * DAY)

    creator.refresh_from_db()
    assert (creator.status, creator.decision.outcome) == ("full", "full")
    assert str(case.pk) in creator.decision.reason


def test_sales_of_the_suspended_wait_only_until_the_case_is_final():
    creator = member()
    case, _named, _other = accused(creator, code="illegal")
    uphold(case, NOW + 31 * DAY)
    creator.refresh_from_db()
    at = NOW + 33 * DAY
    sale = make_commission(creator, at=at, delivered=at)
    assert state(sale) == ["held"]

    holds.lift(NOW + 61 * DAY)
    later = make_commission(creator, at=NOW + 62 * DAY, delivered=NOW + 62 * DAY)

    assert state(sale, later) == ["pending", "pending"]


# ------------------------------------------------------------------ flags


def flagged():
    sale = make_commission(member())
    flag = fraud.flag("by_hand", sale.creator, "sale", {"sale": sale.pk}, NOW)
    commissions.hold([sale.pk], flag=flag)
    return flag, sale


def test_a_flag_that_nobody_decides_lifts_after_ten_days():
    flag, sale = flagged()
    holds.lift(NOW + 10 * DAY - timedelta(seconds=1))
    assert state(sale) == ["held"]

    assert holds.lift(NOW + 10 * DAY).flags == 1
    assert holds.lift(NOW + 10 * DAY) == holds.Lifted()
    flag.refresh_from_db()
    assert (flag.state, flag.decided_by, state(sale)) == ("lapsed", None, ["pending"])


def test_a_flag_becomes_a_case_that_holds_in_its_place():
    flag, sale = flagged()
    admin = make_user(is_staff=True)
    case = holds.open_case(
        sale.creator, rule(), "Same address.", by=admin, at=NOW + 9 * DAY, flag=flag
    )
    holds.lift(NOW + 20 * DAY)

    flag.refresh_from_db()
    sale.refresh_from_db()
    assert (flag.state, sale.state, sale.flag, sale.case) == ("confirmed", "held", None, case)
    assert [line.commission for line in case.lines.all()] == [sale]


def test_nothing_is_held_without_a_flag_or_a_case():
    sale = make_commission()
    with pytest.raises(IntegrityError, match="commission_held_has_reason"), transaction.atomic():
        Commission.objects.filter(pk=sale.pk).update(state="held")


def test_a_case_takes_only_unsettled_lines_of_its_creator():
    creator = member()
    settled, anothers = make_commission(creator), make_commission(member())
    settlement.settle(NIGHT_OVER)
    for wrong in (settled.pk, anothers.pk, 0):
        with pytest.raises(holds.NotFreezable):
            holds.open_case(
                creator, rule(), "Why", by=make_user(), at=NIGHT_OVER, lines=[wrong]
            )  # fmt: skip
    assert not Case.objects.exists()


# ------------------------------------------------------------------ kept by the database


def test_rules_in_force_and_events_stay_as_they_are():
    case, _named, _other = accused()
    for change in (
        lambda: Violation.objects.filter(pk=rule().pk).update(points=1),
        lambda: Sanction.objects.all().delete(),
        lambda: CaseEvent.objects.filter(case=case).update(text="Something else"),
        lambda: CaseEvent.objects.filter(case=case).delete(),
    ):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_of_the_night_and_a_decision_at_the_same_moment_one_acts():
    case, named, _other = accused()
    late = NOW + 40 * DAY
    judges = [make_user(is_staff=True), make_user(is_staff=True)]

    def decide_then_lift(judge, upheld):
        with contextlib.suppress(cases.Decided):
            holds.decide(case, upheld, by=judge, reason="Seen.", at=late - timedelta(seconds=1))
        holds.lift(late)

    at_once(*[lambda: decide_then_lift(judges.pop(), bool(judges))] * 2)

    ended = CaseEvent.objects.filter(case=case).exclude(kind="opened")
    assert [event.kind for event in ended] == [of_case(case)]
    expected = {"upheld": "held", "dismissed": "pending", "lapsed": "pending"}
    assert state(named) == [expected[of_case(case)]]


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_once_lift_once():
    case, named, _other = accused()
    flag, sale = flagged()

    at_once(*[lambda: holds.lift(NOW + 40 * DAY)] * 3)

    assert state(named, sale) == ["pending", "pending"]
    assert [event.kind for event in case.events.all()] == ["opened", "lapsed"]
    assert RiskFlag.objects.get(pk=flag.pk).state == "lapsed"


# ------------------------------------------------------------------ told


def test_each_step_is_mailed_once_in_her_language_with_reasons_lines_and_dates():
    creator = member(languages=["nl"])
    case, _named, other = accused(creator)
    assert [caseletters.send_waiting(), caseletters.send_waiting()] == [1, 0]
    cases.answer(case, "Nee.", at=NOW + DAY)
    uphold(case, NOW + 2 * DAY)
    caseletters.send_waiting()

    notice, decision = mail.outbox
    assert notice.to == [creator.user.email]
    assert "Kopen via je eigen links" in notice.body
    assert "Three orders went to your address." in notice.body
    assert "10 december 2026" in notice.body and "20 december 2026" in notice.body
    assert "3,42" in notice.body and other.brand.name not in notice.body
    assert "So it was." in decision.body and "11 december 2026" not in decision.body
    assert "12 december 2026" in decision.body  # until when she may appeal


class Picky(locmem.EmailBackend):
    """A mail server that does not take letters to one mailbox now."""

    refuses: str = ""

    def send_messages(self, messages):
        if self.refuses in messages[0].to:
            raise ConnectionResetError(self.refuses)
        return super().send_messages(messages)


def test_a_letter_that_is_refused_waits_and_stops_no_other(settings):
    first, _named, _other = accused()
    second, _named, _other = accused()
    settings.EMAIL_BACKEND = f"{__name__}.Picky"
    Picky.refuses = first.creator.user.email

    assert caseletters.send_waiting() == 1
    assert [letter.to for letter in mail.outbox] == [[second.creator.user.email]]
    Picky.refuses = ""
    assert caseletters.send_waiting() == 1
    assert mail.outbox[-1].to == [first.creator.user.email]
