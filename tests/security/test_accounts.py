"""Signing in, what proves who it is, and what nobody learns or skips on the way."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import timezone

from config.lib.http import client_address
from config.lib.ratelimit import who
from tests.affiliates.factories import make_user, sign_in

pytestmark = pytest.mark.django_db
WORD = "kaap-duin-3381-wolk"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def person():
    user = make_user(password=WORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def guarded(person):
    """Somebody with an authenticator and recovery codes."""
    TOTP.activate(person, SEED)
    RecoveryCodes.activate(person)
    return person


def code() -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(SEED, counter))


def code_in(body: str) -> str:
    """Return the code of a mail: alone on its line."""
    lines = [line.strip() for line in body.splitlines()]
    return next(line for line in lines if re.fullmatch(r"[A-Z0-9]{3,5}-?[A-Z0-9]{3,5}", line))


def give_password(client, user):
    return client.post("/accounts/login/", {"login": user.email, "password": WORD})


def is_signed_in(client) -> bool:
    return client.get("/accounts/email/").status_code == 200


def test_passwords_are_not_guessed_whatever_address_the_guesser_claims(client, person):
    seen = []
    for n in range(8):
        answer = client.post(
            "/accounts/login/",
            {"login": person.email, "password": f"guess-number-{n}"},
            HTTP_X_FORWARDED_FOR=f"192.0.2.{n}",
        )
        seen.append("Too many" in answer.content.decode())
    assert seen[4] is False and seen[-1] is True
    give_password(client, person)
    assert not is_signed_in(client)  # not now, not even with the right one
    assert User.objects.get(pk=person.pk).is_active  # nobody locks her out for good


def test_one_password_for_many_accounts_ends_in_429(client):
    seen = [
        client.post("/accounts/login/", {"login": f"p{n}@people.example", "password": "summer-2026!"})
        for n in range(31)
    ]  # fmt: skip
    assert "Too many" in seen[-1].content.decode() or seen[-1].status_code == 429


@pytest.mark.parametrize(
    ("proxies", "sent", "believed"),
    [
        (0, "203.0.113.9", "192.0.2.7"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.7"),
    ],
)
def test_only_what_trusted_proxies_say_is_an_address(settings, proxies, sent, believed):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    environ = {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": sent}
    assert client_address(environ) == believed

    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR=sent)
    from django.contrib.auth.models import AnonymousUser

    request.user = AnonymousUser()
    assert who(request) == believed


def test_no_page_says_whether_an_address_has_an_account(client, person):
    def page(path, email, **more):
        answer = Client().post(path, {"email": email, **more})
        return answer.status_code, answer.headers.get("Location")

    word = {"password1": "zeven-wolken-boven-4711"}
    for path, more in [("/accounts/password/reset/", {}), ("/accounts/signup/", word)]:
        known = page(path, person.email, **more)
        assert known == page(path, "nobody@people.example", **more)
        assert known[0] == 302
    bodies = []
    for email in (person.email, "nobody@people.example"):
        form = {"login": email, "password": "not-the-word-1"}
        page = Client().post("/accounts/login/", form).content.decode().replace(email, "who")
        bodies.append(re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"\w+"', "", page))
    assert bodies[0] == bodies[1]


def test_without_the_second_factor_no_page_opens(client, guarded):
    assert give_password(client, guarded).headers["Location"].startswith("/accounts/2fa/auth")
    for path in ("/accounts/email/", "/start/", "/accounts/2fa/", "/accounts/sessions/"):
        assert client.get(path).status_code == 302
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not is_signed_in(client)

    client.post("/accounts/2fa/authenticate/", {"code": code()})
    assert is_signed_in(client)


def test_a_code_is_good_once(guarded):
    once = code()
    first, second = Client(), Client()
    for client in (first, second):
        give_password(client, guarded)
    first.post("/accounts/2fa/authenticate/", {"code": once})
    second.post("/accounts/2fa/authenticate/", {"code": once})
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_a_recovery_code_is_good_once(guarded):
    codes = RecoveryCodes(Authenticator.objects.get(user=guarded, type="recovery_codes"))
    once = codes.get_unused_codes()[0]
    assert (len(once), once.isdigit()) == (8, True)
    first, second = Client(), Client()
    for client in (first, second):
        give_password(client, guarded)
        client.post("/accounts/2fa/authenticate/", {"code": once})
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_seeds_of_second_factors_are_sealed_at_rest(guarded, settings):
    rows = Authenticator.objects.filter(user=guarded)
    totp, codes = rows.get(type="totp"), rows.get(type="recovery_codes")
    assert SEED not in str(totp.data)
    assert totp.data["secret"].startswith("gAAAA")
    assert codes.data["seed"].startswith("gAAAA")

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, [settings.SECRET_KEY]
    assert totp.wrap().validate_code(code())


def test_a_new_password_by_mail_keeps_the_second_factor(client, guarded):
    client.post("/accounts/password/reset/", {"email": guarded.email})
    link = next(word for word in mail.outbox[-1].body.split() if "/password/reset/key/" in word)
    path = client.get(link.removeprefix(settings.SITE_URL), follow=True).redirect_chain[-1][0]
    new = {"password1": "zeven-wolken-boven-4711", "password2": "zeven-wolken-boven-4711"}
    client.post(path, new)
    assert not is_signed_in(client)

    answer = Client().post(
        "/accounts/login/", {"login": guarded.email, "password": new["password1"]}
    )
    assert answer.headers["Location"].startswith("/accounts/2fa/auth")


def test_a_link_for_a_new_password_works_for_an_hour_and_once(client, person, time_machine):
    def ask() -> str:
        Client().post("/accounts/password/reset/", {"email": person.email})
        word = next(one for one in mail.outbox[-1].body.split() if "/password/reset/key/" in one)
        return word.removeprefix(settings.SITE_URL)

    def opens(path: str) -> bool:
        return b'name="password1"' in Client().get(path, follow=True).content

    time_machine.move_to(timezone.now(), tick=False)
    link = ask()
    time_machine.shift(3_599)
    assert opens(link)
    time_machine.shift(2)
    assert not opens(link)

    link = ask()
    path = client.get(link, follow=True).redirect_chain[-1][0]
    new = {"password1": "zeven-wolken-boven-4711", "password2": "zeven-wolken-boven-4711"}
    client.post(path, new)
    person.refresh_from_db()
    assert person.check_password(new["password1"])
    assert not opens(link)


def test_what_signs_in_is_changed_only_after_proving_who_it_is(client, person):
    client.force_login(person)
    for path, form in [
        ("/accounts/email/", {"email": "new@people.example", "action_add": ""}),
        ("/accounts/2fa/totp/activate/", {"code": "123456"}),
        ("/accounts/sessions/", {}),
    ]:
        answer = client.post(path, form)
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/"), path
    assert not EmailAddress.objects.filter(email="new@people.example").exists()


@pytest.mark.django_db(transaction=True)  # the signal waits for the commit, within the request
def test_a_new_second_factor_ends_every_other_session(client, person):
    elsewhere = Client()
    give_password(elsewhere, person)
    give_password(client, person)
    assert is_signed_in(elsewhere)
    client.post("/accounts/reauthenticate/", {"password": WORD})
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    counter = next(iter(yield_hotp_counters_from_time()))
    given = format_hotp_value(hotp_value(secret, counter))
    client.post("/accounts/2fa/totp/activate/", {"code": given})

    assert Authenticator.objects.filter(user=person, type="totp").exists()
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


def test_a_code_by_mail_belongs_to_its_own_sign_up_and_ends_after_ten_minutes(client, time_machine):
    def sign_up(at, email):
        at.post("/accounts/signup/", {"email": email, "password1": "zeven-wolken-boven-4711"})
        return code_in(mail.outbox[-1].body)

    other = Client()
    mine, theirs = sign_up(client, "ann@people.example"), sign_up(other, "bob@people.example")
    path = "/accounts/confirm-email/"
    client.post(path, {"code": theirs})
    assert not EmailAddress.objects.filter(verified=True).exists()

    time_machine.move_to(timezone.now() + timedelta(seconds=601))
    client.post(path, {"code": mine})
    assert not EmailAddress.objects.filter(verified=True).exists()

    other.post(path, {"code": theirs})
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_a_code_by_mail_is_not_guessed(client):
    client.post(
        "/accounts/signup/",
        {"email": "ann@people.example", "password1": "zeven-wolken-boven-4711"},
    )
    word = code_in(mail.outbox[-1].body)
    assert len(word.replace("-", "")) >= 6
    for n in range(3):
        client.post("/accounts/confirm-email/", {"code": f"BCDF{n}"})
    client.post("/accounts/confirm-email/", {"code": word})
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_password_fields_hide_and_let_managers_fill_them_in(client, person):
    pages = [
        client.get(path).content.decode() for path in ("/accounts/login/", "/accounts/signup/")
    ]
    sign_in(client, person, second_factor=False)
    pages.append(client.get("/accounts/password/change/").content.decode())
    for page in pages:
        assert 'type="password"' in page
        assert "onpaste" not in page and 'autocomplete="off"' not in page
    assert 'autocomplete="current-password"' in pages[0]
    assert 'autocomplete="new-password"' in pages[1]


def test_a_signed_in_page_has_the_way_out(client, person):
    client.force_login(person)
    page = client.get("/accounts/email/").content.decode()
    assert "/accounts/logout/" in page
