"""The page of a brand's own shop: connect, see the secret once, rotate, replay, switch off."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from shop import integrations
from shop.models import Integration, Membership, WebhookEvent
from tests.affiliates.factories import sign_in
from tests.shop.factories import make_brand, make_user, make_variant

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"[\w-]{43}")


@pytest.fixture
def brand():
    brand = make_brand(owner=make_user())
    make_variant(brand=brand)
    return brand


def signed_in(user) -> Client:
    client = Client()
    sign_in(client, user, second_factor=False)
    return client


def owner_of(brand) -> Client:
    return signed_in(brand.memberships.get(role="owner").user)


def page(brand) -> str:
    return f"/brand/{brand.slug}/integrations/"


def connect(client, brand, **facts):
    facts = {
        "provider": "woocommerce",
        "domain": "https://www.Mill.example/shop",
        "days": "5",
    } | facts
    return client.post(page(brand), facts, follow=True)


def test_the_secret_is_shown_once(brand):
    client = owner_of(brand)
    shown = connect(client, brand).content.decode()
    row = Integration.objects.get()
    assert (row.domain, row.provider, row.state, row.delivered_after_days) == (
        "mill.example", "woocommerce", "new", 5
    )  # fmt: skip
    assert row.secret in shown and SECRET.fullmatch(row.secret)
    assert f"/hooks/woocommerce/{row.pk}/" in shown
    assert row.secret not in client.get(page(brand)).content.decode()
    client.post(f"{page(brand)}{row.pk}/secret/")
    before, row = row.secret, Integration.objects.get()
    assert row.old_secret == before != row.secret
    assert row.secret in client.get(page(brand)).content.decode()
    assert row.secret not in client.get(page(brand)).content.decode()


def test_shopifys_secret_is_typed_and_never_shown(brand):
    client = owner_of(brand)
    answer = connect(client, brand, provider="shopify")
    assert (answer.status_code, Integration.objects.count()) == (422, 0)
    secret = "shpss_" + "0a" * 16
    shown = connect(client, brand, provider="shopify", secret=secret).content.decode()
    assert Integration.objects.get().secret == secret
    assert secret not in shown


@pytest.mark.parametrize(
    "domain", ["", "mill", "10.0.0.1", "https://[", "a b.example", "localhost"]
)
def test_an_address_that_is_none_is_refused(brand, domain):
    assert connect(owner_of(brand), brand, domain=domain).status_code == 422
    assert not Integration.objects.exists()


def test_a_member_looks_and_replays_but_learns_no_secret(brand):
    row = integrations.connect(brand, "api", "mill.example", days=4, at=timezone.now())
    event = WebhookEvent.objects.create(
        gateway="api", external_id="1", kind="order", about="A-1", integration=row, body_sha256="",
        outcome="refused", note="left_out: JAR",
        body={"received_at": timezone.now().isoformat(), "told": {"kind": "order", "about": "A-1"}},
    )  # fmt: skip
    member = make_user()
    Membership.objects.create(user=member, brand=brand, role="member")
    client = signed_in(member)
    shown = client.get(page(brand)).content.decode()
    assert "Left out, no product of yours here: JAR." in shown
    assert row.secret not in shown
    answers = [
        client.post(f"{page(brand)}{row.pk}/{what}/").status_code for what in ("secret", "switch")
    ]
    assert [*answers, connect(client, brand).status_code] == [403, 403, 403]
    client.post(f"{page(brand)}events/{event.pk}/replay/")
    event.refresh_from_db()
    assert (event.outcome, event.note) == ("ignored", "waiting")
    other = make_brand(owner=make_user())
    theirs = owner_of(other).post(f"/brand/{other.slug}/integrations/events/{event.pk}/replay/")
    assert theirs.status_code == 404


def test_an_owner_switches_it_off_and_on(brand):
    row = integrations.connect(brand, "api", "mill.example", days=4, at=timezone.now())
    client = owner_of(brand)
    for on, state in (("0", "off"), ("1", "new")):
        client.post(f"{page(brand)}{row.pk}/switch/", {"on": on})
        assert Integration.objects.get().state == state


def test_the_page_asks_the_same_number_of_questions(brand, django_assert_max_num_queries):
    client, now = owner_of(brand), timezone.now()
    for k in range(3):
        row = integrations.connect(
            brand, "shopify", f"mill{k}.example", days=4, secret="x" * 20, at=now
        )
        for n in range(20):
            WebhookEvent.objects.create(
                gateway="shopify", external_id=f"{row.pk}:{n}", kind="orders/paid", about=str(n),
                integration=row, body={}, body_sha256="", outcome="applied",
            )  # fmt: skip
    with django_assert_max_num_queries(12):
        shown = client.get(page(brand), headers={"accept-language": "nl"})
    assert shown.content.decode().count("orders/paid") >= 50
