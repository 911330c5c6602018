"""Being signed in ends: by time, by hand, and in every browser but one's own."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import signedin
from tests import live
from tests.affiliates.factories import make_user, sign_in
from tests.creators.factories import make_creator
from tests.creators.test_join import about
from tests.shop.factories import make_variant

pytestmark = pytest.mark.django_db
WORD = "kaap-duin-3381-wolk"
HOUR = 3_600


def age(client, **seconds) -> None:
    """Let a session be older than it is."""
    session = client.session
    for name, by in seconds.items():
        session[name] -= by
    session.save()


def is_signed_in(client) -> bool:
    return client.get("/accounts/email/").status_code == 200


@pytest.fixture
def person():
    user = make_user(password=WORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.mark.parametrize(
    ("is_staff", "seen_h", "since_h", "stays"),
    [
        (False, 11.9, 11.9, True),
        (False, 12.1, 12.1, False),
        (False, 0, 14 * 24 - 1, True),
        (False, 0, 14 * 24 + 1, False),
        (True, 0.4, 0.4, True),
        (True, 0.6, 0.6, False),
        (True, 0, 7.9, True),
        (True, 0, 8.1, False),
    ],
)
def test_who_is_away_or_here_for_too_long_is_signed_out(client, is_staff, seen_h, since_h, stays):
    sign_in(client, make_user(is_staff=is_staff))
    age(client, seen_at=int(seen_h * HOUR), signed_in_at=int(since_h * HOUR))

    assert is_signed_in(client) is stays


def test_who_was_signed_out_by_time_keeps_her_bag_and_reads_why(client, person):
    client.force_login(person)
    session = client.session
    session["bag"] = "a-key"
    session.save()
    before = client.session.session_key
    age(client, seen_at=13 * HOUR)

    answer = client.get("/accounts/login/")

    assert "You were signed out because it was a while ago." in answer.content.decode()
    assert client.session["bag"] == "a-key"
    assert client.session.session_key != before
    assert "_auth_user_id" not in client.session


def test_what_a_person_does_keeps_her_signed_in_and_is_written_once_a_minute(client, person):
    client.force_login(person)
    fresh = client.session["seen_at"]
    client.get("/accounts/email/")
    assert client.session["seen_at"] == fresh

    age(client, seen_at=61)
    client.get("/accounts/email/")
    assert client.session["seen_at"] >= fresh


def test_signing_in_changes_the_key_and_signing_out_ends_it_at_the_server(client, person):
    client.get("/accounts/login/")
    session = client.session
    session["before"] = "x"
    session.save()
    before = session.session_key
    client.post("/accounts/login/", {"login": person.email, "password": WORD})
    inside = client.session.session_key
    assert inside != before
    copy = Client()
    copy.cookies = client.cookies.copy()
    assert is_signed_in(copy)

    client.post("/accounts/logout/")

    assert not is_signed_in(copy)
    assert not Session.objects.filter(session_key=inside).exists()


def test_a_new_password_ends_every_other_session(client, person):
    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"login": person.email, "password": WORD})
    client.post("/accounts/login/", {"login": person.email, "password": WORD})
    new = "zeven-wolken-boven-4711-duinen"
    form = {"oldpassword": WORD, "password1": new, "password2": new}

    wrong = client.post("/accounts/password/change/", form | {"oldpassword": "another"})
    assert wrong.status_code == 200
    assert client.post("/accounts/password/change/", form).status_code == 302

    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


def test_a_person_sees_and_ends_her_other_sessions(client, person):
    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"login": person.email, "password": WORD})
    client.post("/accounts/login/", {"login": person.email, "password": WORD})

    assert client.get("/accounts/sessions/").context["session_count"] == 2
    client.post("/accounts/sessions/", {})

    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


def test_an_admin_ends_the_session_of_another(client, person):
    there = Client()
    there.post("/accounts/login/", {"login": person.email, "password": WORD})
    row = UserSession.objects.get(user=person)
    sign_in(client, make_user(is_staff=True, is_superuser=True))

    client.post(
        reverse("admin:usersessions_usersession_delete", args=[row.pk]), {"post": "yes"}
    )  # fmt: skip

    assert not is_signed_in(there)
    assert not UserSession.objects.filter(pk=row.pk).exists()


def test_a_factor_that_an_admin_takes_away_ends_every_session(client, person):
    TOTP.activate(person, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    there = Client()
    there.force_login(person)
    UserSession.objects.create(
        user=person, ip="192.0.2.1", user_agent="x", session_key=there.session.session_key
    )
    sign_in(client, make_user(is_staff=True, is_superuser=True))
    row = Authenticator.objects.get(user=person)

    client.post(reverse("admin:mfa_authenticator_delete", args=[row.pk]), {"post": "yes"})

    assert not Authenticator.objects.filter(user=person).exists()
    assert not is_signed_in(there)


def test_an_account_that_is_switched_off_is_out_at_once(client, person):
    client.force_login(person)
    assert is_signed_in(client)

    person.is_active = False
    person.save()

    assert not is_signed_in(client)


def test_every_cookie_in_live_is_the_hosts_own():
    told = live.tells()

    assert told["cookies"] == [
        "__Host-session", "__Host-csrf", "__Host-language", "__Host-touches", "__Host-claims",
        "__Host-messages", "__Host-fresh",
    ]  # fmt: skip
    assert (told["secure"], told["domain"]) == ([True] * 4, None)
    assert told["attributes"].endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")


def test_every_cookie_that_is_set_is_out_of_reach_of_scripts(client, person):
    creator = make_creator(followers=6_000, user=person, at=timezone.now())
    variant = make_variant()
    seen = {}

    def keep(answer) -> None:
        assert answer.status_code in (200, 302), answer
        seen.update(answer.cookies)

    keep(client.get("/accounts/login/"))
    keep(client.post("/accounts/login/", {"login": person.email, "password": WORD}))
    keep(client.post("/language/", {"language": "nl", "next": "/"}))
    seen.pop(settings.LANGUAGE_COOKIE_NAME)
    keep(client.post("/creator/settings/", about(handle=creator.handle, site_language="nl")))
    keep(client.post("/cart/add/", {"variant": variant.pk, "quantity": 1}))
    keep(client.post("/cookies/", {"choice": "accept"}))

    assert len(seen) >= 5 and settings.LANGUAGE_COOKIE_NAME in seen
    open_ = [name for name, one in seen.items() if not one["httponly"] or one["samesite"] != "Lax"]
    assert open_ == []


def test_what_is_known_of_sessions_goes_when_they_end(client, person, monkeypatch):
    monkeypatch.setattr(signedin, "AT_ONCE", 1)
    there = Client()
    for one in (client, there):
        one.post("/accounts/login/", {"login": person.email, "password": WORD})
    later = timezone.now() + timedelta(days=2)
    assert signedin.forget_ended(later) == 0

    ended = Session.objects.filter(session_key=there.session.session_key)
    ended.update(expire_date=later - timedelta(seconds=1))

    assert signedin.forget_ended(later) == 2  # the session, and its connection
    assert is_signed_in(client)
    assert [row.session_key for row in UserSession.objects.all()] == [client.session.session_key]


def test_the_clocks_are_those_of_the_documentation():
    from tests.harness import ROOT

    told = (ROOT / "docs" / "security.md").read_text()
    assert "12 hours" in told and "14 days" in told
    assert "30 minutes" in told and "8 hours" in told
    assert (signedin.IDLE_S, signedin.TOTAL_S) == (12 * HOUR, 14 * 24 * HOUR)
    assert (signedin.STAFF_IDLE_S, signedin.STAFF_TOTAL_S) == (HOUR // 2, 8 * HOUR)
