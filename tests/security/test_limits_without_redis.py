"""While Redis is away guessers stay out: PostgreSQL counts, and nobody else notices."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from config import tasks
from config.cache import BESIDE, ForgivingRedisCache
from tests.affiliates.factories import make_user
from tests.security.test_accounts import SEED, WORD, code, give_password, is_signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_redis(settings, monkeypatch):
    monkeypatch.setattr(ForgivingRedisCache, "silent_until", 0.0)
    nobody = {"LOCATION": "redis://127.0.0.1:1/1"}
    settings.CACHES = settings.CACHES | {
        name: settings.CACHES[name] | nobody for name in ("default", "strict")
    }


@pytest.fixture
def person():
    user = make_user(password=WORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def kept() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT cache_key, value FROM {BESIDE}")
        return cursor.fetchall()


def test_whoever_knows_the_word_signs_in(client, person):
    give_password(client, person)
    assert is_signed_in(client)


def test_passwords_are_not_guessed(client, person):
    for n in range(6):
        answer = client.post(
            "/accounts/login/", {"login": person.email, "password": f"guess-number-{n}"}
        )
    assert "Too many" in answer.content.decode()
    give_password(client, person)
    assert not is_signed_in(client)
    elsewhere = Client(REMOTE_ADDR="192.0.2.9")
    other = make_user(password=WORD)
    EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
    give_password(elsewhere, other)
    assert is_signed_in(elsewhere)  # nobody else is kept out
    assert "127.0.0.1" not in str(kept()) and person.email not in str(kept())


def test_a_code_is_good_once(person):
    TOTP.activate(person, SEED)
    once, first, second = code(), Client(), Client()
    for client in (first, second):
        give_password(client, person)
        client.post("/accounts/2fa/authenticate/", {"code": once})
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_only_what_keeps_guessers_out_is_kept_there():
    cache.set("a page", "words", 60)
    assert (cache.get("a page"), kept()) == (None, [])
    cache.set("allauth:rl:x", [1.0], 60)
    assert cache.get("allauth:rl:x") == [1.0]
    assert cache.add("allauth:rl:x", [2.0], 60) is False
    assert cache.delete("allauth:rl:x") is True
    assert kept() == []


def test_what_ran_out_is_deleted(time_machine):
    cache.set("allauth:rl:x", [1.0], 60)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {BESIDE} SET expires = %s", [timezone.now() - timedelta(days=1)])
    tasks.forget_sessions()
    assert kept() == []
