"""The API: who may what, and errors as RFC 9457 says."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates import apitokens, links
from affiliates.api import paging
from affiliates.models import ApiToken
from config import checks
from shop.models import Membership
from tests.affiliates.factories import make_collaboration, sign_in
from tests.affiliates.programs import Program, problem
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_order, make_variant

pytestmark = pytest.mark.django_db


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
    told = problem(client.get("/api/v1/token"), "no-token", 401)
    assert not {"owner", "scopes"} & set(told)


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


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "2026-13-01",
     "2026-01-01T00:00:00", "x", None, 5, True, [], {}],
)  # fmt: skip
def test_a_cursor_with_a_moment_that_we_never_gave_is_refused(brand, creator, moment):
    for owner, name in ((brand, "orders"), (creator, "clicks")):
        cursor = paging.encode(name, moment, 5)
        told = problem(Program(owner).get(f"/{name}?after={cursor}"), "bad-cursor", 422)
        assert "data" not in told


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
