"""Two admins are two people: neither may become the other, or make a third."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from tests.affiliates.factories import make_user, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def other():
    """The second admin, signed in somewhere with a second factor."""
    user = make_user(is_staff=True, is_superuser=True, password="kaap-duin-3381-wolk")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    there = Client()
    sign_in(there, user)
    UserSession.objects.create(
        user=user, ip="192.0.2.1", user_agent="x", session_key=there.session.session_key
    )
    return user


@pytest.fixture
def desk(client):
    """The first admin's browser: a superuser with a fresh second factor."""
    sign_in(client, make_user(is_staff=True, is_superuser=True))
    client.raise_request_exception = False
    return client


def page(model, pk, kind="change") -> str:
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    return reverse(f"admin:{label}_{kind}", args=[pk])


def test_an_admin_cannot_take_over_another_admins_account(desk, other):
    before = User.objects.filter(pk=other.pk).values().get()
    new = {"password1": "another-word-4711", "password2": "another-word-4711"}
    for url, form in [
        (f"/admin/auth/user/{other.pk}/password/", {**new, "usable_password": "true"}),
        (page(User, other.pk), {"username": "mine", "email": "mine@people.example"}),
    ]:
        desk.post(url, form)
    desk.post(
        page(EmailAddress, EmailAddress.objects.get(user=other).pk),
        {"user": other.pk, "email": "mine@people.example", "verified": "on", "primary": "on"},
    )

    assert User.objects.filter(pk=other.pk).values().get() == before
    assert EmailAddress.objects.get(user=other).email == other.email


def test_an_admin_cannot_add_an_address_to_another_account(desk, other):
    form = {"user": other.pk, "email": "mine@people.example", "verified": "on"}
    desk.post(reverse("admin:account_emailaddress_add"), form)

    assert EmailAddress.objects.filter(user=other).count() == 1


def test_no_page_of_the_admin_shows_what_signs_another_person_in(desk, other):
    seen = ""
    for model, row in [
        (Authenticator, Authenticator.objects.get(user=other)),
        (UserSession, UserSession.objects.get(user=other)),
        (User, other),
    ]:
        answer = desk.get(page(model, row.pk))
        assert answer.status_code == 200
        seen += answer.content.decode()

    assert other.username in seen
    session, factor = UserSession.objects.get(user=other), Authenticator.objects.get(user=other)
    other.refresh_from_db()
    assert session.session_key not in seen
    assert factor.data["secret"] not in seen
    assert other.password.rpartition("$")[2] not in seen


def test_a_second_factor_of_staff_is_not_taken_away_in_the_admin(desk, other):
    factor = Authenticator.objects.get(user=other)
    desk.post(page(Authenticator, factor.pk, "delete"), {"post": "yes"})
    desk.post(
        reverse("admin:mfa_authenticator_changelist"),
        {"action": "delete_selected", "_selected_action": [factor.pk], "post": "yes"},
    )

    assert Authenticator.objects.filter(pk=factor.pk).exists()


def test_nobody_becomes_staff_in_the_admin(desk):
    person = make_user()
    rights = {"is_staff": "on", "is_superuser": "on", "is_active": "on", "groups": [
        Group.objects.get_or_create(name="finance")[0].pk]}  # fmt: skip
    desk.post(page(User, person.pk), {"username": person.username, **rights})
    if "add" in {str(url.name) for url in admin.site._registry[User].urls}:
        desk.post(
            "/admin/auth/user/add/",
            {"username": "third", "password1": "a-third-word-12", "password2": "a-third-word-12"},
        )

    person.refresh_from_db()
    assert (person.is_staff, person.is_superuser, person.groups.count()) == (False, False, 0)
    assert not User.objects.filter(username="third").exists()


def test_an_account_can_be_switched_off_in_the_admin(desk):
    person = make_user()
    assert desk.post(page(User, person.pk), {}).status_code == 302
    person.refresh_from_db()
    assert person.is_active is False


def test_who_is_staff_is_said_on_the_server(capsys):
    person = make_user()
    call_command("staff", person.email.upper(), "--group", "finance")
    person.refresh_from_db()
    assert (person.is_staff, [g.name for g in person.groups.all()]) == (True, ["finance"])

    call_command("staff", person.email, "--remove")
    person.refresh_from_db()
    assert (person.is_staff, person.groups.count()) == (False, 0)

    with pytest.raises(CommandError, match="nobody"):
        call_command("staff", "nobody@people.example")


def test_uploads_ask_staff_for_their_second_factor(client):
    admin_ = make_user(is_staff=True, is_superuser=True)
    client.force_login(admin_)

    answer = client.get("/media/feeds/1/catalogue.csv")

    assert (answer.status_code, answer.headers.get("Location")) == (302, "/accounts/2fa/")
