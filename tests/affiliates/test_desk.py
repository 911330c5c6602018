"""The admin's first page: what waits, how much of it, since when, and where to act."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from affiliates.models import RiskFlag
from tests.affiliates.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _past_the_second_factor(settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "config.middleware" not in name]


def queues(client) -> list[list[str]]:
    """Return the rows of the table as text: queue, waiting, since."""
    page = client.get(reverse("admin:index")).content.decode()
    body = page[page.index('id="waiting"') :].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.split(r"</t[hd]>", row) for row in body.split("<tr>")[1:]]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row[:3]] for row in rows]


def flag(n: int, days: int, state: str = "open") -> RiskFlag:
    return RiskFlag.objects.create(
        rule="click_burst", subject=f"link:{n}", evidence_hash=str(n), state=state,
        opened_at=timezone.now() - timedelta(days=days),
    )  # fmt: skip


def test_what_waits_comes_first_with_its_number_and_age(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    flag(1, days=3), flag(2, days=1), flag(3, days=9, state="cleared")

    first, *others = queues(client)

    assert first == ["risk flags to decide", "2", "3\xa0days"]
    assert others
    assert {row[1] for row in others} == {"0"}


def test_a_queue_leads_to_its_rows(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    flag(1, days=3), flag(2, days=9, state="cleared")
    page = client.get(reverse("admin:index")).content.decode()
    url = re.search(r'href="([^"]+)">risk flags to decide', page)[1].replace("&amp;", "&")

    listed = client.get(url)

    assert (listed.status_code, listed.context["cl"].result_count) == (200, 1)


def test_staff_see_the_queues_they_may_open(client):
    user = make_user(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_dispute"))
    client.force_login(user)

    assert [row[0] for row in queues(client)] == ["disputes to answer"]
