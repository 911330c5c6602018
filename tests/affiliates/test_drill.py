"""The drill: what hangs on a platform, what is left without it, and that nothing changes."""

import copy
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import timezone

from affiliates import drill
from affiliates.models import Link, SampleRequest
from creators import directory
from creators.models import Creator
from shop.models import Membership
from tests.affiliates.factories import (
    PAID,
    make_brand,
    make_collaboration,
    make_creator,
    make_user,
    make_variant,
)
from tests.affiliates.test_exposure import link_on, sell
from tests.creators.factories import make_creator as make_member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
NOW = PAID + timedelta(days=2)


def on(creator, *platforms) -> Creator:
    for platform in platforms:
        creator.channels.create(
            platform=platform, external_id=f"{creator.pk}", handle="x", verified_at=NOW
        )
    return creator


@pytest.fixture(scope="module")
def brand_once(shared_rows):
    """Sells 6,000 of 10,000 on TikTok: by one creator with two links, one with none, one alone."""
    with shared_rows():
        brand = make_brand()
        two = on(make_creator(display_name="Two Links"), "tiktok", "youtube")
        bare = on(make_creator(display_name="No Link"), "tiktok", "instagram")
        alone = on(make_creator(display_name="Alone", country="BE"), "tiktok")
        sell(link_on("tiktok", two, brand), 3_000)
        sell(link_on("youtube", two, brand), 4_000)
        sell(link_on("tiktok", bare, brand), 2_000)
        sell(link_on("tiktok", alone, brand), 1_000)
        return brand


@pytest.fixture
def brand(brand_once):
    return copy.deepcopy(brand_once)


def test_sixty_percent_on_tiktok_is_sixty_percent_at_risk(brand):
    found = drill.run(drill.Asked("tiktok", brand=brand, days=30), NOW)

    money = found.main
    assert (money.total, money.at_risk, money.kept, money.risk_bp) == (10_000, 6_000, 4_000, 6_000)
    assert (money.weekly(money.at_risk), money.over(30), money.risk) == (466, 2_000, "high")
    assert money.lost == {"link": 3_000, "channel": 2_000, "page": 1_000}
    assert found.links == found.creators == {"link": 1, "channel": 1, "page": 1}
    assert found.reach == {"youtube": (1, 0), "instagram": (1, 0)}
    names = {kind: [person.name for person in some] for kind, some in found.people.items()}
    assert names == {"link": ["Two Links"], "channel": ["No Link"], "page": ["Alone"]}
    assert found.people["link"][0].platforms == ["youtube"]


def test_the_command_reports_sixty_percent(brand):
    said, words = StringIO(), StringIO()
    options = {"brand": brand.slug, "days": 14, "start": "2026-12-01"}
    at_risk = drill.run(drill.Asked("tiktok", brand=brand), timezone.now()).main.at_risk
    call_command("drill", "tiktok", as_json=True, stdout=said, **options)
    call_command("drill", "tiktok", stdout=words, **options)

    told = json.loads(said.getvalue())
    assert (told["start"], told["days"], told["brand"]) == ("2026-12-01", 14, brand.slug)
    (income,) = told["income"]
    assert at_risk == income["at_risk_90d"] == 6_000
    assert income["at_risk_percent"] == 60.0
    assert "TikTok gone from 2026-12-01, 14 days.\n60.0% of income at risk" in words.getvalue()


@pytest.mark.parametrize(
    "wrong", [{"country": "Holland"}, {"days": 0}, {"start": "soon"}, {"brand": "nobody"}]
)
def test_the_command_refuses_what_it_does_not_understand(wrong):
    with pytest.raises(CommandError) as refused:
        call_command("drill", "tiktok", stdout=StringIO(), **wrong)
    assert refused.value.returncode == 2


def test_a_country_only_hits_its_creators(brand):
    found = drill.run(drill.Asked("tiktok", "be", brand=brand), NOW)

    assert (found.main.at_risk, found.creators["page"], sum(found.links.values())) == (1_000, 1, 1)


def test_the_score_counts_half_of_what_follows_to_another_channel(brand):
    found = drill.run(drill.Asked("tiktok", brand=brand), NOW)

    assert found.score == 55  # 4,000 kept and half of 3,000, of 10,000
    assert [(step.kind, step.creators, step.score) for step in found.steps] == [
        ("links", 1, 65), ("channel", 1, 60)
    ]  # fmt: skip
    assert found.score_after == 70


@pytest.mark.parametrize(
    ("total", "at_risk", "carried", "expected"),
    [(0, 0, 0, 100), (100, 100, 0, 0), (100, 100, 100, 50), (3, 1, 1, 83), (100, 0, 0, 100)],
)
def test_score(total, at_risk, carried, expected):
    assert drill.score(total, at_risk, carried) == expected


def test_creators_on_other_platforms_are_to_be_invited(brand):
    member = make_member(followers=6_000)
    directory.record([member.pk], NOW)
    strongest = member.directoryentry.best_platform
    gone = "tiktok" if strongest != "tiktok" else "youtube"

    found = drill.run(drill.Asked(gone, brand=brand), NOW)
    assert [one.creator_id for one in found.candidates] == [member.pk]
    assert found.candidates[0].platform == strongest

    link_on(strongest, member, brand)
    assert drill.run(drill.Asked(gone, brand=brand), NOW).candidates == []


def test_clocks_that_run_on_the_platform_are_named(brand):
    alone = Creator.objects.get(display_name="Alone")
    variant = make_variant(brand)
    SampleRequest.objects.create(
        creator=alone, collaboration=make_collaboration(brand), variant=variant,
        channel=alone.channels.get(), asked_at=NOW, act_by=NOW + timedelta(days=3),
    )  # fmt: skip
    Link.objects.filter(creator=alone).update(rate_locked_until=NOW + timedelta(days=20))

    found = drill.run(drill.Asked("tiktok", brand=brand), NOW)

    assert (found.samples, found.pilots, found.rate_locks) == (1, 0, 1)
    assert drill.run(drill.Asked("youtube", brand=brand), NOW).samples == 0
    later = drill.Asked("tiktok", brand=brand, start=NOW + timedelta(days=21))
    assert drill.run(later, NOW).rate_locks == 0


def test_a_pilot_without_another_channel_is_counted(brand):
    member = make_member(followers=1_200)
    link_on("tiktok", member, brand)
    platform = member.channels.get().platform
    assert member.status == Creator.Status.PILOT

    assert drill.run(drill.Asked(platform, brand=brand), NOW).pilots == 1


def test_a_creator_rehearses_with_what_she_earns(brand):
    two = Creator.objects.get(display_name="Two Links")

    found = drill.run(drill.Asked("tiktok", creator=two), NOW)

    assert (found.main.total, found.main.at_risk) == (840, 360)
    assert found.links == {"link": 1, "channel": 0, "page": 0}


def checksums() -> dict[str, str]:
    """Return a checksum of every row of every table."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM {table} t"
            )
            found[table] = cursor.fetchone()[0]
    return found


def test_no_row_of_any_table_changes(brand, client):
    owner = Membership.objects.create(user=make_user(), brand=brand).user
    client.force_login(owner)
    page = reverse("affiliates:brand_risk", args=[brand.slug])
    client.get(page)  # the session is written before
    before = checksums()

    call_command("drill", "tiktok", stdout=StringIO())
    call_command("what_if", min_followers=2_000, stdout=StringIO())
    assert client.get(page, {"gone": "instagram", "days": "3"}).status_code == 200

    assert checksums() == before
    assert len(before) > 80


def test_the_database_refuses_a_write_while_it_rehearses():
    with pytest.raises(DatabaseError, match="read-only"), drill._reading_only():
        make_user()


def test_the_whole_market_is_rehearsed_by_currency(brand):
    sell(
        link_on("tiktok", Creator.objects.get(display_name="Alone"), make_brand(currency="GBP")),
        500,
    )

    found = drill.run(drill.Asked("tiktok"), NOW)

    assert {one.currency: (one.total, one.at_risk) for one in found.money} == {
        "EUR": (10_000, 6_000), "GBP": (500, 500)
    }  # fmt: skip


def test_a_market_without_sales_has_nothing_at_risk():
    found = drill.run(drill.Asked("tiktok"), NOW)

    assert (found.main.at_risk, found.score, found.steps) == (0, 100, [])
