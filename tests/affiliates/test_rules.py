"""The public page of rules: joining, fees and dates from the rows and numbers that decide."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates.models import FeePolicy
from config.lib import dated
from tests.affiliates.factories import make_brand

pytestmark = pytest.mark.django_db


def section(client, name: str) -> str:
    """Return the words of one section of the page."""
    page = client.get("/rules/").content.decode()
    body = page[page.index(f'id="{name}"') :].partition("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_fees_are_told_as_they_are_were_and_will_be_and_a_brands_own_is_not(client):
    FeePolicy.objects.all().delete()
    now = timezone.now()
    for days, rate_bp in [(-400, 900), (-30, 500), (30, 450)]:
        FeePolicy.objects.create(rate_bp=rate_bp, effective_from=now + timedelta(days=days))
    FeePolicy.objects.create(brand=make_brand(), rate_bp=123, effective_from=now)

    said = section(client, "fees")

    order = [said.index(words) for words in ("4.5% for the brand", "5% for", "Before", "9% for")]
    assert order == sorted(order)
    assert "Announced, from" in said
    assert "1.23%" not in said


def test_a_fee_that_stays_and_has_a_minimum_says_so(client):
    FeePolicy.objects.all().delete()
    FeePolicy.objects.create(
        rate_bp=500, minimum=25, gives_back=False, base="all",
        effective_from=timezone.now() - timedelta(days=1),
    )  # fmt: skip

    said = section(client, "fees")

    assert "everything that is sold here" in said
    assert "At least €0.25 a line." in said
    assert "The fee stays when goods come back." in said


def test_without_a_fee_the_page_says_that_too(client):
    FeePolicy.objects.all().delete()

    assert "No fee is charged at the moment." in section(client, "fees")


def test_the_days_are_those_that_the_code_uses(client):
    said = section(client, "money")

    for words in ("within 30 days", "clears 15 days after delivery", "45 days after payment",
                  "From €10,", "after 48 hours", "told 7 days ahead"):  # fmt: skip
        assert words in said, words


def test_the_example_adds_up_with_the_fee_in_force(client):
    FeePolicy.objects.all().delete()
    FeePolicy.objects.create(rate_bp=500, effective_from=timezone.now() - timedelta(days=1))

    response = client.get("/rules/")

    example = response.context["example"]
    assert (example.net, example.commission, example.fee, example.left) == (2851, 428, 143, 2280)


def test_ranking_names_the_orders_and_the_range_it_begins_with(client):
    said = section(client, "ranking")

    assert "1,000 to 50,000 followers" in said
    assert "Nobody can pay for a place" in said
    assert "40 for engagement among channels of the same platform and size" in said
    assert "engagement for their size, authenticity, followers, newest first." in said


def test_a_rule_ends_when_the_next_of_its_scope_begins():
    class Row:
        def __init__(self, scope, day):
            self.scope, self.effective_from = scope, timezone.now() + timedelta(days=day)

    rows = [Row("a", 5), Row("a", -1), Row("b", -2), Row("a", -9)]

    found = dated.sorted_out(rows, timezone.now(), scope=lambda row: row.scope)

    assert [period.row for period in found.announced] == rows[:1]
    assert [(period.row, period.until) for period in found.in_force] == [
        (rows[1], rows[0].effective_from), (rows[2], None),
    ]  # fmt: skip
    assert [(p.row, p.until) for p in found.past] == [(rows[3], rows[1].effective_from)]
