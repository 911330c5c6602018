"""Admins hear by mail of what lasts, once, and when it is over."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config import health, watch
from tests.shop.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(monkeypatch):
    """What the check of the disk says; the others are well."""
    words = {"disk": health.OK}
    make_user(is_superuser=True, is_staff=True, email="admin@market.example")
    checks = {name: lambda _at: health.OK for name in health.CHECKS}
    monkeypatch.setattr(health, "CHECKS", checks | {"disk": lambda _at: words["disk"]})
    return words


def looks(times=1):
    for n in range(times):
        watch.look(timezone.now() + timedelta(minutes=5 * n))
    return [message.subject for message in mail.outbox]


def test_what_lasts_is_told_once_and_its_end_too(said):
    said["disk"] = "97% full where DATA_DIR is"
    assert looks() == []  # it may be a moment
    assert looks(3) == ["Not well: disk"]
    assert "disk: 97% full" in mail.outbox[0].body
    assert mail.outbox[0].to == ["admin@market.example"]

    said["disk"] = health.OK
    assert looks(2)[1:] == ["Well again: disk"]


def test_a_moment_is_not_told(said):
    said["disk"] = "97% full where DATA_DIR is"
    looks()
    said["disk"] = health.OK
    looks()
    said["disk"] = "98% full where DATA_DIR is"
    assert looks() == []


def test_what_comes_and_goes_is_told_of_three_times_a_day(said):
    for _hour in range(20):
        said["disk"] = "97% full where DATA_DIR is"
        looks(2)
        said["disk"] = health.OK
        looks(2)

    subjects = [message.subject for message in mail.outbox]
    assert subjects == [*["Not well: disk", "Well again: disk"] * 2, "Not well: disk"]
    assert "disk comes and goes: no more mail about it today." in mail.outbox[-1].body
    assert "comes and goes" not in mail.outbox[0].body


def test_a_mail_server_that_is_away_is_tried_again(said, settings):
    said["disk"] = "97% full where DATA_DIR is"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 9  # nobody listens
    looks(2)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    assert looks() == ["Not well: disk"]
