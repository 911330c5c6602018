"""A link that stands in for one of a dark platform: what a click on it is promised."""

from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates import (
    collaborations,
    holds,
    linkcache,
    links,
    offerdays,
    promises,
    referral,
    standins,
    switches,
)
from affiliates.models import Attribution, Commission, Link, SwitchChange
from affiliates.rates import LOCK
from creators.models import Creator
from shop.models import Product
from tests.affiliates.clicking import uid_at
from tests.affiliates.factories import make_collaboration, make_user
from tests.affiliates.switching import DAY, end, switch_off
from tests.affiliates.test_cases import rule, uphold
from tests.affiliates.test_drill import on
from tests.creators.factories import make_creator
from tests.shop.factories import make_brand, make_variant
from tests.test_journeys import CHROME, to_payment

pytestmark = pytest.mark.django_db
TAKEN = 11  # days ago; 15 % then, 8 % was announced a day later and counts since three days ago
NEVER = float("inf")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def dark(now) -> Link:
    """A link for TikTok that is promised 15 % for 19 more days, of an offer that pays 8 % now."""
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=now - 40 * DAY)
    on(creator, "youtube")
    links.accept_terms(creator.user, now)
    brand = make_brand(owner=make_user())
    offer = make_collaboration(brand, rate_bp=1_500, starts_at=now - 60 * DAY)
    product = make_variant(brand=brand, price=3_450).product
    link = links.take(creator, product=product, platform="tiktok", at=now - TAKEN * DAY)
    collaborations.change_rate(offer, 800, now - (TAKEN - 1) * DAY)
    return link


def promised(link: Link, at) -> int:
    off = switches.platforms_off(link.creator.country, at)
    return promises.of_click(Link.objects.get(pk=link.pk), at, off).bp


def test_a_click_on_the_stand_in_earns_what_the_dark_link_had_promised(dark, now):
    switch_off(now, start=now - DAY)
    stand_in = dark.creator.links.get(platform="page")
    assert (stand_in.taken_bp, promised(stand_in, now)) == (800, 1_500)

    shopper = Client(**CHROME)
    arrived = shopper.get(f"/go/{dark.code}", follow=True)
    shopper.get(f"/go/{arrived.context['stand_in'].code}")
    shopper.post(to_payment(shopper, dark.product.variants.get()), {"pay": "1"})

    earned = Commission.objects.get(order_line=Attribution.objects.get().order_line)
    assert (earned.link, earned.rate_bp) == (stand_in, 1_500)


def test_the_promise_ends_when_it_would_have_and_with_the_outage(dark, now):
    row = switch_off(now, start=now - DAY)
    stand_in = dark.creator.links.get(platform="page")
    dark.refresh_from_db()
    would_end = dark.created_at + LOCK
    assert dark.rate_locked_until > would_end  # its own clock stands still meanwhile

    assert promised(stand_in, would_end - timedelta(minutes=1)) == 1_500
    assert promised(stand_in, would_end) == 800
    youtube = links.take(dark.creator, product=dark.product, platform="youtube", at=now)
    assert promised(youtube, now) == 1_500  # as do those of her kit
    end(row, now + timedelta(minutes=1))
    assert promised(stand_in, now + timedelta(minutes=2)) == 800
    assert promised(dark, dark.created_at + LOCK + timedelta(hours=1)) == 1_500  # moved by a day


def test_a_cached_stand_in_is_asked_again_when_a_platform_goes_off_or_comes_back(dark, now):
    page = links.take(dark.creator, product=dark.product, platform="page", at=now)
    assert "|800|" in links.resolve(page.code, now).record

    row = switch_off(now)
    assert linkcache.client().get(linkcache.key(page.code)) is None
    assert "|1500|" in links.resolve(page.code, timezone.now()).record
    end(row, timezone.now())

    assert linkcache.client().get(linkcache.key(page.code)) is None
    assert "|800|" in links.resolve(page.code, timezone.now()).record


def test_a_dead_link_and_another_thing_carry_nothing_over(dark, now):
    other = make_variant(brand=dark.product.brand).product
    switch_off(now)
    away = links.take(dark.creator, product=other, platform="youtube", at=now)
    same = links.take(dark.creator, product=dark.product, platform="youtube", at=now)
    assert [promised(away, now), promised(same, now)] == [800, 1_500]

    links.deactivate(dark, now)
    assert promised(same, now) == 800


def test_her_page_of_the_link_says_so(client, dark, now):
    switch_off(now)
    client.force_login(dark.creator.user)
    stand_in = dark.creator.links.get(platform="page")

    page = client.get(reverse("affiliates:link", args=[stand_in.pk])).content.decode()

    assert "While TikTok is off, a click here is promised 15%" in page


# ------------------------------------------------------------------ and for how many days


def earns(link, clicked_at) -> bool:
    """Say whether a purchase now is credited to a click of then on a link."""
    seen = referral.Seen(
        link.collaboration.brand_id, link.pk,
        urlsafe_b64encode(uid_at(clicked_at).bytes)[:22].decode(), 800, "thousand_first",
    )  # fmt: skip
    shopper = Client(**CHROME)
    shopper.cookies[referral.COOKIE] = referral.write([seen])
    shopper.post(to_payment(shopper, link.product.variants.get()), {"pay": "1"})
    return Attribution.objects.latest("pk").link_id == link.pk


@pytest.mark.parametrize("ends_as", ["", "back", "withdraw"])
def test_a_click_on_the_stand_in_counts_as_long_as_the_dark_link_had_promised(dark, now, ends_as):
    offer = dark.collaboration  # 30 days when she took the link; 10 since three days after that
    long_ago = now - 22 * DAY
    Link.objects.filter(pk=dark.pk).update(
        created_at=long_ago - 8 * DAY, rate_locked_until=long_ago + 22 * DAY
    )
    offerdays.change(offer, long_ago - 8 * DAY + timedelta(minutes=1), window_days=10, hold_days=15, min_followers=0)  # fmt: skip
    row = switch_off(long_ago, start=long_ago - timedelta(hours=1))
    stand_in = dark.creator.links.get(platform="page")
    if ends_as:
        end(row, long_ago + 3 * DAY, ends_as)

    assert earns(stand_in, long_ago + DAY)
    assert not earns(stand_in, long_ago - timedelta(hours=2))  # before it was off
    assert earns(stand_in, long_ago + 4 * DAY) == (ends_as == "")
    assert earns(dark, long_ago - DAY)


def test_the_days_of_the_dark_link_are_on_the_page_of_its_stand_in(client, dark, now):
    offerdays.change(dark.collaboration, now - 9 * DAY, window_days=10, hold_days=15, min_followers=0)  # fmt: skip
    switch_off(now)
    stand_in = dark.creator.links.get(platform="page")
    client.force_login(dark.creator.user)
    address = reverse("affiliates:link", args=[stand_in.pk])

    assert "A click counts for 30 days." in client.get(address).content.decode()
    links.deactivate(dark, now)
    assert "A click counts for 10 days." in client.get(address).content.decode()


# ------------------------------------------------------------------ making them for many


def others(n: int, product: Product, at) -> list[Creator]:
    found = []
    for _n in range(n):
        one = make_creator(followers=6_000, user=make_user(), at=at - 40 * DAY)
        links.accept_terms(one.user, at)
        links.take(one, product=product, platform="tiktok", at=at)
        found.append(one)
    return found


def test_batches_find_each_creator_once_and_a_killed_call_is_finished(
    dark, now, django_assert_num_queries
):
    others(4, dark.product, now)
    row = switch_off(now, country="BE")  # none of theirs: nothing is made yet
    row.country = ""

    assert standins.make(row, now, ends=0, size=2) is False
    assert not Link.objects.filter(platform="page").exists()
    assert standins.make(row, now, NEVER, size=2)

    pages = Link.objects.filter(platform="page")
    assert pages.count() == pages.values("creator").distinct().count() == 5
    made = SwitchChange.objects.filter(switch=row, act="made")
    assert sorted(made.values_list("note", flat=True)) == sorted(
        pages.values_list("code", flat=True)
    )
    with django_assert_num_queries(1):
        assert standins.make(row, now, NEVER, size=2)


def test_who_may_take_no_link_gets_none_and_the_log_says_why(dark, now):
    stopped, unsigned, waiting, fine = others(4, dark.product, now)
    unsigned.user.acceptance_set.all().delete()
    Creator.objects.filter(pk=waiting.pk).update(status="waiting")
    opened = now - 40 * DAY
    case = holds.open_case(
        stopped,
        rule("bought_clicks"),
        "Clicks were bought.",
        by=make_user(is_staff=True),
        at=opened,
    )
    uphold(case, opened + 31 * DAY)

    row = switch_off(now)

    tried = SwitchChange.objects.filter(switch=row, kind="page_links")
    notes = dict(tried.values_list("object_id", "note"))
    barred = {stopped.pk: "points", unsigned.pk: "terms", waiting.pk: "status"}
    assert barred.items() <= notes.items()
    made = set(Link.objects.filter(platform="page").values_list("creator_id", "code"))
    assert made == {(pk, notes[pk]) for pk in (fine.pk, dark.creator_id)}


def test_a_page_link_that_she_switched_off_is_on_again_and_no_second_one_is_made(dark, now):
    page = links.take(dark.creator, product=dark.product, platform="page", at=now)
    links.deactivate(page, now)

    switch_off(now)

    page.refresh_from_db()
    assert page.is_active
    assert dark.creator.links.filter(platform="page").count() == 1
