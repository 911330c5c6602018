"""Where keys and webhooks are made, and the page that explains the API."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from affiliates import apitokens
from affiliates.models import ApiToken
from shop.models import Membership
from tests.affiliates.factories import sign_in
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand

pytestmark = pytest.mark.django_db


# ------------------------------------------------------------------ pages


def test_a_key_is_made_by_an_owner_who_confirmed_and_shown_once(brand):
    page, now = f"/brand/{brand.slug}/api/", timezone.now()
    wanted = {"name": "shop", "scopes": ["stock:write"], "days": "90"}
    client, user = Client(), brand.memberships.get().user
    user.set_password("correct horse battery")
    user.save()
    client.force_login(user)
    asked = client.post(page, wanted)
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    sign_in(client, brand.memberships.get().user, second_factor=False)
    shown = client.post(page, wanted, follow=True).content.decode()
    row = ApiToken.objects.get()
    assert row.scopes == ["stock:write"] and row.expires_at > now + timedelta(days=89)
    word = next(part for part in shown.split('"') if part.startswith("thd_"))
    assert apitokens.digest(word) == row.digest
    assert word not in client.get(page).content.decode()
    assert client.post(page, wanted | {"scopes": ["links:write"]}).status_code == 422
    client.post(f"{page}{row.pk}/revoke/")
    with pytest.raises(apitokens.NoToken):
        apitokens.find(word, timezone.now())
    member = make_user()
    Membership.objects.create(user=member, brand=brand, role="member")
    sign_in(client, member, second_factor=False)
    assert [client.get(page).status_code, client.post(page, wanted).status_code] == [403, 403]
    rival = make_brand(owner=make_user())
    sign_in(client, rival.memberships.get().user, second_factor=False)
    assert client.post(f"/brand/{rival.slug}/api/{row.pk}/revoke/").status_code == 404


def test_a_webhook_is_added_tested_turned_and_removed_on_its_page(creator, settings):
    settings.PRIVATE_WEBHOOKS_TO = "http://127.0.0.1:9"
    client = Client()
    sign_in(client, creator.user, second_factor=False)
    made = client.post(
        "/creator/webhooks/", {"url": "http://127.0.0.1:9/x", "kinds": ["payout.updated"]}
    )
    page = made["Location"]
    row = creator.endpoints.get()
    assert row.secret in client.get(page).content.decode()
    assert row.secret not in client.get(page).content.decode()
    client.post(f"{page}test/")
    client.post(f"{page}secret/")
    assert creator.endpoints.get().old_secret == row.secret
    client.post(f"{page}switch/", {"on": "0"})
    assert row.deliveries.get().state == "dead"
    client.post(f"{page}replay/")
    assert row.deliveries.get().state == "dead"  # it is off
    client.post(f"{page}switch/", {"on": "1"})
    client.post(f"{page}replay/", {"delivery": str(row.deliveries.get().pk)})
    assert row.deliveries.get().state == "waiting"
    assert "endpoint.test" in client.get(f"{page}?state=waiting").content.decode()
    other = Client()
    sign_in(other, make_creator(user=make_user()).user, second_factor=False)
    for what in ("", "test/", "secret/", "switch/", "replay/", "remove/"):
        method = other.post if what else other.get
        assert method(page + what).status_code == 404
    assert (
        client.post("/creator/webhooks/", {"url": "http://10.0.0.1/", "kinds": ["x"]}).status_code
        == 422
    )
    client.post(f"{page}remove/")
    assert not creator.endpoints.exists()


def test_the_reference_is_a_page_without_script_and_a_description():
    answer = Client().get("/api/v1/docs")
    shown = answer.content.decode()
    told = Client().get("/api/v1/openapi.json").json()
    assert answer.status_code == 200 and "is_from_thousand" in shown
    for path in told["paths"]:
        assert path in shown
    assert told["openapi"] == "3.1.0" and len(told["paths"]) >= 16
    for methods in told["paths"].values():
        for operation in methods.values():
            assert operation["security"] == [{"Token": []}]
