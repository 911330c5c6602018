"""The API tells what the pages tell: a brand's goods and orders, a creator's links and money."""

from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import links, settlement
from affiliates.models import Link, LinkDay
from creators import directory
from shop import integrations, terms
from shop.models import Terms, Variant, WebhookEvent
from tests.affiliates.factories import make_collaboration, make_commission
from tests.affiliates.programs import Program, problem
from tests.affiliates.switching import switch_off
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_order, make_variant

pytestmark = pytest.mark.django_db


# ------------------------------------------------------------------ brands


def test_products_and_stock(brand):
    variant = make_variant(brand=brand, stock=5)
    program = Program(brand)
    (row,) = program.get("/products").json()["data"]
    assert row["variants"] == [
        {
            "id": variant.pk, "sku": variant.sku, "options": [], "is_active": True,
            "price": {"amount": 3450, "currency": "EUR"}, "available": 5,
        }
    ]  # fmt: skip
    make_order((variant, 2), paid=False)  # two are reserved
    body = {"data": [{"sku": variant.sku, "on_hand": 1}, {"sku": "none", "on_hand": 3}]}
    for _ in range(2):  # the same again is the same
        assert program.post("/stock", body).json() == {
            "data": [
                {"sku": variant.sku, "product": variant.product_id, "on_hand": 2, "reserved": 2}
            ],
            "left_out": ["none"],
        }
    assert program.get(f"/products/{variant.product_id}").json()["variants"][0]["available"] == 0
    variant.product.refresh_from_db()
    assert not variant.product.in_stock
    program.post("/stock", {"data": [{"sku": variant.sku, "on_hand": None}]})
    assert Variant.objects.get().stock is None


def test_pages_join_without_gaps_while_rows_are_added(brand):
    made = [make_variant(brand=brand).product_id for _ in range(5)]
    program, seen, after = Program(brand), [], ""
    while True:
        answer = program.get(f"/products?limit=2&after={after}").json()
        seen += [row["id"] for row in answer["data"]]
        if len(seen) == 2:
            made.append(make_variant(brand=brand).product_id)
        after = answer["next"]
        if after is None:
            break
    assert seen == made


def test_orders_are_those_that_are_paid_newest_first(brand):
    variant = make_variant(brand=brand, stock=50)
    now = timezone.now()
    made = [make_order((variant, n), at=now - timedelta(hours=n)) for n in (1, 2, 3)]
    make_order((variant, 1), paid=False)
    program = Program(brand)
    first = program.get("/orders?limit=2").json()
    second = program.get(f"/orders?limit=2&after={first['next']}").json()
    rows = first["data"] + second["data"]
    assert sorted(row["number"] for row in rows) == sorted(order.number for order in made)
    assert [row["paid_at"] for row in rows] == sorted((r["paid_at"] for r in rows), reverse=True)
    row = next(row for row in rows if row["number"] == made[1].number)
    assert row["total"] == {"amount": 6900, "currency": "EUR"}
    assert row["lines"][0] | {"id": 0} == {
        "id": 0, "sku": variant.sku, "title": variant.product.title, "options": [], "quantity": 2,
        "unit_price": {"amount": 3450, "currency": "EUR"},
        "discount": {"amount": 0, "currency": "EUR"}, "gross": {"amount": 6900, "currency": "EUR"},
        "tax": {"amount": 1198, "currency": "EUR"}, "net": {"amount": 5702, "currency": "EUR"},
        "given_back": {"amount": 0, "currency": "EUR"},
    }  # fmt: skip
    assert row["ship_to"]["city"] == "Utrecht"


def test_creators_are_found_as_on_the_page(brand, client):
    now = timezone.now()
    for n in range(30):
        make_creator(followers=1_100 + n * 900, user=make_user(), at=now, niches=("home",))
    hidden = make_creator(followers=3_000, user=make_user(), at=now)
    hidden.user = None
    hidden.save()
    client.force_login(brand.memberships.get().user)
    program, seen, after = Program(brand), [], ""
    while True:
        answer = program.get(f"/creators?platform=tiktok&followers_min=2000&after={after}").json()
        page = client.get(
            f"/brand/{brand.slug}/creators/",
            {"platform": "tiktok", "followers_min": "2000", "after": _inner(after)},
        ).context
        assert [row["handle"] for row in answer["data"]] == [
            card.creator.handle for card in page["cards"]
        ]
        assert answer["count"] == page["page"].count
        seen += [row["id"] for row in answer["data"]]
        after = answer["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == answer["count"] > 12
    row = answer["data"][0]
    assert not {"email", "user", "birth_on", "bio"} & set(row)
    assert program.get("/creators?niche=nothing-such").json()["count"] == 0
    problem(program.get("/creators?followers_min=7"), "invalid", 422)
    problem(program.get("/creators?sort=money"), "invalid", 422)
    small = program.get("/creators?any_size=true&followers_max=2000").json()["count"]
    assert small == directory.search(directory.Filters(followers_max=2000)).count


def _inner(cursor: str) -> str:
    from affiliates.api import paging

    return paging.decode("creators", cursor, 1)[0] if cursor else ""


@pytest.fixture
def shop(brand):
    variant = make_variant(brand=brand)
    variant.product.sells_at, variant.product.own_shop_url = "own_shop", "https://mill.example/mug"
    variant.product.save()
    row = integrations.connect(brand, "api", "mill.example", days=4, at=timezone.now())
    integrations.turn_green(row, timezone.now())
    return variant


def sold(variant, **facts):
    line = {"id": "1", "sku": variant.sku, "quantity": 1, "total": "34.50", "tax": "5.99"}
    order = {"id": "A-1", "currency": "EUR", "status": "paid", "total": "34.50", "lines": [line]}
    return {"order": order | facts}


def test_a_conversion_is_an_order_here_once(brand, shop):
    program = Program(brand, ["conversions:write", "orders:read"])
    answers = [
        program.post("/conversions", sold(shop), Idempotency_Key="k-1") for _ in range(2)
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["outcome"] == "applied"
    (row,) = program.get("/orders").json()["data"]
    assert (row["number"], row["own_shop"]) == (answers[0].json()["order"], True)
    altered = program.post("/conversions", sold(shop, total="35.50"), Idempotency_Key="k-1")
    problem(altered, "altered", 409)
    refunds = [{"id": "r1", "total": "34.50", "lines": {"1": "34.50"}}]
    back = program.post("/conversions", sold(shop, refunds=refunds), Idempotency_Key="k-2")
    assert back.json()["outcome"] == "applied"
    (row,) = program.get("/orders").json()["data"]
    assert row["lines"][0]["given_back"]["amount"] == 3450
    problem(program.post("/conversions", sold(shop)), "invalid", 422)  # no key
    wrong = program.post("/conversions", sold(shop, currency="USD"), Idempotency_Key="k-3")
    assert "USD" in problem(wrong, "refused", 422)["detail"]
    assert WebhookEvent.objects.filter(outcome="refused").count() == 1


def test_a_conversion_needs_a_shop_and_says_which(brand, shop):
    other = make_brand(owner=make_user())
    problem(Program(other).post("/conversions", sold(shop), Idempotency_Key="k"), "no-shop", 409)
    integrations.connect(brand, "api", "second.example", days=4, at=timezone.now())
    program = Program(brand)
    told = problem(program.post("/conversions", sold(shop), Idempotency_Key="k"), "invalid", 422)
    assert "mill.example" in told["detail"]
    answer = program.post("/conversions?shop=mill.example", sold(shop), Idempotency_Key="k")
    assert answer.status_code == 200


# ------------------------------------------------------------------ creators


def test_a_link_is_taken_once_and_refusals_say_why(brand, creator):
    variant = make_variant(brand=brand)
    product = variant.product
    program = Program(creator)
    body = {"brand": brand.slug, "product": product.slug, "platform": "tiktok"}
    problem(program.post("/links", body), "no-offer", 409)
    make_collaboration(brand, name="Open to all")
    answers = [program.post("/links", body) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    told = answers[0].json()
    assert answers[1].json() == told
    link = Link.objects.get()
    assert (told["id"], told["code"], told["product"]) == (link.pk, link.code, product.slug)
    assert told["url"].endswith(f"/go/{link.code}")
    whole = program.post("/links", {"brand": brand.slug, "platform": "youtube"})
    assert (whole.status_code, whole.json()["product"]) == (201, None)
    assert [row["id"] for row in program.get("/links").json()["data"]][-1] == link.pk
    problem(program.post("/links", body | {"product": "none"}), "not-found", 404)
    problem(program.post("/links", body | {"platform": "page"}), "invalid", 422)
    newcomer = make_creator(user=make_user())
    problem(Program(newcomer).post("/links", body), "not-enrolled", 409)
    enrolled = make_creator(followers=6_000, user=make_user(), at=timezone.now())
    problem(Program(enrolled).post("/links", body), "terms-missing", 409)
    pilot = make_creator(followers=1_200, user=make_user(), at=timezone.now())
    terms.accept(Terms.Kind.CREATOR, timezone.now(), user=pilot.user)
    hers = Program(pilot)
    slugs = [make_variant(brand=brand).product.slug for _ in range(6)]
    seen = [hers.post("/links", body | {"product": slug}) for slug in slugs]
    assert [one.status_code for one in seen] == [201] * 5 + [409]
    problem(seen[-1], "quota-reached", 409)
    assert int(seen[-1]["Retry-After"]) > 6 * 24 * 3600
    switch_off(timezone.now())
    problem(program.post("/links", body), "platform-off", 409)


def test_clicks_and_commissions_tell_days_and_no_hours(creator):
    sale = make_commission(creator)
    make_commission(creator)
    from tests.affiliates.factories import NIGHT_OVER

    settlement.settle(NIGHT_OVER)
    program = Program(creator)
    first = program.get("/commissions?limit=1").json()
    second = program.get(f"/commissions?limit=1&after={first['next']}").json()
    assert (len(first["data"]), second["next"]) == (1, None)
    assert second["data"] == [
        {
            "id": sale.pk, "kind": "sale", "state": "settled", "brand": sale.brand.slug,
            "link": None, "amount": {"amount": 342, "currency": "EUR"},
            "base": {"amount": 2851, "currency": "EUR"}, "rate_bp": 1200, "reverses": None,
            "reason": "", "earned_on": "2026-11-02", "clears_on": "2026-11-19",
            "settled_on": "2026-11-19",
        }
    ]  # fmt: skip
    assert program.get("/commissions?state=pending").json()["data"] == []
    variant = make_variant()
    make_collaboration(variant.brand)
    link = links.take(creator, variant.product, platform="tiktok", at=timezone.now())
    days = [timezone.localdate() - timedelta(days=n) for n in range(3)]
    for day in days:
        LinkDay.objects.create(link=link, day=day, clicks=7, uniques=5, orders=1, income=342)
    pages = [program.get("/clicks?limit=2").json()]
    pages.append(program.get(f"/clicks?limit=2&after={pages[0]['next']}").json())
    rows = pages[0]["data"] + pages[1]["data"]
    assert [row["day"] for row in rows] == [day.isoformat() for day in days]
    assert rows[0] | {"day": ""} == {
        "link": link.pk, "day": "", "clicks": 7, "people": 5, "orders": 1,
        "earned": {"amount": 342, "currency": "EUR"},
    }  # fmt: skip


def test_statements_add_up(creator):
    from tests.affiliates.factories import NIGHT_OVER

    for _ in range(3):
        make_commission(creator)
    settlement.settle(NIGHT_OVER)
    program = Program(creator)
    month = program.get("/statements").json()["data"][0]
    assert month["currency"] == "EUR"
    told = program.get(f"/statements/{month['month']}").json()
    assert told["closing"]["amount"] == told["opening"]["amount"] + sum(
        row["amount"]["amount"] for row in told["sums"]
    )
    rows, after = [], ""
    while True:
        page = program.get(f"/statements/{month['month']}/entries?limit=2&after={after}").json()
        rows += page["data"]
        after = page["next"]
        if after is None:
            break
    assert len(rows) == 3 and rows[-1]["balance"] == told["closing"]
    problem(program.get("/statements/2020-01"), "not-found", 404)
    problem(program.get("/statements/2026-13"), "invalid", 422)
    problem(program.get(f"/statements/{month['month']}?currency=USD"), "not-found", 404)


def test_each_list_asks_the_same_few_questions(brand, creator, django_assert_max_num_queries):
    make_collaboration(brand)
    for _ in range(4):
        make_order((make_variant(brand=brand), 1))
        links.take(creator, make_variant(brand=brand).product, platform="tiktok", at=timezone.now())
        make_commission(creator)
    for owner, paths in (
        (brand, ["/products", "/stock", "/orders", "/collaborations", "/statements"]),
        (creator, ["/links", "/clicks", "/commissions", "/statements"]),
    ):
        program = Program(owner)
        program.get("/token")
        for path in paths:
            with django_assert_max_num_queries(6):
                assert program.get(path).status_code == 200
