"""A creator sees why a commission is what it is, and may say that it is not right."""

import pytest
from django.urls import reverse

from affiliates.models import Attribution
from creators import cases
from creators.models import Case
from tests.affiliates import factories as money

pytestmark = pytest.mark.django_db


@pytest.fixture
def sale(client):
    sale = money.make_commission()
    client.force_login(sale.creator.user)
    return sale


def test_a_receipt_shows_her_touches_in_full_and_anothers_as_rule_and_day(client, sale):
    other = money.make_creator()
    touch = {"clicked_at": "2026-11-01T09:12:00+00:00", "rate_bp": 1200}
    Attribution.objects.filter(order_line=sale.order_line).update(
        touches=[
            touch | {"creator": sale.creator_id, "code": "mine234567", "excluded_by": None},
            touch | {"creator": other.pk, "code": "else234567", "excluded_by": "not_newest"},
        ]
    )

    text = client.get("/creator/earnings/").content.decode()

    assert "Your link mine234567" in text
    assert "Another creator, 1 Nov" in text
    assert "else234567" not in text and other.display_name not in text
    assert "09:12" not in text and sale.order_line.brand_order.order.number not in text


def test_she_contests_once_and_an_admin_decides_with_a_reason(client, sale, admin_user):
    url = reverse("affiliates:contest", args=[sale.pk])
    for text in ("The rate was 15 %.", "Again"):
        client.post(url, {"text": text})

    case = Case.objects.get()
    assert (case.kind, case.state, case.reason) == ("contest", "answered", "The rate was 15 %.")
    assert (case.decide_by - case.opened_at).days == 10
    assert "A person decides by" in client.get("/creator/earnings/").content.decode()

    money.sign_in(client, admin_user)
    desk = reverse("admin:creators_case_changelist")
    picked = {"action": "uphold", "_selected_action": [case.pk]}
    client.post(desk, picked | {"reason": ""})
    case.refresh_from_db()
    assert case.decided_at is None
    client.post(desk, picked | {"reason": "Your offer said 15 %. We added the rest."})

    client.force_login(sale.creator.user)
    assert "We added the rest." in client.get("/creator/earnings/").content.decode()
    with pytest.raises(cases.Decided):
        cases.decide(case, False, by=admin_user, reason="No.", at=case.opened_at)


def test_an_empty_word_opens_nothing_and_anothers_commission_is_not_there(client, sale):
    client.post(reverse("affiliates:contest", args=[sale.pk]), {"text": "  "})
    client.force_login(money.make_creator().user)
    answer = client.post(reverse("affiliates:contest", args=[sale.pk]), {"text": "Mine"})

    assert answer.status_code == 404
    assert not Case.objects.exists()
