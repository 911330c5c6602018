"""The three steps, the check on the landing page, and the rules page."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from creators import enrolment, profiles
from creators.models import Creator, Decision
from tests.creators.conftest import connect
from tests.creators.factories import make_creator, make_policy, make_user

pytestmark = pytest.mark.django_db
ABOUT = {
    "display_name": "Noor Visser",
    "handle": "Noor.Bakes",
    "birth_on": "1998-05-04",
    "country": "NL",
    "languages": ["nl", "en"],
    "bio": "Bread, slowly.",
}


def about(**changes):
    from creators.models import Niche

    return {**ABOUT, "niches": [Niche.objects.get(slug="food").pk], **changes}


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize(
    ("followers", "said"),
    [
        ("900", "900 today. 100 to go."),
        ("999", "999 today. 1 to go."),
        ("1,000", "You would start in the pilot tier."),
        ("4.999", "You would start in the pilot tier."),
        ("5k", "You would start in the full tier."),
    ],
)
def test_the_check_answers_with_reasons_without_script(client, followers, said):
    page = client.get("/check/", {"platform": "tiktok", "followers": followers})

    assert page.status_code == 200
    assert said in text(page)
    assert "that we ask for" in text(page) or "We ask for 1,000 on one channel" in text(page)
    assert "<html" in page.content.decode()


def test_the_check_answers_htmx_with_the_part_alone(client):
    part = client.get(
        "/check/", {"platform": "youtube", "followers": "1240"}, headers={"HX-Request": "true"}
    )

    assert "<html" not in part.content.decode()
    assert "Yes, you can join." in text(part)


@pytest.mark.parametrize("followers", ["", "many", "-5", "1e9", "９００", "1" * 15, "1.24"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_the_check_says_what_is_wrong_at_the_field(client, followers, headers):
    page = client.get("/check/", {"platform": "tiktok", "followers": followers}, headers=headers)

    assert page.status_code == 422
    assert "for example 1240" in text(page)
    if not headers:
        assert '<a href="#id_followers">' in page.content.decode()
        assert 'id="id_followers-error"' in page.content.decode()


def test_an_unknown_platform_is_a_field_error(client):
    page = client.get("/check/", {"platform": "myspace", "followers": "10"})

    assert page.status_code == 422


def test_landing_and_rules_are_public(client):
    home, rules = client.get("/"), client.get("/rules/")

    assert (home.status_code, rules.status_code) == (200, 200)
    assert "1,000 followers" in text(rules)
    assert "5,000 followers on one verified channel" in text(rules)


def test_rules_show_what_is_announced_and_no_drafts(client):
    later = timezone.now() + timedelta(days=30)
    make_policy(platform="tiktok", min_followers=1_777, effective_from=later)
    make_policy(platform="youtube", min_followers=1_888, published=False)

    page = text(client.get("/rules/"))

    assert "Announced" in page and "1,777" in page
    assert "1,888" not in page


def test_joining_needs_a_sign_in(client):
    answer = client.get("/creator/join/")

    assert answer.status_code == 302 and "/accounts/" in answer["Location"]


def test_step_one_writes_a_draft_and_goes_on(person):
    answer = person.post("/creator/join/", about(handle="@Noor.Bakes"))

    assert answer["Location"] == "/creator/join/channels/"
    creator = Creator.objects.get()
    assert (creator.handle, creator.status) == ("noor.bakes", "draft")
    assert [niche.slug for niche in creator.niches.all()] == ["food"]
    assert person.get("/creator/join/")["Location"] == "/creator/join/channels/"  # resumed
    assert "Noor Visser" in person.get("/creator/join/?edit=1").content.decode()
    page = person.get("/creator/join/channels/")
    assert "Connect your channels" in text(page)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"handle": "a"}, "at least 2"),
        ({"handle": "ad min"}, "dots and underscores only"),
        ({"handle": "аpple"}, "dots and underscores only"),  # a Cyrillic а
        ({"handle": "admin"}, "taken"),
        ({"handle": "TAKEN"}, "taken"),
        ({"languages": []}, "at least one language"),
        ({"niches": []}, "at least one subject"),
        ({"country": "XX"}, "XX is not one of the available choices"),
        ({"birth_on": "31-12-1999"}, "year-month-day"),
        ({"display_name": "a\u202eb"}, "cannot be seen"),
    ],
)
def test_step_one_repeats_what_was_typed_with_the_error(person, changes, said):
    make_creator(handle="taken")
    page = person.post("/creator/join/", about(**changes))

    assert page.status_code == 422
    assert said in text(page)
    assert "Bread, slowly." in page.content.decode()
    assert Creator.objects.count() == 1


def test_someone_under_age_is_turned_away_and_nothing_is_kept(person):
    born = enrolment.market_day(timezone.now()) - timedelta(days=17 * 365)
    page = person.post("/creator/join/", about(birth_on=born.isoformat()))

    assert "You can join from 18" in text(page)
    assert not Creator.objects.exists()


@pytest.mark.parametrize(
    ("followers", "status", "said"),
    [
        ("900", "waiting", "100 more followers to go"),
        ("1200", "pilot", "You are in, Noor Visser."),
        ("5000", "full", "You are in, Noor Visser."),
    ],
)
def test_connecting_a_channel_answers_at_once(person, stand_in, followers, status, said):
    person.post("/creator/join/", about())

    page = connect(person, stand_in, "tiktok", handle="noor.bakes", followers=followers)

    assert page.redirect_chain[-1][0] == "/creator/join/channels/"
    assert said in text(page)
    creator = Creator.objects.get()
    assert creator.status == status
    assert creator.decision.sha256
    decision = person.get("/creator/join/decision/")
    assert decision.status_code == 200 and said in text(decision)


def test_without_a_channel_the_answer_is_waiting_with_what_to_do(person):
    person.post("/creator/join/", about())
    page = person.post("/creator/join/decision/", follow=True)

    assert "One verified channel" in text(page)
    assert Creator.objects.get().status == "waiting"


def test_creator_pages_send_other_users_to_joining(person):
    for path in ("/creator/channels/", "/creator/settings/", "/creator/join/channels/"):
        assert person.get(path)["Location"] == "/creator/join/"


def test_settings_change_the_profile_and_the_language(client):
    creator = make_creator(user=make_user(), followers=2_000, niches=("food",))
    client.force_login(creator.user)
    page = client.post(
        "/creator/settings/",
        about(handle=creator.handle, display_name="Noor B", site_language="nl"),
    )

    assert page.status_code == 302
    assert page.cookies["django_language"].value == "nl"
    creator.refresh_from_db()
    assert (creator.display_name, creator.birth_on.year) == ("Noor B", 1998)
    assert profiles.mail_language(creator) == "nl"


def test_mail_follows_the_switch_of_language(client):
    creator = make_creator(user=make_user(), followers=2_000, languages=["nl"])
    client.force_login(creator.user)

    before = profiles.mail_language(creator)
    client.post("/language/", {"language": "en", "next": "/creator/"})
    creator.refresh_from_db()
    client.post("/language/", {"language": "xx", "next": "/creator/"})

    assert (before, profiles.mail_language(creator)) == ("nl", "en")
    creator.refresh_from_db()
    assert creator.site_language == "en"


@pytest.mark.parametrize("channels", [1, 3])
def test_channel_pages_ask_a_fixed_number_of_questions(
    client, channels, django_assert_max_num_queries
):
    from tests.creators.factories import make_channel

    creator = make_creator(user=make_user(), followers=2_000)
    for platform in ("instagram", "youtube", "facebook")[: channels - 1]:
        make_channel(creator=creator, platform=platform, days=140)
    client.force_login(creator.user)
    for path in ("/creator/channels/", "/creator/join/channels/", "/creator/join/decision/"):
        with django_assert_max_num_queries(12):
            assert client.get(path).status_code == 200


def test_the_pages_carry_no_inline_style_or_script(client, person):
    make_creator()
    person.post("/creator/join/", about())
    for path in ("/", "/check/", "/rules/", "/creator/join/channels/", "/creator/join/?edit=1"):
        page = person.get(path).content.decode()
        assert " style=" not in page, path
        assert "<script>" not in page, path


def test_a_draft_has_no_decision_and_nobody_else_lacks_one():
    make_creator()
    make_creator(followers=10)

    assert Creator.objects.filter(decision=None).exclude(status="draft").count() == 0
    assert Decision.objects.count() == 1
