"""The pages of a case: the creator's, the admin's, and the figures for everyone."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from affiliates import fraud, holds
from affiliates.models import Commission
from creators import casefigures, cases
from creators.models import Case, Sanction, Violation
from tests.affiliates.factories import make_commission, make_user, sign_in
from tests.creators.factories import make_creator

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def case(client):
    now = timezone.now()
    creator = make_creator(followers=6_000, user=make_user(), at=now)
    sale = make_commission(creator, at=now, delivered=now)
    client.force_login(creator.user)
    return holds.open_case(
        creator, Violation.objects.in_force(now).get(code="misleading"), "It cures nothing.",
        by=make_user(is_staff=True), at=now, lines=[sale.pk],
    )  # fmt: skip


def page_of(case) -> str:
    return reverse("affiliates:case", args=[case.pk])


def test_a_creator_sees_what_why_which_sales_and_until_when_and_answers_once(client, case):
    shown = client.get(page_of(case)).content.decode()
    assert "A claim that is not true" in shown and "It cures nothing." in shown
    assert "€3.42" in shown and "You answer by" in shown and "Send my answer" in shown
    assert "Answer case" in client.get("/creator/").content.decode()
    assert "This sale waits for case" in client.get("/creator/earnings/").content.decode()

    long = "x" * 5_001
    refused = client.post(page_of(case), {"text": long})
    assert refused.status_code == 422 and long in refused.content.decode()
    client.post(page_of(case), {"text": "It says so on the label."})
    after = client.post(page_of(case), {"text": "Again"}, follow=True).content.decode()

    assert "It says so on the label." in after and "Again" not in after
    assert "takes no answer any more" in after
    assert Case.objects.get(pk=case.pk).state == "answered"
    assert "we decide by" in client.get("/creator/cases/").content.decode()


def test_she_appeals_on_the_page_of_a_decision_against_her(client, case):
    now = timezone.now()
    cases.answer(case, "No.", at=now)
    holds.decide(case, True, by=make_user(is_staff=True), reason="The label is old.", at=now)

    assert "The label is old." in client.get(page_of(case)).content.decode()
    client.post(page_of(case), {"text": "It is not."})

    appeal = Case.objects.get(kind="appeal")
    assert (appeal.appeal_of, appeal.state, appeal.reason) == (case, "answered", "It is not.")
    assert f"Your appeal is case {appeal.pk}" in client.get(page_of(case)).content.decode()
    assert "An appeal against" in client.get(page_of(appeal)).content.decode()


def test_anothers_case_is_not_there_nor_a_report_that_is_not_decided(client, case):
    report = Case.objects.create(
        kind="report", creator=case.creator, state="answered", subject="creator:1",
        reason="Rude", opened_at=timezone.now(),
    )  # fmt: skip
    assert client.get(page_of(report)).status_code == 404
    client.force_login(make_creator(followers=6_000, user=make_user()).user)
    assert client.get(page_of(case)).status_code == 404


# ------------------------------------------------------------------ the desk

ROWS = {  # what the admin's own page sends for the rows that are only shown
    f"{name}-{part}_FORMS": "0" for name in ("lines", "reports", "events")
    for part in ("TOTAL", "INITIAL")
}  # fmt: skip


@pytest.fixture
def desk(client, admin_user):
    sign_in(client, admin_user)
    return client


def test_an_admin_opens_a_case_from_commissions_with_their_numbers_filled_in(desk):
    sale = make_commission(make_creator(followers=6_000, user=make_user()))
    picked = {"action": "open_case", "_selected_action": [sale.pk]}
    answer = desk.post(reverse("admin:affiliates_commission_changelist"), picked)
    assert answer["Location"].endswith(f"?creator={sale.creator_id}&lines={sale.pk}")
    assert str(sale.pk) in desk.get(answer["Location"]).content.decode()

    rule = Violation.objects.in_force(timezone.now()).first()
    typed = {"creator": sale.creator_id, "violation": rule.pk, "lines": str(sale.pk),
             "reason": "", "takes_lines": "on"}  # fmt: skip
    assert desk.post(answer["Location"], typed).status_code == 200
    assert not Case.objects.exists()
    desk.post(answer["Location"], typed | {"reason": "Seen in your video."})

    case = Case.objects.get()
    assert (case.violation, case.reason) == (rule, "Seen in your video.")
    assert Commission.objects.get(pk=sale.pk).case == case
    refused = desk.post(answer["Location"], typed | {"reason": "Twice"}, follow=True)
    assert "Not opened" in refused.content.decode() and Case.objects.count() == 1


def test_a_flag_becomes_a_case_at_the_desk(desk):
    sale = make_commission(make_creator(followers=6_000, user=make_user()))
    flag = fraud.flag("same_mail", sale.creator, "order:1", {"order": 1}, timezone.now())
    Commission.objects.filter(pk=sale.pk).update(state="held", flag=flag)
    picked = {"action": "open_case", "_selected_action": [flag.pk]}
    url = desk.post(reverse("admin:affiliates_riskflag_changelist"), picked)["Location"]
    rule = Violation.objects.in_force(timezone.now()).get(code="own_purchase")
    desk.post(url, {"creator": sale.creator_id, "violation": rule.pk, "flag": flag.pk,
                    "reason": "Your own address.", "takes_lines": "on"})  # fmt: skip

    sale.refresh_from_db()
    flag.refresh_from_db()
    assert (sale.case.automated, sale.flag, flag.state) == (True, None, "confirmed")


def test_a_decision_needs_a_reason_and_is_logged_and_an_early_one_is_refused(
    desk, case, admin_user
):
    sign_in(desk, admin_user)
    url = reverse("admin:creators_case_change", args=[case.pk])
    assert "It cures nothing." in desk.get(url).content.decode()

    def decide(outcome, reason):
        typed = {"takes_lines": "on", "outcome": outcome, "outcome_reason": reason}
        return desk.post(url, ROWS | typed, follow=True).content.decode()

    assert "those concerned read it" in decide("dismiss", " ")
    assert "The creator may still answer" in decide("uphold", "Yes")
    assert Case.objects.get(pk=case.pk).state == "open"

    decide("dismiss", "Our mistake.")
    assert Case.objects.get(pk=case.pk).state == "dismissed"
    assert LogEntry.objects.filter(change_message__contains="Our mistake.").exists()
    assert desk.get(url).status_code == 200  # to read


def test_a_decision_waits_for_a_fresh_second_factor_and_keeps_what_was_typed(
    desk, case, admin_user
):
    desk.force_login(admin_user)  # signed in long ago
    url = reverse("admin:creators_case_change", args=[case.pk])
    typed = {"takes_lines": "on", "outcome": "dismiss", "outcome_reason": "A reason of mine."}

    page = desk.post(url, ROWS | typed).content.decode()

    assert "Confirm that it is you" in page and reverse("mfa_reauthenticate") in page
    assert "A reason of mine." in page
    picked = {"action": "dismiss", "_selected_action": [case.pk], "reason": "Seen."}
    sent = desk.post(reverse("admin:creators_case_changelist"), picked)
    assert sent["Location"].startswith(reverse("mfa_reauthenticate"))
    assert Case.objects.get(pk=case.pk).state == "open"


def test_the_queue_shows_what_is_overdue_and_decides_in_bulk(desk, case, admin_user):
    sign_in(desk, admin_user)
    Case.objects.filter(pk=case.pk).update(decide_by=timezone.now() - DAY)
    contest = cases.contest(case.creator, "commission:9", "Why?", timezone.now())
    url = reverse("admin:creators_case_changelist")
    assert "1 case" in desk.get(url + "?queue=overdue").content.decode()

    picked = {"action": "dismiss", "_selected_action": [case.pk, contest.pk], "reason": "Seen."}
    said = desk.post(url, picked, follow=True).content.decode()

    assert "it lifts by itself tonight" in said
    contest.refresh_from_db()
    assert (contest.state, Case.objects.get(pk=case.pk).state) == ("dismissed", "open")


def test_what_is_in_force_cannot_be_edited_and_what_is_to_come_can(desk):
    now = timezone.now()
    row = Violation.objects.in_force(now).first()
    url = reverse("admin:creators_violation_change", args=[row.pk])
    assert desk.post(url, {"points": 1}).status_code == 403
    later = Sanction.objects.create(
        effect="suspension", from_points=10, effective_from=now + 40 * DAY
    )
    assert desk.get(reverse("admin:creators_sanction_change", args=[later.pk])).status_code == 200
    rules = desk.get("/rules/").content.decode()
    assert "Announced:" in rules and row.title in rules


# ------------------------------------------------------------------ figures


def test_a_number_under_five_is_hidden_and_none_gives_it_away():
    hide = casefigures.hide_few
    assert hide({"upheld": 9, "dismissed": 7, "lapsed": 0}) == {
        "upheld": 9, "dismissed": 7, "lapsed": 0
    }  # fmt: skip
    assert hide({"upheld": 9, "dismissed": 7, "lapsed": 2}) == {
        "upheld": 9, "dismissed": None, "lapsed": None
    }  # fmt: skip
    assert hide({"upheld": 9, "dismissed": 1, "lapsed": 2}) == {
        "upheld": 9, "dismissed": None, "lapsed": None
    }  # fmt: skip


def test_small_rows_are_put_together_or_left_out():
    few, many = dict.fromkeys(casefigures.OUTCOMES, 0) | {"upheld": 3}, {"upheld": 8}
    assert casefigures.put_together({"a": few, "b": many}, "rest") == {"b": many}
    both = casefigures.put_together({"a": few, "b": few, "c": many}, "rest")
    assert both == {"c": many, "rest": dict.fromkeys(casefigures.OUTCOMES, 0) | {"upheld": 6}}


def test_the_figures_count_outcomes_and_the_median_of_days(client):
    now = timezone.now()
    rule = Violation.objects.in_force(now).get(code="misleading")
    for n, state in enumerate(["upheld"] * 6 + ["dismissed"] * 5 + ["reversed"]):
        Case.objects.create(
            kind="violation", violation=rule, state=state, reason="x",
            opened_at=now - timedelta(days=n + 2), decided_at=now - timedelta(days=1),
        )  # fmt: skip
    (row,) = casefigures.violations(now)
    assert (row.total, row.median_days) == (12, 6)
    assert row.counts == {"upheld": 6, "dismissed": None, "lapsed": 0, "reversed": None}
    shown = client.get("/rules/cases/").content.decode()
    assert "A claim that is not true" in shown and "Too few to show." in shown
