"""Another rule, tried without changing anything."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from creators import directory, enrolment, rulebook, what_if
from creators.models import Creator, Decision, EnrolmentPolicy
from tests.creators.factories import make_creator, make_policy, make_user, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def market():
    creators = [make_creator(followers=count, niches=("food",)) for count in (600, 1_200, 6_000)]
    directory.record_sales(
        [directory.SalesFacts(creators[1].pk, 3, 5_000, 9, 1)], timezone.localdate()
    )
    return creators


def sides(found: what_if.Difference) -> tuple[int, ...]:
    return tuple(getattr(found, name).creators for name in ("come_in", "fall_out", "rise", "sink"))


@pytest.mark.parametrize(
    ("least", "full", "expected"),
    [
        (1_000, 5_000, (0, 0, 0, 0)),
        (500, 5_000, (1, 0, 0, 0)),
        (2_000, 5_000, (0, 1, 0, 0)),
        (1_000, 1_100, (0, 0, 1, 0)),
        (1_000, 9_000, (0, 0, 0, 1)),
    ],
)
def test_who_would_change_sides(market, least, full, expected):
    now = timezone.now()
    proposed = rule(id=None, effective_from=now, min_followers=least, full_followers=full)

    assert sides(what_if.compare(proposed, now)) == expected


def test_the_rules_in_force_change_nobody(market):
    now = timezone.now()
    for one in rulebook.rules(now):
        if one.min_followers == 1_000:
            assert sides(what_if.compare(one, now)) == (0, 0, 0, 0)
    said = StringIO()
    call_command("what_if", min_followers=1_000, as_json=True, stdout=said)
    parts = json.loads(said.getvalue())
    assert parts.pop("looked_at") == 3
    assert {part["creators"] for part in parts.values()} == {0}


def test_5000_to_1000_lets_in_exactly_those_between():
    now = timezone.now()
    make_policy(min_followers=5_000, effective_from=now - timedelta(minutes=1))
    counts = (999, 1_000, 1_001, 4_999, 5_000, 5_001)
    for count in counts:
        make_creator(followers=count, decided=False, status="draft")
    Creator.objects.update(status="waiting", decision=make_creator(followers=1, at=now).decision)

    found = what_if.compare(rule(id=None, effective_from=now, min_followers=1_000), now)

    assert sides(found) == (3, 0, 0, 0)
    assert found.come_in.by_size == {"1,000-4,999": 3}


def test_the_database_refuses_every_write_meanwhile_and_none_after(market):
    with pytest.raises(DatabaseError), what_if._reading_only():
        make_creator()
    what_if.compare(rule(id=None, effective_from=timezone.now()), timezone.now())
    make_creator()


def test_the_command_says_it_in_words_and_as_json_and_changes_nothing(market):
    before = (Decision.objects.count(), EnrolmentPolicy.objects.count())
    words, plain = StringIO(), StringIO()
    call_command("what_if", min_followers=2_000, platform="tiktok", stdout=words)
    call_command("what_if", min_followers=2_000, as_json=True, stdout=plain)

    assert "1 fall out; sold EUR 50.00 in 90 days" in words.getvalue()
    assert json.loads(plain.getvalue())["fall_out"]["by_niche"] == {"food": 1}
    assert (Decision.objects.count(), EnrolmentPolicy.objects.count()) == before
    assert enrolment.redecide_waiting(timezone.now()) == []


@pytest.mark.parametrize(
    "wrong", [{"min_followers": -1}, {"min_followers": 1, "country": "Holland"}]
)
def test_bad_arguments_end_with_code_2(db, wrong):
    with pytest.raises(CommandError) as failure:
        call_command("what_if", **wrong)
    assert failure.value.returncode == 2


def test_an_admin_sees_who_a_draft_lets_in_before_it_is_published(market, client, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "config.middleware" not in name]
    admin = make_user(is_staff=True)
    admin.is_superuser = True
    admin.save()
    client.force_login(admin)
    draft = EnrolmentPolicy.objects.create(
        min_followers=500, full_followers=5_000, effective_from=timezone.now() + timedelta(days=9)
    )
    url = reverse("admin:creators_enrolmentpolicy_what_if", args=[draft.pk])

    page = client.get(url).content.decode()

    assert "Come in: 1" in page
    assert "Fall out, if they applied today: 0" in page
    assert url in client.get(reverse("admin:creators_enrolmentpolicy_changelist")).content.decode()
    assert client.get(url.replace(str(draft.pk), "999")).status_code == 404
    assert not Decision.objects.filter(policy=draft).exists()
