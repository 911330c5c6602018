"""Every address against everybody: who may see it, what else answers, never a 500."""

import copy
import re

import pytest
from django.test import Client
from django.utils import timezone

from affiliates import links, messages, samples
from config import checks
from creators import cases
from shop import integrations
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator
from tests.shop.factories import make_brand, make_order, make_user, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.long]
OURS = [
    route for route in checks.routes() if route.name.split(":")[0] in {"affiliates", "shop", "creators"}
]  # fmt: skip
PRIVATE = {"creator:own": {"creator"}, "brand:own": {"brand"}}
OTHERS = {"creator:own": "other creator", "brand:own": "other brand"}


@pytest.fixture(scope="module")
def market_once(shared_rows):
    """Two creators, two brands, a shopper and a member of staff; A has a link and an order."""
    with shared_rows():
        return make_market()


@pytest.fixture
def market(market_once):
    return copy.deepcopy(market_once)


def make_market():
    people = {name: make_user() for name in ("shopper", "brand", "other brand")}
    brand = make_brand(owner=people["brand"])
    make_brand(owner=people["other brand"])
    variant = make_variant(brand=brand)
    offer = make_collaboration(brand)
    people |= {"creator": make_user(), "other creator": make_user(), "staff": make_user()}
    people["staff"].is_staff = True
    people["staff"].save()
    now = timezone.now()
    creator = make_creator(followers=6_000, user=people["creator"], at=now)
    make_creator(followers=6_000, user=people["other creator"], at=now)
    links.accept_terms(creator.user, now)
    link = links.take(creator, product=variant.product, platform="tiktok", at=now)
    order = make_order((variant, 1))
    channel = creator.channels.get()
    offer.gives_samples = True
    offer.save()
    wish = samples.Wish(variant, "video", {"name": "A"}, channel=channel)
    sample = samples.ask(creator, wish, now)
    word = messages.send(
        brand, creator, "Hello", by=people["brand"], from_brand=True, at=now
    )  # fmt: skip
    reply = messages.send(
        brand, creator, "Hi", by=people["creator"], from_brand=False, at=now
    )  # fmt: skip
    shop = integrations.connect(brand, "api", "mill.example", days=4, at=now)
    facts = {
        "brand_slug": brand.slug, "product_slug": variant.product.slug, "code": link.code,
        "handle": creator.handle, "collaboration_id": offer.pk, "creator_id": creator.pk,
        "product_id": variant.product_id, "part_id": order.parts.get().pk, "platform": "tiktok",
        "kind": "svg", "word": "none", "pk": link.pk, "provider": "none", "return_id": 1,
        "sample": sample.pk, "got": word.pk, "reply": reply.pk, "case": cases.contest(creator, "commission:1", "Why?", now).pk, "participation_id": 1, "number": 1, "run_id": 1, "membership_id": 1, "integration_id": shop.pk, "event_id": 1, "invitation_id": 1, "token": "none", "reference": "none", "discount_id": 1,
        "trouble_id": 1, "name": "orders", "link": link.pk, "run": 1,
        "push_id": 1,
        "feed_id": 1,
    }  # fmt: skip
    return people, facts, channel.pk


def address(route, facts, channel) -> str:
    """Fill the objects of A into a pattern."""
    if route.name == "affiliates:case":
        facts = facts | {"pk": facts["case"]}
    if route.name in {"affiliates:sample", "affiliates:brand_sample"}:
        facts = facts | {"pk": facts["sample"]}
    if route.name.endswith("report_message"):
        facts = facts | {"pk": facts["reply" if "brand_" in route.name else "got"]}
    if route.name.startswith("shop:terms"):
        facts = facts | {"kind": "creator", "version": 1}
    if route.name == "affiliates:report":
        facts = facts | {"kind": "product", "pk": facts["product_id"]}
    if "channel_" in route.name:
        facts = facts | {"pk": channel}
    pattern = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route.pattern.replace("/^", "/"))
    pattern = pattern.replace("/?$", "")
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(facts[found[1]]), pattern)


def client_of(people, name) -> Client:
    client = Client(raise_request_exception=False)
    if name in people:
        client.force_login(people[name])
    return client


@pytest.mark.parametrize(
    "who", ["anonymous", "shopper", "creator", "other creator", "brand", "other brand", "staff"]
)
def test_each_address_is_open_to_whom_it_says_and_what_is_anothers_is_not_there(market, who):
    """HEAD is asked by owners and strangers; for the others of a kind it is what GET is."""
    people, facts, channel = market
    client, wrong = client_of(people, who), []
    methods = ("GET", "POST") if who in {*OTHERS.values(), "staff"} else ("GET", "HEAD", "POST")
    for route in OURS:
        path = address(route, facts, channel)
        is_object = "<int:pk>" in route.pattern or route.who == "brand:own"
        is_anothers = is_object and OTHERS.get(route.who) == who
        for method in methods:
            own = who in PRIVATE.get(route.who, {who})
            own |= who == "other creator" and route.who == "creator:own"
            asks = is_anothers and method == ("GET" if "GET" in route.methods else "POST")
            if method == "POST" and own and not asks:
                continue  # what a POST does is tested with what it changes
            answer = client.generic(method, path)
            seen = answer.status_code
            refused = seen in {302, 403, 404, 405}
            fails = seen >= 500 or (own and seen == 403) or (not own and not refused)
            if who == "anonymous" and not own and seen == 302:
                fails = not answer["Location"].startswith("/accounts/login/")
            if fails or (asks and seen != 404):
                wrong.append((method, path, seen))
            kept = answer.headers.get("Cache-Control", "")
            if seen == 200 and route.who != "public" and "no-store" not in kept:
                wrong.append((method, path, kept))
            if "public" in kept and answer.cookies:
                wrong.append((method, path, "kept for everybody, and sets a cookie"))
    assert wrong == []


def test_no_method_is_answered_that_is_not_declared(market):
    people, facts, channel = market
    clients = {name: client_of(people, name) for name in ("creator", "brand", "shopper")}
    wrong = []
    for route in OURS:
        who = {"creator:own": "creator", "brand:own": "brand"}.get(route.who, "shopper")
        client, path = clients[who], address(route, facts, channel)
        for method in {"GET", "POST", "DELETE"} - set(route.methods):
            seen = client.generic(method, path).status_code
            if seen not in {403, 404, 405}:
                wrong.append((method, path, seen))
    assert wrong == []
