"""The API: who may what, the same facts as on the pages, and errors as RFC 9457 says."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates import apitokens, links, settlement
from affiliates.models import ApiToken, Link, LinkDay
from config import checks
from creators import directory
from shop import integrations, terms
from shop.models import Membership, Terms, Variant, WebhookEvent
from tests.affiliates.factories import make_collaboration, make_commission, sign_in
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_order, make_variant

pytestmark = pytest.mark.django_db
BRAND = apitokens.scopes_for("brand")
CREATOR = apitokens.scopes_for("creator")


class Program:
    """A program with a key and no cookies."""

    def __init__(self, owner, scopes=None, user=None, **facts):
        side = owner._meta.model_name
        user = user or (owner.user if side == "creator" else owner.memberships.get().user)
        facts = {"days": None} | facts
        scopes = apitokens.scopes_for(side) if scopes is None else scopes
        self.row, self.word = apitokens.make(
            "a program", scopes, timezone.now(), by=user, **{side: owner}, **facts
        )
        self.client = Client(raise_request_exception=False)

    def ask(self, method, path, body=None, word=None, **headers):
        headers = {"Authorization": f"Bearer {word or self.word}"} | headers
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | str) else json.dumps(body) if body else ""
        return self.client.generic(
            method, f"/api/v1{path}", data, content_type=headers.pop("Content-Type", "application/json"),
            headers=headers,
        )  # fmt: skip

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body, **headers):
        return self.ask("POST", path, body, **headers)


@pytest.fixture
def brand():
    return make_brand(owner=make_user())


@pytest.fixture
def creator():
    found = make_creator(followers=6_000, user=make_user(), at=timezone.now())
    links.accept_terms(found.user, timezone.now())
    return found


def problem(answer, code, status):
    told = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, told["status"], told["type"].rpartition("#")[2]) == (
        status, status, code
    )  # fmt: skip
    assert "Set-Cookie" not in answer and "Access-Control-Allow-Origin" not in answer
    return told


# ------------------------------------------------------------------ who may


def test_a_token_says_what_it_is_and_that_it_was_used(brand):
    program = Program(brand, ["orders:read"], days=30)
    answer = program.get("/token")
    assert answer.json() == {
        "name": "a program", "side": "brand", "owner": brand.slug, "scopes": ["orders:read"],
        "expires_at": program.row.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    row = ApiToken.objects.get()
    assert row.last_used_at is not None
    assert program.word not in f"{row.digest}{row.start}" and row.start == program.word[:12]


@pytest.mark.parametrize("header", ["", "Bearer", "Basic eDp5", "Bearer thd_nobody", "Bearer é"])
def test_without_a_token_that_opens_it_is_401_and_says_how(header):
    answer = Client().get("/api/v1/token", headers={"Authorization": header})
    problem(answer, "no-token", 401)
    assert answer["WWW-Authenticate"].startswith('Bearer realm="thousand"')


def test_a_session_opens_nothing_and_a_cookie_is_not_answered(brand):
    client = Client()
    sign_in(client, brand.memberships.get().user, second_factor=False)
    problem(client.get("/api/v1/token"), "no-token", 401)


def test_ended_expired_and_stopped_tokens_open_nothing_at_once(brand, creator):
    program, hers = Program(brand), Program(creator)
    late = Program(brand, days=30)
    ApiToken.objects.filter(pk=late.row.pk).update(expires_at=timezone.now())
    problem(late.get("/token"), "no-token", 401)
    for status, code in (("suspended", 403), ("closed", 403), ("active", 200), ("draft", 200)):
        brand.status = status
        brand.save()
        assert program.get("/token").status_code == code
    user = brand.memberships.get().user
    user.is_active = False
    user.save()
    problem(program.get("/token"), "stopped", 403)
    assert hers.get("/token").status_code == 200
    creator.user.is_active = False
    creator.user.save()
    problem(hers.get("/token"), "stopped", 403)
    apitokens.revoke(hers.row, timezone.now())
    problem(hers.get("/token"), "no-token", 401)


def test_a_key_of_a_brand_ends_with_its_makers_ownership(brand):
    programs = [Program(brand, user=brand.memberships.get().user)]
    member = Membership.objects.create(user=make_user(), brand=brand, role="owner")
    programs += [Program(brand, user=member.user), Program(brand, user=make_user())]
    ApiToken.objects.filter(pk=programs[2].row.pk).update(made_by=None)  # an account that is gone
    said = lambda: [program.get("/token").status_code for program in programs]  # noqa: E731
    assert said() == [200, 200, 403]

    member.role = "member"
    member.save()
    assert said() == [200, 403, 403]
    client = Client()
    sign_in(client, brand.memberships.get(role="owner").user)
    page = client.get(reverse("affiliates:brand_tokens", args=[brand.slug])).content.decode()
    assert page.count("opens nothing") == 2
    member.delete()
    assert said() == [200, 403, 403]


SCOPED = {
    "/products": "products:read", "/products/1": "products:read", "/stock": "stock:read",
    "/collaborations": "collaborations:read", "/creators": "creators:read",
    "/orders": "orders:read", "/orders/1": "orders:read", "/statements": "statements:read",
    "/links": "links:read", "/links/1": "links:read", "/clicks": "clicks:read",
    "/commissions": "commissions:read", "/statements/2026-11": "statements:read",
    "/statements/2026-11/entries": "statements:read",
}  # fmt: skip


def test_a_scope_opens_its_part_and_no_other(brand, creator):
    sides = {"brand": brand, "creator": creator}
    for path, scope in SCOPED.items():
        whose = apitokens.SCOPES[scope][1]
        for side, owner in sides.items():
            others = [one for one in apitokens.scopes_for(side) if one != scope]
            if whose not in (side, "both"):
                problem(Program(owner).get(path), "wrong-side", 403)
                continue
            problem(Program(owner, others).get(path), "scope-missing", 403)
            assert Program(owner, [scope]).get(path).status_code in {200, 404}
        ApiToken.objects.all().delete()
    program = Program(brand, ["stock:read"])
    problem(program.post("/stock", {"data": [{"sku": "x", "on_hand": 1}]}), "scope-missing", 403)


def test_what_belongs_to_another_is_not_there(brand, creator):
    variant = make_variant(brand=brand)
    make_collaboration(brand)
    order = make_order((variant, 1))
    link = links.take(creator, variant.product, platform="tiktok", at=timezone.now())
    rival = Program(make_brand(owner=make_user()))
    for path in (f"/products/{variant.product_id}", f"/orders/{order.parts.get().pk}"):
        assert Program(brand).get(path).status_code == 200
        problem(rival.get(path), "not-found", 404)
    for path in ("/products", "/stock", "/orders", "/collaborations"):
        assert rival.get(path).json()["data"] == []
        assert len(Program(brand).get(path).json()["data"]) == 1
    wrote = rival.post("/stock", {"data": [{"sku": variant.sku, "on_hand": 0}]}).json()
    assert wrote == {"data": [], "left_out": [variant.sku]}
    other = make_creator(followers=6_000, user=make_user(), at=timezone.now())
    problem(Program(other).get(f"/links/{link.pk}"), "not-found", 404)
    assert Program(other).get("/links").json()["data"] == []
    assert Program(other).get(f"/clicks?link={link.pk}").json()["data"] == []
    assert Program(creator).get(f"/links/{link.pk}").json()["code"] == link.code


def test_so_many_a_minute_and_then_when_it_goes_on(brand, monkeypatch):
    monkeypatch.setattr("affiliates.api.tokens.PER_MINUTE", 3)
    monkeypatch.setattr("config.lib.ratelimit.time.time", lambda: 1_800_000_000.0)
    program = Program(brand)
    seen = [program.get("/token").status_code for _ in range(4)]
    answer = program.get("/token")
    assert seen == [200, 200, 200, 429]
    problem(answer, "too-many", 429)
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert Program(brand).get("/token").status_code == 200  # another key


def test_trying_tokens_is_slowed_down(monkeypatch):
    monkeypatch.setattr("affiliates.api.tokens.WRONG_PER_MINUTE", 2)
    monkeypatch.setattr("config.lib.ratelimit.time.time", lambda: 1_800_000_000.0)
    seen = [
        Client().get("/api/v1/token", headers={"Authorization": "Bearer thd_x"}).status_code
        for _ in range(3)
    ]
    assert seen == [401, 401, 429]


def test_no_operation_answers_without_a_token(brand):
    client, wrong = Client(), []
    sign_in(client, brand.memberships.get().user, second_factor=False)
    rows = [route for route in checks.routes() if route.who == "token"]
    for route in rows:
        path = route.pattern.replace("<int:", "<").replace("<month>", "2026-11")
        path = re.sub(r"<\w+>", "1", path)
        for method in ("GET", "POST", "PUT", "DELETE"):
            seen = client.generic(method, path, content_type="application/json").status_code
            if seen != (401 if method in route.methods else 405):
                wrong.append((method, path, seen))
    assert wrong == [] and len(rows) >= 18


# ------------------------------------------------------------------ errors


def test_every_error_is_a_problem(brand):
    program = Program(brand)
    problem(program.get("/nowhere"), "not-found", 404)
    problem(program.get("/products/"), "not-found", 404)
    problem(program.get("/products/99999999999999999999"), "not-found", 404)
    problem(program.get("/products?x=%00"), "bad-request", 400)
    answer = program.ask("DELETE", "/products")
    problem(answer, "bad-method", 405)
    assert answer["Allow"] == "GET"
    problem(program.ask("POST", "/stock", "a=1", **{"Content-Type": "text/plain"}), "not-json", 415)
    problem(program.ask("POST", "/stock", "{"), "bad-request", 400)
    problem(program.ask("POST", "/stock", b"x" * 1_000_001), "too-large", 413)
    told = problem(program.get("/products?limt=5"), "invalid", 422)
    assert told["errors"] == [{"where": "query.limt", "what": "Unknown"}]
    told = problem(program.get("/products?limit=101"), "invalid", 422)
    assert told["errors"][0]["where"] == "query.limit"
    told = problem(program.post("/stock", {"data": [{"sku": "", "on_hand": -1}]}), "invalid", 422)
    assert len(told["errors"]) == 2
    for cursor in ("x", "WyJvcmRlcnMiLDFd", "é", "W10", "bnVsbA"):
        problem(program.get(f"/products?after={cursor}"), "bad-cursor", 422)


def test_an_error_of_ours_is_a_problem_too(brand, monkeypatch):
    def fails(*args, **more):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("affiliates.api.paging.by_id", fails)
    answer = Program(brand).get("/products")
    problem(answer, "failed", 500)
    assert b"secret" not in answer.content


def test_a_foreign_page_may_not_read_it(brand):
    answer = Program(brand).get("/token", Origin="https://evil.example")
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert Program(brand).ask("OPTIONS", "/token").status_code == 405


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
