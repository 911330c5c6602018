"""What one connection may do in a while."""

import ast
import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from shop.models import Order
from shop.views import checkout
from tests.harness import ROOT
from tests.shop.factories import make_brand, make_user, make_variant
from tests.shop.test_checkout import order_it, put_in_bag

pytestmark = pytest.mark.django_db
APPS = ("affiliates", "config", "creators", "shop")


def test_one_connection_cannot_reserve_all_stock(monkeypatch):
    monkeypatch.setattr(checkout, "MOST_ORDERS", 3)
    variant = make_variant(stock=100)
    answers = []
    for number in range(5):
        visitor = Client(headers={"x-forwarded-for": f"192.0.2.{number}"})  # nobody trusts it
        put_in_bag(visitor, variant, 9)
        answers.append(order_it(visitor).status_code)

    variant.refresh_from_db()
    assert (answers, variant.reserved, Order.objects.count()) == ([302] * 3 + [422] * 2, 27, 3)


def test_a_correction_of_the_same_order_is_not_counted(monkeypatch, client):
    monkeypatch.setattr(checkout, "MOST_ORDERS", 1)
    put_in_bag(client, make_variant())

    assert [order_it(client, name=name).status_code for name in ("A. One", "A. Two")] == [302, 302]
    assert Order.objects.get().name == "A. Two"


def test_one_connection_reports_five_pages_an_hour():
    page = f"/report/product/{make_variant().product_id}/"
    word = {"ground": "", "text": "This is not what it says.", "good_faith": "on"}
    form = Client().get(page).context["form"]
    word["ground"] = list(form.fields["ground"].choices)[-1][0]
    word |= {
        name: "on" for name, field in form.fields.items() if field.required and name not in word
    }

    answers = [
        Client(headers={"x-forwarded-for": f"192.0.2.{number}"}).post(page, word).status_code
        for number in range(7)
    ]
    household = [
        Client(REMOTE_ADDR=f"2001:db8:0:7::{number}").post(page, word).status_code
        for number in range(7)
    ]

    assert answers == household == [302] * 5 + [429] * 2


def _limits() -> dict[str, int | None]:
    """Return each counter of the code with how often it lets through, where that is a number there."""
    found: dict[str, int | None] = {}
    for path in (path for app in APPS for path in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            called = getattr(getattr(node, "func", None), "attr", "")
            called = called or getattr(getattr(node, "func", None), "id", "")
            if called not in {"limited", "allow", "limit"} or not node.args:
                continue
            name = node.args[0]
            if isinstance(name, ast.JoinedStr):
                name = name.values[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                times = [one.value for one in node.keywords if one.arg == "times"]
                number = times and isinstance(times[0], ast.Constant) and times[0].value
                found[name.value.rstrip("-")] = number or None
    return found


def test_every_limit_stands_in_the_documentation_with_its_measure():
    table = (
        (ROOT / "docs/operations.md").read_text().partition("## Limits")[2].partition("\n## ")[0]
    )
    told = {}
    for line in re.findall(r"^\| (`.+) \|$", table, re.M):
        names, _what, most = line.split(" | ")
        told |= dict(zip(re.findall(r"`([\w-]+)`", names), most.split(" · "), strict=True))
    limits = _limits()
    del limits["refused"]  # of lines in the audit log
    assert set(told) == set(limits)
    wrong = {
        n
        for n, times in limits.items()
        if times and not told[n].startswith(f"{times} ") and told[n] != str(times)
    }
    assert wrong == set()


def test_every_limit_counts_a_household_of_ipv6_as_one():
    """`client_address` is one of 2^64 that it may use; the visitor's mark alone is made of it."""
    ours = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    uses = {str(path.relative_to(ROOT)) for path in ours if "client_address" in path.read_text()}
    assert uses == {"config/lib/http.py", "affiliates/visitors.py"}


def test_a_question_too_many_is_answered_with_when_it_goes_on(client):
    with time_machine.travel(datetime(2026, 11, 10, 12, 0, 20, tzinfo=UTC), tick=False) as clock:
        asked = [client.get("/check/?platform=tiktok&followers=900") for _n in range(61)]
        assert [answer.status_code for answer in asked] == [200] * 60 + [429]
        assert asked[-1]["Retry-After"] == "40"
        assert "Try again in 1 minute." in asked[-1].content.decode()

        clock.shift(40)
        assert client.get("/check/?platform=tiktok&followers=900").status_code == 200


def test_codes_are_not_guessed_at_checkout(monkeypatch, client):
    monkeypatch.setattr(checkout, "MOST_CODES", 3)
    put_in_bag(client, make_variant())

    answers = [order_it(client, apply_code="1", creator_code=f"GUESS{n}") for n in range(5)]

    assert [answer.status_code for answer in answers] == [422] * 3 + [429] * 2
    assert all(int(answer["Retry-After"]) <= 600 for answer in answers[3:])
    assert order_it(client, creator_code="").status_code == 302  # she still buys


def test_an_account_takes_120_files_an_hour(client):
    """Whatever files they are; another account is not touched by it."""
    people = [make_user(), make_user()]
    brands = [make_brand(owner=person) for person in people]
    paths = ["balance/entries.csv", "balance/statement.csv", "balance/statement.xlsx"]

    client.force_login(people[0])
    seen = [client.get(f"/brand/{brands[0].slug}/{paths[n % 3]}").status_code for n in range(122)]
    client.force_login(people[1])
    other = client.get(f"/brand/{brands[1].slug}/{paths[0]}").status_code

    assert (set(seen[:120]), seen[120:], other) == ({200}, [429, 429], 200)


def test_an_account_opens_ten_brands_an_hour(client):
    client.force_login(make_user())
    assert [client.post("/brands/join/", {"name": ""}).status_code for _n in range(11)] == [
        422
    ] * 10 + [429]
    assert client.get("/brands/join/").status_code == 200


@pytest.mark.parametrize(("path", "most"), [("feeds/", 20), ("team/", 20)])
def test_a_brand_sends_so_many_forms_an_hour(client, path, most):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    seen = [client.post(f"/brand/{brand.slug}/{path}", {}).status_code for _n in range(most + 1)]

    assert seen[:most].count(429) == 0 and seen[most] == 429
