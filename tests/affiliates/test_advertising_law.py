"""The four conditions of the Dutch media regulator, from what we hold."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from affiliates import advertising_law
from affiliates.advertising_law import Facts
from affiliates.models import TaxProfile
from creators.models import Reading
from tests.affiliates.factories import make_commission
from tests.creators.factories import NOW, make_creator, make_user

TODAY = date(2026, 3, 10)
ALL = Facts(True, True, 24, True, True, True)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, True),
        ({"videos": 23}, False),
        ({"videos": 23, "whole_year": False}, None),
        ({"videos": 30, "whole_year": False}, True),
        ({"videos": None}, None),
        ({"in_nl": False}, False),
        ({"active": False}, False),
        ({"benefit": False}, None),
        ({"registered": False}, False),
        ({"registered": None}, None),
        ({"registered": None, "videos": 3}, False),
    ],
)
def test_all_four_are_needed_and_what_is_unknown_stays_so(change, answer):
    assert advertising_law.supervised(replace(ALL, **change)) is answer


@given(
    st.builds(
        Facts, st.booleans(), st.booleans(), st.none() | st.integers(0, 99), st.booleans(),
        st.booleans(), st.none() | st.booleans(),
    )
)  # fmt: skip
def test_learning_more_never_turns_a_yes_around(facts):
    if advertising_law.supervised(facts) is True:
        more = replace(facts, videos=facts.videos + 1, whole_year=True)
        assert advertising_law.supervised(more) is True


@pytest.mark.django_db
def test_the_facts_are_counted_from_readings_commissions_and_tax_status():
    commission = make_commission()
    creator = commission.creator
    channel = make_creator(followers=1_500, handle="somebody.else").channels.get()
    channel.creator = creator
    channel.save()
    Reading.objects.filter(channel=channel).delete()
    for days, posts in ((367, 100), (180, 110), (2, 131)):
        Reading.objects.create(
            channel=channel, day=TODAY - timedelta(days=days), read_at=NOW, posts=posts, followers=9
        )
    assert advertising_law.facts_of(creator, TODAY) == Facts(
        in_nl=True, active=True, videos=31, whole_year=True, benefit=True, registered=None
    )
    TaxProfile.objects.create(
        creator=creator, kind="kor", legal_name="x", address="y", country="NL",
        effective_from=TODAY, self_billing_accepted_at=NOW,
    )  # fmt: skip
    assert advertising_law.facts_of(creator, TODAY).registered is True
    assert advertising_law.supervised(advertising_law.facts_of(creator, TODAY)) is True


@pytest.mark.django_db
def test_the_page_says_what_it_does_not_know(client, django_assert_max_num_queries):
    creator = make_creator(followers=1_500, user=make_user())
    client.force_login(creator.user)
    with django_assert_max_num_queries(12):
        page = client.get(reverse("affiliates:advertising")).content.decode()
    assert "We cannot tell yet" in page
    assert "You have not told us your tax status yet." in page
