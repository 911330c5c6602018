"""The desk: queues, publishing, and what may not be touched."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.utils import timezone

from creators import manual_checks
from creators.models import Creator, Decision, EnrolmentPolicy, ManualCheck, Reading
from tests.creators.factories import NOW, make_creator, make_policy, make_user

pytestmark = pytest.mark.django_db
MODELS = [model for model in admin.site._registry if model._meta.app_label == "creators"]


@pytest.fixture
def desk(client):
    from allauth.mfa.models import Authenticator

    user = make_user(is_staff=True)
    user.is_superuser = True
    user.save()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(user)
    client.user = user
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_every_list_opens_and_searches(desk, model):
    creator = make_creator(followers=900, user=make_user())
    manual_checks.ask(creator, "facebook", "noor", NOW)
    url = f"/admin/creators/{model._meta.model_name}/"

    for query in ("", "?q=noor"):
        assert desk.get(url + query, follow=True).status_code == 200
    first = model.objects.first()
    if first is not None:
        assert desk.get(f"{url}{first.pk}/change/").status_code == 200


@pytest.mark.parametrize("model", [Decision, Reading])
def test_history_is_read_only(desk, model):
    make_creator(followers=900)
    url = f"/admin/creators/{model._meta.model_name}/{model.objects.get().pk}"

    assert desk.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    assert desk.post(f"{url}/change/", {}).status_code == 403
    assert desk.get(f"/admin/creators/{model._meta.model_name}/add/").status_code == 403


def test_a_policy_is_published_and_then_fixed(desk):
    row = make_policy(published=False, effective_from=timezone.now() + timedelta(days=5))
    late = make_policy(published=False, effective_from=NOW, min_followers=7)
    data = {"action": "publish", "_selected_action": [row.pk, late.pk]}
    page = desk.post("/admin/creators/enrolmentpolicy/", data, follow=True)

    row.refresh_from_db(), late.refresh_from_db()
    assert (row.published_by, late.published_at) == (desk.user, None)
    assert "Its date has passed" in page.content.decode()
    url = f"/admin/creators/enrolmentpolicy/{row.pk}"
    assert desk.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    assert desk.post(f"{url}/change/", {"min_followers": 1}).status_code == 403
    assert EnrolmentPolicy.objects.get(pk=row.pk).min_followers == 1_000


def form_of(creator: Creator, **changes):
    return {
        "display_name": creator.display_name, "bio": "", "country": "NL", "languages": "nl,en",
        "niches": [], "outcome": "", "outcome_reason": "", "channels-TOTAL_FORMS": 0,
        "channels-INITIAL_FORMS": 0, **changes,
    }  # fmt: skip


def test_an_application_is_decided_by_hand_with_a_reason(desk):
    creator = make_creator(followers=900)
    url = f"/admin/creators/creator/{creator.pk}/change/"

    page = desk.post(url, form_of(creator, outcome="pilot"))
    assert "Give the reason" in page.content.decode()
    desk.post(url, form_of(creator, outcome="pilot", outcome_reason="Known from the radio"))

    creator.refresh_from_db()
    assert (creator.status, creator.decision.decided_by) == ("pilot", desk.user)
    assert creator.decision.reason == "Known from the radio"


def test_a_check_is_confirmed_from_the_queue_once_evidence_is_typed(desk):
    creator = make_creator()
    check = manual_checks.ask(creator, "facebook", "noor", NOW)
    action = {"action": "confirm", "_selected_action": [check.pk]}

    page = desk.post("/admin/creators/manualcheck/", action, follow=True)
    assert "type the followers and the evidence first" in page.content.decode()
    desk.post(
        f"/admin/creators/manualcheck/{check.pk}/change/",
        {"followers_seen": 1_400, "evidence": "The code stands in the bio."},
    )
    desk.post("/admin/creators/manualcheck/", action, follow=True)

    check.refresh_from_db(), creator.refresh_from_db()
    assert (check.state, check.decided_by) == (ManualCheck.State.CONFIRMED, desk.user)
    assert creator.status == "pilot"
