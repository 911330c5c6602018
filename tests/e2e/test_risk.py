"""A platform is gone, in a browser: a brand's rehearsal, a creator's kit, and a shopper who goes on."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from affiliates import links
from affiliates.models import Commission, Link
from shop.models import Membership
from tests.affiliates.factories import make_brand, make_collaboration, make_user, make_variant
from tests.affiliates.switching import DAY, switch_off
from tests.affiliates.test_drill import on
from tests.affiliates.test_exposure import link_on, sell
from tests.creators.factories import make_creator
from tests.e2e import steps
from tests.e2e.person import DESK, PHONE
from tests.e2e.test_finding import signed_in
from tests.shop import factories as shops

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_a_brand_rehearses_that_a_platform_is_gone(people, viewport):
    now = timezone.now()
    user, brand = make_user(), make_brand()
    Membership.objects.create(user=user, brand=brand)
    creator = make_creator(handle="baker", followers=2_000, at=now)
    creator.channels.update(platform="tiktok")
    sell(link_on("tiktok", creator, brand), 6_000, at=now - timedelta(days=3))
    sell(link_on("page", creator, brand), 4_000, at=now - timedelta(days=3))
    member = people(viewport=viewport)
    signed_in(member, user)

    member.goto(f"/brand/{brand.slug}/risk/")
    member.sees("What if TikTok is gone?")
    member.sees("60.0% is at risk.")
    member.sees("Ask 1 creator for a second channel")
    hatched = member.page.locator("#drill .mix .hatched")
    expect(hatched).to_have_count(1)

    member.page.locator("#drill .chip", has_text="YouTube").click()
    member.sees("What if YouTube is gone?")
    member.sees("0.0% is at risk.")
    expect(hatched).to_have_count(0)


def test_a_creator_takes_the_missing_links_and_downloads_her_kit(people):
    now = timezone.now()
    creator = make_creator(handle="baker", followers=6_000, user=make_user(), at=now)
    creator.channels.update(platform="tiktok")
    on(creator, "youtube")
    links.accept_terms(creator.user, now)
    brand = make_brand()
    make_collaboration(brand, starts_at=now - timedelta(days=30))
    links.take(creator, product=make_variant(brand).product, platform="tiktok", at=now)
    member = people(viewport=PHONE)
    signed_in(member, creator.user)

    member.goto("/creator/risk/?gone=tiktok")
    member.sees("1 is missing.")
    member.press("Take the missing links")
    member.sees("1 link is ready.")
    with member.page.expect_download() as waiting:
        member.page.get_by_role("link", name="Download the kit (ZIP)").click()

    new = Link.objects.get(creator=creator, platform="youtube")
    with zipfile.ZipFile(waiting.value.path()) as found:
        rows = list(csv.reader(io.StringIO(found.read("links.csv").decode("utf-8-sig"))))
        assert f"qr/youtube-{new.code}.svg" in found.namelist()
    assert [row[4].rpartition("/")[2] for row in rows[1:]] == [new.code]


def test_a_shopper_goes_on_from_a_link_of_a_platform_that_is_off(people):
    now = timezone.now()
    creator = make_creator(handle="baker", followers=6_000, user=make_user(), at=now)
    links.accept_terms(creator.user, now)
    variant = shops.make_variant(title="Stoneware mug")
    make_collaboration(variant.brand, starts_at=now - 30 * DAY)
    old = links.take(creator, product=variant.product, platform="tiktok", at=now)
    switch_off(now, start=now - 9 * DAY)  # past the time in which clicks earn
    shopper = people(viewport=PHONE)

    shopper.goto(f"/go/{old.code}")
    shopper.sees("TikTok is switched off where Baker lives.")
    shopper.checks_page()
    shopper.page.get_by_role("link", name="Go on to Stoneware mug").click()
    shopper.page.wait_for_url("**/shop/**")
    steps.orders(shopper)
    steps.pays(shopper)

    earned = Commission.objects.get()
    assert (earned.creator, earned.link.platform, earned.state) == (creator, "page", "pending")
