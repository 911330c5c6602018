"""allauth's pages speak our words, in both languages, and repeat what was typed."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.urls import reverse

pytestmark = pytest.mark.django_db
OPEN = ["account_login", "account_signup", "account_reset_password"]
OWN = [
    "account_email", "account_change_password", "account_reauthenticate", "mfa_index",
    "mfa_activate_totp", "mfa_add_webauthn", "mfa_list_webauthn", "socialaccount_connections",
    "usersessions_list",
]  # fmt: skip
THEIRS = [
    "E-mail\n",
    "Huidig wachtwoord",
    "bevestigen)",
    "Account Connecties",
    "Two-Factor",
    "Sign In",
]


@pytest.fixture
def member(client):
    """Somebody who proved a moment ago that it is her."""
    user = User.objects.create_user("noor", "noor@people.example", "a-long-walk-in-the-rain-7")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": "a-long-walk-in-the-rain-7"})
    return user


def page(client, name: str, language: str) -> str:
    client.cookies["django_language"] = language
    answer = client.get(reverse(name))
    assert answer.status_code == 200, (name, answer.headers)
    return answer.content.decode()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_forms_have_our_labels_and_no_placeholders(client, member, language):
    own = {name: page(client, name, language) for name in OWN}
    client.logout()
    pages = own | {name: page(client, name, language) for name in OPEN}

    assert [name for name, text in pages.items() if "placeholder=" in text] == []
    said = [(name, word) for name, text in pages.items() for word in THEIRS if word in text]
    assert said == []
    words = {"en": "Your password now", "nl": "Je wachtwoord nu"}[language]
    assert re.search(rf"<label[^>]*>\s*{words}", pages["account_change_password"])


def test_a_changed_password_is_told_in_our_words(client, member):
    fields = {
        "oldpassword": "a-long-walk-in-the-rain-7",
        "password1": "another-walk-in-the-sun-8",
        "password2": "another-walk-in-the-sun-8",
    }

    answer = client.post(reverse("account_change_password"), fields, follow=True)

    assert "Your new password is saved." in answer.content.decode()
    member.refresh_from_db()
    assert member.check_password("another-walk-in-the-sun-8")


def test_a_used_link_for_a_new_password_leads_to_a_new_one(client):
    answer = client.get(reverse("account_reset_password_from_key", args=["1", "set-password"]))

    text = answer.content.decode()
    assert "This link no longer works" in text
    assert reverse("account_reset_password") in text
