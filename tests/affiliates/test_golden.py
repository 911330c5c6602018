"""The cases of golden/attribution.yaml: decided, stored and replayed; and cookies nobody signed."""

import json
import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from affiliates.attribution import Line, Touch, decide, hold_reason, replay
from affiliates.attribution.record import row_of
from affiliates.models import Attribution
from shop.models import BrandOrder, OrderLine
from tests.properties import examples

CASES = yaml.safe_load((Path(__file__).parent / "golden" / "attribution.yaml").read_text())
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BRANDS = {"Mill": 1, "Loom": 2}
PEOPLE = ["Noor", "Sam", "Lou"]
STEP = re.compile(r"(\d+) (second|minute|hour|day)s?")


def moment(told: str | None) -> datetime | None:
    """Read "30 days and 1 second before", told from the order."""
    if told is None:
        return None
    steps = STEP.findall(told)
    assert steps and told.endswith(("before", "after")), told
    span = sum((timedelta(**{f"{unit}s": int(n)}) for n, unit in steps), timedelta())
    return NOON + span if told.endswith("after") else NOON - span


def line_of(case) -> Line:
    buyer = case.get("buyer")
    return Line(
        brand_id=1, product_id=9, placed_at=NOON, paid_at=moment(case.get("paid")) or NOON,
        buyer_id=100 + PEOPLE.index(buyer) if buyer else 999,
        own_claim_at=moment(case.get("own programme")),
    )  # fmt: skip


def touch_of(told, n: int) -> Touch:
    who = PEOPLE.index(told["creator"])
    is_code = "code" in told
    suspended = moment(told.get("suspended"))
    rate = told.get("rate", 12) * 100
    return Touch(
        creator_id=who + 1,
        creator_user_id=100 + who,
        brand_id=BRANDS[told.get("brand", "Mill")],
        link_id=None if is_code else 10 + n,
        code=told.get("code", f"link{n}"),
        code_id=n if is_code else None,
        click="" if is_code else f"click{n:017}",
        clicked_at=moment(told.get("clicked")),
        collaboration_id=None if told.get("offer") == "none" else 5,
        rate_bp=rate,
        promised_bp=told.get("promised", 0) * 100,
        window_days=told.get("window", 30),
        link_active=told.get("active", True),
        offer_starts_at=moment(told.get("offer starts")),
        offer_ends_at=moment(told.get("offer ends")),
        enrolled=told.get("enrolled", True) and suspended is None,
        suspended_at=suspended,
        platform_off_at=moment(told.get("platform off")),
        programme=told.get("programme", "thousand_first"),
    )


def read(case):
    return line_of(case), [touch_of(told, n) for n, told in enumerate(case["touches"])]


def told(result) -> dict:
    """Return a result in the words of the file."""
    aside = defaultdict(list)
    for touch, reason in sorted(result.touches, key=lambda pair: pair[0].link_id or 99):
        if reason is not None:
            aside[PEOPLE[touch.creator_id - 1]].append(str(reason))
    return {
        "earns": PEOPLE[result.winner.creator_id - 1] if result.winner else "nobody",
        "because": str(result.rule),
        "held": result.hold,
        "aside": dict(aside),
    }


def wanted(case) -> dict:
    aside = {k: v if isinstance(v, list) else [v] for k, v in case.get("aside", {}).items()}
    return {
        "earns": case["earns"], "because": case["because"], "held": case.get("held", ""),
        "aside": aside,
    }  # fmt: skip


def stored(line: Line, touches) -> Attribution:
    """Return the receipt as the database gives it back."""
    row = row_of(1, decide(line, touches), line, NOON)
    row.touches = json.loads(json.dumps(row.touches))
    row.order_line = OrderLine(pk=1, brand_order=BrandOrder(brand_id=line.brand_id))
    return row


def test_there_are_enough_and_each_is_told_once():
    names = [case["case"] for case in CASES]
    assert len(names) >= 40
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_the_case_is_decided_stored_and_replayed(case):
    line, touches = read(case)
    result = decide(line, touches)
    assert told(result) == wanted(case)
    assert result.rate_bp == (case["rate"] * 100 if "rate" in case else result.rate_bp)
    row = stored(line, touches)
    again = replay(row)
    assert told(again) == wanted(case)
    assert (again.rate_bp, hold_reason(row)) == (result.rate_bp, case.get("held", ""))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_without_a_loser_the_winner_is_the_same_and_the_order_of_touches_means_nothing(case):
    line, touches = read(case)
    winner = decide(line, touches).winner
    assert decide(line, touches[::-1]).winner == winner
    for n, touch in enumerate(touches):
        if touch != winner:
            assert decide(line, touches[:n] + touches[n + 1 :]).winner == winner


@given(st.data())
def test_any_mixture_of_the_cases_has_one_winner_or_none_and_replays(data):
    pool = [(line, t) for line, touches in map(read, CASES) for t in touches]
    picked = data.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=6))
    line = picked[0][0]
    touches = [
        replace(touch, link_id=touch.link_id and 100 + n, click=touch.click and f"m{n:021}")
        for n, (_line, touch) in enumerate(picked)
    ]
    result = decide(line, touches)
    assert sum(reason is None for _touch, reason in result.touches) == (result.winner is not None)
    again = replay(stored(line, touches))
    assert (again.rule, again.rate_bp) == (result.rule, result.rate_bp)
    assert again.winner is result.winner or again.winner.click == result.winner.click


# ------------------------------------------------------------------ what strangers send

FEW = hypothesis_settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXT = st.text(st.characters(codec="latin-1", exclude_characters=";\r\n\x00"), max_size=200)


@pytest.mark.django_db
class TestStrangers:
    @FEW
    @given(cookie=TEXT, touch=st.text(max_size=80))
    def test_no_cookie_and_no_carried_touch_breaks_a_page(self, cookie, touch):
        client = Client(raise_request_exception=False)
        client.cookies["touches"] = cookie
        for path in ("/shop/", "/cookies/", "/cart/"):
            assert client.get(path, {"touch": touch}).status_code < 500, path

    @FEW
    @given(code=st.text(min_size=1, max_size=40), word=st.text(max_size=40))
    def test_no_code_breaks_a_link_or_an_alias(self, code, word):
        client = Client(raise_request_exception=False)
        assert client.get(f"/go/{code}").status_code < 500
        assert client.get(f"/@{code}/{word}").status_code < 500
        marked = client.get("/go/abcdefghjk", {"gclid": word, "utm_medium": code})
        assert marked.status_code in {400, 404}
