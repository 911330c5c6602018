"""The brand's own programme beside ours: known by address and code, told of every month."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from affiliates import attribution, clickids, codes, links, programmeletters, programmes, referral
from affiliates.models import Attribution, CreatorCode, LinkDay, OwnProgramme
from shop.models import Membership
from tests.affiliates import factories as money
from tests.affiliates.test_links import enrolled, offered

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("parameters", "query", "claimed"),
    [
        (["awc"], {"awc": "1_2"}, True),
        (["awc"], {"AWC": "1_2"}, False),
        (["utm_source=awin"], {"utm_source": "awin"}, True),
        (["utm_source=awin"], {"utm_source": "newsletter"}, False),
        (["awc"], {}, False),
        ([], {"awc": "1"}, False),
    ],
)
def test_an_address_of_theirs(parameters, query, claimed):
    assert programmes.is_claimed(parameters, query) == claimed


def test_when_it_claims_an_order():
    theirs = OwnProgramme(codes=["MILL5"], window_days=7)
    seen = AT - timedelta(days=3)
    assert programmes.own_claim_at(theirs, seen, "", AT) == seen
    assert programmes.own_claim_at(theirs, AT - timedelta(days=8), "", AT) is None
    assert programmes.own_claim_at(theirs, AT + HOUR, "", AT) is None
    assert programmes.own_claim_at(theirs, None, "MILL5", AT) == AT
    assert programmes.own_claim_at(theirs, None, "OTHER", AT) is None
    assert programmes.own_claim_at(None, seen, "MILL5", AT) is None


@given(st.text(max_size=60))
def test_a_cookie_that_is_not_ours_says_nothing(text):
    assert programmes.read(text) == {}


moments = st.integers(0, 30_000).map(lambda hours: AT + hours * HOUR)


@given(st.dictionaries(st.integers(1, 10**9), moments, max_size=20))
def test_the_cookie_keeps_the_newest_claims(known):
    at = datetime(2031, 1, 1, tzinfo=UTC)
    read = programmes.read(programmes.write(known, 5, at))
    assert read[5] == at
    assert len(read) <= programmes.BRANDS


@pytest.mark.parametrize(
    "told", [None, {}, {"clicks": []}, {"clicks": {"claims": 1}}, {"clicks": {"claims": {"x": "y"}}},
             {"clicks": {"claims": {"1": 5, "²": "2026-01-01T00:00:00+00:00"}}}],
)  # fmt: skip
def test_an_order_that_makes_no_sense_has_no_claim(told):
    assert programmes.of_order(told) == {}


@pytest.fixture
def deal(db):
    """A link, and the brand's own programme that the same brand has elsewhere."""
    cache.clear()
    link = links.take(enrolled(), offered(), at=timezone.now())
    brand = link.collaboration.brand
    OwnProgramme.objects.create(brand=brand, parameters=["awc"], codes=["MILL5"])
    return link, brand


def ordered(link, brand, programme="thousand_first", claimed=None, code="", at=None):
    at = at or timezone.now()
    seen = referral.Seen(brand.pk, link.pk, clickids.new(), 1200, programme)
    clicks = {"touches": [str(seen)]}
    if claimed:
        clicks["claims"] = {str(brand.pk): claimed.isoformat()}
    order = money.make_order(
        {"brand": brand}, at=at, paid=False, referral={"clicks": clicks, "code": code}
    )
    Attribution.objects.all().delete()
    return order, attribution.attribute(order, at)[0]


def test_a_page_of_the_brand_remembers_a_click_of_theirs(deal):
    link, brand = deal
    shopper, page = Client(), link.product.get_absolute_url()
    assert programmes.COOKIE not in shopper.get(page, {"color": "red"}).cookies
    answer = shopper.get(page, {"awc": "17_1"})
    assert list(programmes.read(answer.cookies[programmes.COOKIE].value)) == [brand.pk]
    assert "no-store" in answer["Cache-Control"]
    shopper.post("/cookies/", {"choice": "decline"})
    assert shopper.cookies[programmes.COOKIE].value == ""
    assert programmes.COOKIE not in shopper.get(page, {"awc": "17_1"}).cookies


def test_where_consent_is_needed_nothing_is_remembered_without_it(deal, settings):
    settings.COUNTRY_HEADER = "HTTP_CF_IPCOUNTRY"
    link, _brand = deal
    page = link.product.get_absolute_url()
    answer = Client(headers={"CF-IPCountry": "DE"}).get(page, {"awc": "17_1"})
    assert programmes.COOKIE not in answer.cookies


@pytest.mark.parametrize(
    ("programme", "claimed", "rule"),
    [
        ("thousand_first", HOUR, "newest_click"),
        ("own_first", HOUR, "own_programme"),
        ("own_first", None, "newest_click"),
        ("newest", HOUR, "newest_click"),
        ("newest", -HOUR, "own_programme"),
    ],
)
def test_who_stands_down(deal, programme, claimed, rule):
    link, brand = deal
    now = timezone.now() + 2 * HOUR
    told = timezone.now() - claimed if claimed else None
    _order, row = ordered(link, brand, programme, told, at=now)
    assert row.rule == rule
    assert attribution.replay(row).rule == rule


def test_a_code_of_theirs_claims_and_no_creator_has_it(deal):
    link, brand = deal
    order, row = ordered(link, brand, "own_first", code="mill-5", at=timezone.now() + HOUR)
    assert row.rule == "own_programme"
    found = codes.owner("mill 5", [brand.pk], timezone.now())
    assert (found.creator_name, found.is_own, found.brand_ids) == (brand.name, True, frozenset())
    CreatorCode.objects.create(creator=link.creator, code="MILL5")
    assert codes.owner("mill5", [brand.pk], timezone.now()).is_own is False


def test_the_month_is_told_once_with_a_page_and_a_table(deal, client):
    link, brand = deal
    owner = money.make_user()
    Membership.objects.create(user=owner, brand=brand)
    now = timezone.now() + 2 * HOUR
    seen = timezone.now() - HOUR
    for programme in ("thousand_first", "own_first"):
        order, row = ordered(link, brand, programme, seen, at=now)
        order.status, order.paid_at = "paid", now
        order.save()
        order.parts.update(paid_at=now)
        rows = programmes.report(brand, now.date())
        assert rows[-1].rule == row.rule
        if programme == "thousand_first":
            assert [(one.handle, one.rule) for one in rows] == [
                (link.creator.handle, "newest_click")
            ]
    client.force_login(owner)
    url = reverse("affiliates:claims", args=[brand.slug])
    page = client.get(url).content.decode()
    assert order.number in page
    assert "The brand&#x27;s own programme came first." in page
    file = b"".join(client.get(f"/brand/{brand.slug}/programme/claims.csv"))
    assert order.number.encode() in file

    later = now + timedelta(days=32)
    assert [programmeletters.send(later), programmeletters.send(later)] == [1, 0]
    assert [message.to for message in mail.outbox] == [[owner.email]]


def test_the_lists_are_typed_and_checked(deal, client):
    _link, brand = deal
    owner = money.make_user()
    Membership.objects.create(user=owner, brand=brand)
    client.force_login(owner)
    url = reverse("affiliates:claims", args=[brand.slug])
    typed = {"parameters": "awc\nutm_source=awin", "codes": "mill-5, Mill10", "window_days": 14}
    assert client.post(url, typed).status_code == 302
    row = OwnProgramme.objects.get(brand=brand)
    assert (row.parameters, row.codes, row.window_days) == (
        ["awc", "utm_source=awin"], ["MILL5", "MILL10"], 14
    )  # fmt: skip
    for bad in (
        {"parameters": "touch"},
        {"parameters": "a b<c"},
        {"codes": "é"},
        {"window_days": 0},
    ):
        assert client.post(url, typed | bad).status_code == 422


# ------------------------------------------------------------------ what links bring a brand


def test_a_brand_sees_its_links_by_creator_and_platform(deal, client, django_assert_num_queries):
    link, brand = deal
    owner = money.make_user()
    Membership.objects.create(user=owner, brand=brand)
    client.force_login(owner)
    today = timezone.localdate()
    tube = links.take(link.creator, link.product, platform="youtube", at=timezone.now())
    other = links.take(enrolled(), offered(), at=timezone.now())
    LinkDay.objects.create(link=link, day=today, clicks=40, uniques=30, orders=2, income=600)
    LinkDay.objects.create(
        link=link, day=today - timedelta(days=40), clicks=5, uniques=5, orders=1, income=100
    )
    LinkDay.objects.create(link=tube, day=today, clicks=10, uniques=9, orders=0, income=0)
    LinkDay.objects.create(link=other, day=today, clicks=99, uniques=99, orders=9, income=9_000)
    url = reverse("affiliates:brand_links", args=[brand.slug])
    page = client.get(url).context["page"]
    assert [(r.creator, r.platform, r.sums.clicks, r.sums.conversion_bp) for r in page.rows] == [
        (link.creator, "tiktok", 40, 500), (link.creator, "youtube", 10, 0)
    ]  # fmt: skip
    assert (page.total.clicks, page.total.orders, page.total.income) == (50, 2, 600)
    assert client.get(url, {"days": "90"}).context["page"].total.clicks == 55
    file = b"".join(client.get(f"/brand/{brand.slug}/links/links.csv")).decode()
    assert f"{link.creator.handle},TikTok,1,40,30,2,5.0,6.00,EUR" in file
