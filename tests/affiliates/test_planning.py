"""Plans: whom to take for a budget. Pure rules first, then the page."""

import csv
import io
import random

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from affiliates import planning, plans
from affiliates.models import Shortlist
from affiliates.planning import Market, Peers, Range, Source, Terms, Wish
from creators import directory
from creators.models import DirectoryEntry
from tests.affiliates.factories import make_brand, make_user
from tests.creators.factories import NOW, make_creator
from tests.shop.factories import make_variant

PEERS = Peers(Range(0.01, 0.03, 0.06), Range(0.002, 0.01, 0.03))
USUAL = Market(dict.fromkeys(range(5), PEERS), 0.03)
TERMS = Terms(sale=3_000, rate_bp=2_000, sample=1_500)


def source(n, **facts):
    plain = {"platform": "tiktok", "followers": 4_000, "engagement_bp": 500, "clicks": 0,
             "orders": 0, "brands": 0}  # fmt: skip
    return Source(id=n, **plain | facts)


def crowd(count, seed=1):
    dice = random.Random(seed)
    return [
        source(
            n, platform=dice.choice(["tiktok", "instagram", "youtube", "facebook"]),
            followers=dice.randrange(1_000, 50_000), engagement_bp=dice.randrange(50, 1_500),
            clicks=(clicks := dice.choice([0, dice.randrange(2_000)])),
            orders=dice.randrange(clicks // 20 + 1), brands=dice.randrange(1, 5),
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


sources = st.builds(
    lambda n, seed: crowd(n, seed), st.integers(0, 60), st.integers(0, 10**6)
)  # fmt: skip
wishes = st.builds(
    Wish, st.sampled_from(planning.GOALS), st.integers(1_000, 500_000), st.integers(1, 25),
    st.integers(25, 100),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(sources, wishes)
def test_a_plan_keeps_the_budget_the_number_and_the_spread(found, wish):
    choice = planning.choose(planning.estimate(found, USUAL, TERMS), wish)

    chosen = choice.chosen
    assert sum(one.cost for one in chosen) <= wish.budget
    assert len(chosen) <= wish.most
    assert len({one.id for one in chosen}) == len(chosen)
    reach = sum(one.reach.mid for one in chosen)
    for platform in {one.platform for one in chosen}:
        share = sum(one.reach.mid for one in chosen if one.platform == platform) / reach
        assert share <= wish.cap_percent / 100 + 1e-6 or not choice.is_spread


def test_a_plan_brings_as_much_as_the_best_of_all_sets():
    found = planning.estimate(crowd(12), USUAL, TERMS)
    wish = Wish("sales", 20_000, most=6, cap_percent=100)

    def best(rest, left, count):
        if not rest or not count:
            return 0.0
        head, *tail = rest
        without = best(tail, left, count)
        if head.cost > left:
            return without
        return max(without, head.sales.mid + best(tail, left - head.cost, count - 1))

    chosen = planning.choose(found, wish).chosen
    assert len(chosen) >= 2
    assert sum(one.sales.mid for one in chosen) >= (1 - planning.GAP) * best(found, 20_000, 6)


def test_the_same_question_has_the_same_answer_in_any_order():
    found = planning.estimate(crowd(300), USUAL, TERMS)
    wish = Wish("clicks", 60_000)

    one = planning.choose(found, wish).chosen
    other = planning.choose(found[::-1], wish).chosen

    assert [row.id for row in one] == [row.id for row in other]


def test_a_record_goes_before_what_others_of_her_size_do():
    own, peer = planning.estimate(
        [source(1, clicks=400, orders=40, brands=2), source(2)], USUAL, TERMS
    )

    assert own.from_record and not peer.from_record
    assert own.clicks.mid == 200
    assert peer.clicks.mid == 4_000 * PEERS.clicks.mid
    assert 0.03 < own.orders.mid / own.clicks.mid < 0.1  # between the market's and her own
    assert own.cost == 1_500 + round(own.sales.mid * 0.2)
    assert own.clicks.low < own.clicks.mid < own.clicks.high


def test_many_are_surer_than_one():
    many = planning.estimate([source(n) for n in range(20)], USUAL, TERMS)
    together, alone = planning.total(many), planning.total(many[:1])

    def width(span):
        return (span.high - span.low) / span.mid

    assert together.sales.mid == pytest.approx(20 * alone.sales.mid)
    assert width(together.sales) < width(alone.sales) / 2


def test_a_platform_alone_is_said_to_be_no_spread():
    found = planning.estimate([source(n) for n in range(1, 9)], USUAL, TERMS)

    choice = planning.choose(found, Wish("reach", 10**6, cap_percent=50))

    assert len(choice.chosen) >= 2 and not choice.is_spread
    assert not planning.choose(found, Wish("reach", 10)).chosen
    with pytest.raises(ValueError, match="no such goal"):
        planning.choose(found, Wish("fame", 10**6))


def test_overlap_is_nothing_for_one_and_all_for_the_same_people():
    assert planning.overlap([500], 10_000) == pytest.approx(0)
    assert planning.overlap([10_000, 10_000], 10_000) == pytest.approx(0.5)
    assert 0 < planning.overlap([1_000] * 5, 10_000) < 0.25
    assert planning.overlap([], 0) == 0


def test_the_core_is_as_good_as_all_of_them(monkeypatch):
    found = planning.estimate(crowd(400), USUAL, TERMS)
    for goal in planning.GOALS:
        wish = Wish(goal, 60_000, most=12)
        part = planning.choose(found, wish).chosen
        monkeypatch.setattr(planning, "_core", lambda fit, wish: fit)
        whole = planning.choose(found, wish).chosen
        monkeypatch.undo()

        sums = [sum(one.value(goal) for one in chosen) for chosen in (whole, part)]
        assert sums[1] >= (1 - 2 * planning.GAP) * sums[0] > 0


# ------------------------------------------------------------------ the page


def in_directory(count):
    for n in range(count):
        creator = make_creator(followers=2_000 + 500 * n, user=make_user())
        directory.record([creator.pk])
        DirectoryEntry.objects.filter(pk=creator.pk).update(
            clicks_90d=300, orders_90d=9, brands_worked=1, engagement_bp=400, score=80,
            best_platform=["tiktok", "instagram", "youtube"][n % 3], niches=["food"],
        )  # fmt: skip


@pytest.fixture
def brand(client):
    owner = make_user()
    brand = make_brand()
    brand.memberships.create(user=owner, role="owner")
    client.force_login(owner)
    make_variant(brand=brand, price=4_000)
    return brand


ASKED = {"goal": "sales", "budget": "900", "percent": "15", "most": "10", "cap_percent": "60"}


@pytest.mark.django_db
def test_a_brand_plans_keeps_and_invites(client, brand, django_assert_max_num_queries):
    in_directory(9)
    page = reverse("affiliates:plan", args=[brand.slug])
    client.get(page, ASKED)
    with django_assert_max_num_queries(12):
        shown = client.get(page, ASKED)

    said = shown.content.decode()
    rows = shown.context["plan"].many.rows
    assert "small creators" in said and "Nobody with more than 50,000" in said
    assert len(rows) >= 5 and "her own visits" in said

    taken = client.get(reverse("affiliates:brand_table", args=[brand.slug, "plan", "csv"]), ASKED)
    _head, *lines = csv.reader(io.StringIO(taken.getvalue().decode()))
    assert [line[1] for line in lines] == [row.creator.handle for row in rows]
    assert {line[-1] for line in lines} == {"her own visits"}

    ids = [row.creator.pk for row in rows[:5]]
    terms = {"percent": "15", "budget": shown.context["commissions"]}
    assert f'name="budget" value="{terms["budget"]}"' in said
    sent = client.post(page, {"c": ids} | terms)
    kept = Shortlist.objects.get(brand=brand, name__startswith="Plan")
    assert set(kept.entries.values_list("creator_id", flat=True)) == set(ids)
    asked = client.get(sent["Location"])
    form = asked.context["form"]
    plan = shown.context["plan"]
    assert [one.creator_id for one in asked.context["entries"]] == ids
    assert (form["name"].value(), form["percent"].value()) == (kept.name, "15")
    assert form["budget"].value() == f"{90_000 * 1_500 // plan.rate_bp / 100:.2f}"


@pytest.mark.django_db
def test_who_has_a_score_is_looked_at_first(brand, monkeypatch):
    in_directory(6)
    DirectoryEntry.objects.filter(pk__in=DirectoryEntry.objects.order_by("-pk")[:3]).update(
        score=None
    )
    scored = set(DirectoryEntry.objects.exclude(score=None).values_list("pk", flat=True))
    monkeypatch.setattr(plans, "MOST_LOOKED_AT", 3)
    looked_at = []
    monkeypatch.setattr(planning, "estimate", lambda some, *_: looked_at.append(list(some)) or [])

    plans.make(brand, plans.Asked("sales", 50_000, 1_200), NOW)

    assert {one.id for one in looked_at[0]} == scored


@pytest.mark.django_db
def test_what_is_typed_wrong_is_said_at_its_field_and_kept(client, brand):
    page = reverse("affiliates:plan", args=[brand.slug])

    shown = client.get(page, ASKED | {"budget": "3", "percent": "x", "niches": "nonsense"})

    said = shown.content.decode()
    assert shown.status_code == 422
    assert "Plan with between" in said and 'value="3"' in said
    assert "Nobody fits this plan" in client.get(page, ASKED).content.decode()


@pytest.mark.django_db
def test_only_listed_creators_are_kept_and_no_other_brand_sees_the_list(client, brand):
    in_directory(1)
    other = make_brand()
    hidden = make_creator(followers=6_000, user=make_user())
    page = reverse("affiliates:plan", args=[brand.slug])
    listed = DirectoryEntry.objects.get(score=80)
    DirectoryEntry.objects.filter(pk=hidden.pk).update(is_listed=False)

    client.post(page, {"c": [listed.pk, hidden.pk, "x"]})

    assert [
        row.creator_id for row in Shortlist.objects.get(name__startswith="Plan").entries.all()
    ] == [listed.pk]
    assert client.get(reverse("affiliates:plan", args=[other.slug])).status_code == 404
