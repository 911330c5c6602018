"""Passkeys with a virtual authenticator: made, used alone, used as the second factor."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model

from tests.e2e.person import PASSWORD
from tests.e2e.steps import SUBMIT

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
ADDRESS = "keys@staff.example"


class Key:
    """A security key in somebody's browser."""

    def __init__(self, person) -> None:
        self.cdp = person.context.new_cdp_session(person.page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }  # fmt: skip
        added = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = added["authenticatorId"]

    def holds(self) -> list[dict]:
        asked = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return asked["credentials"]


@pytest.fixture
def admin(people):
    """An admin without a second factor, signed in by password alone."""
    user = get_user_model().objects.create_superuser(ADDRESS, ADDRESS, PASSWORD)
    EmailAddress.objects.create(user=user, email=ADDRESS, verified=True, primary=True)
    person = people()
    types_password(person)
    person.page.wait_for_url("**/2fa/**")  # the admin wants a second factor first
    return person


def types_password(person) -> None:
    person.goto("/accounts/login/?next=/admin/")
    person.fill(login=ADDRESS, password=PASSWORD)
    person.page.locator(SUBMIT).first.click()


def adds_key(person, *, alone: bool) -> Key:
    key = Key(person)
    person.goto("/accounts/2fa/webauthn/add/")
    person.fill(password=PASSWORD)  # what changes a sign-in is asked for again
    person.page.locator(SUBMIT).first.click()
    person.page.wait_for_url("**/webauthn/add/")
    person.fill(name="My key")
    if alone:
        person.tick("passwordless")
    person.checks_page(wide=True)
    person.page.locator("#mfa_webauthn_add").click()
    person.page.wait_for_url("**/2fa/recovery-codes/")
    person.checks_page()
    return key


def signs_out(person) -> None:
    person.goto("/accounts/logout/")
    person.checks_page()
    person.page.locator(SUBMIT).first.click()
    person.page.wait_for_url(f"{person.url}/")


def test_a_passkey_signs_in_without_a_password(admin):
    key = adds_key(admin, alone=True)
    assert [one["isResidentCredential"] for one in key.holds()] == [True]
    admin.goto("/accounts/2fa/webauthn/")
    admin.checks_page(wide=True)
    signs_out(admin)

    admin.goto("/accounts/login/")
    admin.page.locator("#passkey_login").click()
    admin.page.wait_for_url("**/admin/")

    assert Authenticator.objects.get(type="webauthn").last_used_at is not None
    assert key.holds()[0]["signCount"] > 1


def test_a_security_key_is_the_second_factor(admin):
    admin.inspects = False  # the test above looks at these pages
    key = adds_key(admin, alone=False)
    signs_out(admin)
    admin.inspects = True

    types_password(admin)
    admin.page.wait_for_url("**/2fa/**")
    admin.checks_page(wide=True)
    admin.page.locator("#mfa_webauthn_authenticate").click()
    admin.page.wait_for_url("**/admin/")

    assert Authenticator.objects.get(type="webauthn").last_used_at is not None
    assert key.holds()[0]["signCount"] > 1


def test_a_browser_without_the_key_stays_outside(admin, people):
    admin.inspects = False
    adds_key(admin, alone=True)
    stranger = people()
    Key(stranger)

    stranger.goto("/accounts/login/?next=/admin/")
    stranger.page.locator("#passkey_login").click()
    stranger.sees("The key did not answer")

    stranger.goto("/admin/")
    assert "/accounts/login/" in stranger.page.url
