"""The desk looks at links and offers, and can switch links off."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from affiliates import links
from tests.affiliates.test_links import enrolled, offered

pytestmark = pytest.mark.django_db
NAMES = (
    "link creatorcode linkday attribution collaboration participation samplerequest "
    "platformswitch shortlist linkblock switchchange"
)


@pytest.fixture
def desk(client):
    admin = get_user_model().objects.create_superuser("desk", "desk@people.example")
    Authenticator.objects.create(user=admin, type="totp", data={"secret": "x"})
    client.force_login(admin)
    return client


@pytest.mark.parametrize("name", NAMES.split())
def test_every_list_opens(desk, name):
    links.take(enrolled(), offered(), at=timezone.now())
    address = reverse(f"admin:affiliates_{name}_changelist")
    assert desk.get(address).status_code == 200
    assert desk.get(address, {"q": "noor"}).status_code == 200


def test_a_link_is_never_deleted(desk):
    link = links.take(enrolled(), offered(), at=timezone.now())
    assert desk.get(reverse("admin:affiliates_link_delete", args=[link.pk])).status_code == 403


def test_an_offer_shows_its_rates(desk):
    link = links.take(enrolled(), offered(), at=timezone.now())
    address = reverse("admin:affiliates_collaboration_change", args=[link.collaboration_id])
    assert desk.get(address).status_code == 200
