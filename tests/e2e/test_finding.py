"""A brand finds creators in a browser: live, shareable, kept."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore
from django.utils import timezone
from playwright.sync_api import expect

from affiliates.models import SavedSearch
from shop.models import Membership
from tests.affiliates.factories import make_brand
from tests.creators.factories import make_creator, make_user
from tests.e2e.person import DESK, PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def signed_in(person, user) -> None:
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    person.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": person.url}]
    )


@pytest.mark.parametrize(
    "viewport",
    [pytest.param(PHONE, id="phone"), pytest.param(DESK, id="desk", marks=pytest.mark.slow)],
)
def test_a_brand_searches_live_shares_the_address_and_keeps_the_search(people, viewport):
    user, brand = make_user(), make_brand()
    Membership.objects.create(user=user, brand=brand)
    for n in range(14):
        make_creator(handle=f"baker{n}", followers=2_000 + n, at=timezone.now(), country="NL")
    make_creator(handle="potter", followers=3_000, at=timezone.now(), country="BE")
    member = people(viewport=viewport)
    signed_in(member, user)
    page = member.page
    member.goto(f"/brand/{brand.slug}/creators/")
    member.sees("15 creators")

    if viewport == PHONE:
        page.locator('label[for="show-filters"]').first.click()
    member.fill(country="BE")
    expect(page.locator("#found")).to_have_text("1 creator")
    expect(page).to_have_url(re.compile("country=BE"))
    shared = people(viewport=viewport, inspects=False)
    signed_in(shared, user)
    shared.goto(page.url.removeprefix(member.url))
    shared.sees("Potter")
    page.locator("summary:has-text('why here?')").first.click()
    member.sees("Together 50 of 100")

    page.locator(".seg a", has_text="Table").click()
    expect(page.locator("#results table")).to_contain_text("Potter")
    page.locator('[name="name"]').fill("From Belgium")
    member.press("Save this search")
    member.sees("From Belgium is saved")
    saved = SavedSearch.objects.get()
    assert (saved.brand, saved.filters["country"]) == (brand, "BE")
    member.checks_page(wide=True)

    page.set_viewport_size(viewport)
    member.goto(f"/brand/{brand.slug}/creators/")
    page.get_by_role("link", name="More creators").click()
    member.sees("15 creators")
    assert page.locator("#results article").count() == 3
    member.checks_page()
