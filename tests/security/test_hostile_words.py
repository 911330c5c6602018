"""Words that mean something to a database, a template, a page or a formatter are words here."""

import re

import pytest
from django.utils import timezone

from affiliates import links
from config import checks
from tests.affiliates.factories import make_collaboration, sign_in
from tests.creators.factories import make_creator
from tests.shop.factories import make_brand, make_user, make_variant

pytestmark = pytest.mark.django_db
WORDS = [
    "'; DROP TABLE shop_product; --",
    "\" OR ''='",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7|add:35 }}{% debug %}",
    "{0.__class__} %(name)s %s %n",
    "[^(*+?.\\",
    "../../../../etc/passwd",
    "\r\nSet-Cookie: a=b",
    "1e309 ² ٣ 💥‮",
]
LISTS = [
    route.pattern
    for route in checks.routes()
    if route.who == "public"
    and "GET" in route.methods
    and not set("<(") & set(route.pattern)
    and not route.pattern.startswith(("/accounts", "/admin", "/hooks"))
]


@pytest.mark.parametrize("word", WORDS)
def test_nothing_that_an_address_says_is_carried_out(client, word):
    client.raise_request_exception = False
    names = ("q", "sort", "page", "after", "category", "brand", "platform", "min", "max", "next")
    wrong = []
    for path in LISTS:
        answer = client.get(path, dict.fromkeys(names, word))
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if answer.status_code >= 500 or word.encode() in text and "<" in word:
            wrong.append((path, answer.status_code))
        if answer.headers.get("Set-Cookie", "").startswith("a="):
            wrong.append((path, "a header"))
    assert wrong == []


def test_what_people_wrote_is_shown_as_they_wrote_it(client):
    brand = make_brand(owner=make_user(), name="<b>Mill</b> {{ 7|add:35 }}")
    title = "<script>alert(1)</script> {0.__class__}"
    product = make_variant(brand=brand, title=title).product
    page = client.get(f"/shop/{brand.slug}/{product.slug}/").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt; {0.__class__}" in page
    assert "&lt;b&gt;Mill&lt;/b&gt; {{ 7|add:35 }}" in page
    assert "<script>alert(1)" not in page
    machine = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)[1]
    assert "<" not in machine and "\\u003cscript" in machine


def test_fields_that_no_form_has_change_nothing(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    offer = make_collaboration(brand)
    creator = make_creator(followers=6_000, user=make_user())
    links.accept_terms(creator.user, timezone.now())
    before = (offer.rate_bp, creator.status, creator.user.is_staff, brand.status)
    more = {
        "rate_bp": "9900", "is_staff": "on", "is_superuser": "on", "status": "active",
        "state": "paid", "balance": "100000", "user": "1", "owner": "1", "brand": "1",
        "approved": "on", "points": "0",
    }  # fmt: skip
    sign_in(client, creator.user)
    client.post("/creator/settings/", more)
    client.post("/creator/payouts/bank/", more)
    client.post("/creator/storefront/", more)
    sign_in(client, owner)
    client.post(f"/brand/{brand.slug}/settings/", more)
    client.post(f"/brand/{brand.slug}/collaborations/{offer.pk}/", more)

    for row in (offer, creator, creator.user, brand):
        row.refresh_from_db()
    assert (offer.rate_bp, creator.status, creator.user.is_staff, brand.status) == before
