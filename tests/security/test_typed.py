"""What was typed is not lost when a session ends, or when somebody must prove who she is."""

import html
import re

import pytest
from allauth.account.models import EmailAddress

from config.lib import typed
from shop.models import DiscountCode, TeamInvitation
from tests.affiliates.factories import make_brand, make_user, sign_in
from tests.security.test_sessions import HOUR, WORD, age

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    owner = make_user(password=WORD)
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    owner.brand = make_brand()
    owner.brand.memberships.create(user=owner, role="owner")
    owner.page = f"/brand/{owner.brand.slug}/discounts/"
    return owner


def sign_in_again(client, user, next_page):
    return client.post(
        f"/accounts/login/?next={next_page}", {"login": user.email, "password": WORD}
    )["Location"]


def send_again(client, answer):
    """Press the button of the page that offers it, as a browser does; return what came of it."""
    page = answer.content.decode()
    to = re.search(r'<form class="card stack g14" method="post" action="([^"]+)"', page)[1]
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(html.unescape(value))
    return client.post(html.unescape(to), fields)


def test_a_form_that_is_sent_after_the_session_ended_is_sent_on_after_signing_in(client, owner):
    sign_in(client, owner, second_factor=False)
    age(client, seen_at=13 * HOUR)
    sent = {"code": "SPRING", "percent": "10", "products": ""}

    away = client.post(owner.page, sent)

    assert away["Location"] == f"/accounts/login/?next={owner.page}"
    assert "What you typed is kept" in client.get(away["Location"]).content.decode()
    assert "SPRING" not in client.session[typed.KEPT]
    assert sign_in_again(client, owner, owner.page) == owner.page
    assert not DiscountCode.objects.exists()
    assert send_again(client, client.get(owner.page)).status_code == 302
    assert DiscountCode.objects.get().code == "SPRING"
    assert "What you typed is still here" not in client.get(owner.page).content.decode()


def test_what_was_kept_opens_for_her_alone_and_is_left_when_she_says_so(client, owner):
    other = make_user(password=WORD)
    EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
    owner.brand.memberships.create(user=other, role="owner")
    for _n in range(2):
        sign_in(client, owner, second_factor=False)
        age(client, seen_at=13 * HOUR)
        client.post(owner.page, {"code": "SPRING", "percent": "10", "password": "not this"})
        sign_in_again(client, [other, owner][_n], owner.page)
        page = client.get(owner.page).content.decode()
        assert ("SPRING" in page) == (_n == 1)
        assert "not this" not in page
        client.post("/accounts/logout/") if _n == 0 else None

    leave = html.unescape(re.search(r'href="([^"]+leave_typed=1)"', page)[1])
    assert client.get(leave)["Location"] == owner.page
    assert "still here" not in client.get(owner.page).content.decode()
    assert typed.KEPT not in client.session


def test_who_must_prove_who_she_is_first_sends_on_what_she_typed(client, owner):
    client.force_login(owner)  # no proof with it
    team = f"/brand/{owner.brand.slug}/team/"

    asked = client.post(team, {"email": "new@people.example", "role": "member"})
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    back = client.post(asked["Location"], {"password": WORD})["Location"]

    assert back == team and not TeamInvitation.objects.exists()
    assert send_again(client, client.get(team)).status_code == 302
    assert TeamInvitation.objects.get().email == "new@people.example"


def test_a_stranger_who_is_nobody_has_nothing_kept(client, owner):
    away = client.post(owner.page, {"code": "SPRING"})
    assert away["Location"].startswith("/accounts/login/")
    assert typed.KEPT not in client.session
