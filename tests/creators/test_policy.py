"""The pure engine: boundaries, what a decision promises, and its hash."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators import policy, what_if
from creators.policy import Channel, Facts, Outcome
from tests.creators.factories import rule

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
ADULT = date(1998, 5, 4)


def facts(*followers: int | None, **fields) -> Facts:
    channels = tuple(
        Channel(platform, f"on.{platform}", True, count)
        for platform, count in zip(policy.PLATFORMS, followers, strict=False)
    )
    return Facts(**{"country": "NL", "birth_on": ADULT, "channels": channels, **fields})


def by_rule(result: policy.Result) -> dict[str, policy.Check]:
    return {check.rule: check for check in result.checks}


@pytest.mark.parametrize(
    ("followers", "outcome"),
    [(0, "waiting"), (999, "waiting"), (1_000, "pilot"), (4_999, "pilot"), (5_000, "full")],
)
def test_followers_open_the_tiers_at_their_boundaries(followers, outcome):
    assert policy.decide([rule()], facts(followers), AT).outcome == outcome


def test_waiting_says_how_many_followers_are_missing_and_when_we_look_again():
    check = by_rule(policy.decide([rule()], facts(688), AT))["followers"]

    assert (check.needed, check.measured, check.passed) == (1_000, 688, False)
    assert (check.remedy, check.remedy_amount, check.platform) == ("followers", 312, "tiktok")
    assert check.recheck_on == date(2026, 3, 11)


def test_one_channel_that_passes_is_enough():
    result = policy.decide([rule()], facts(12, 5_100, None, 900), AT)

    assert (result.outcome, result.platform) == (Outcome.FULL, "instagram")


def test_a_hidden_count_waits_with_a_way_out_and_fails_nobody_by_itself():
    alone = policy.decide([rule()], facts(None), AT)
    beside = policy.decide([rule()], facts(1_200, None), AT)

    assert alone.outcome == Outcome.WAITING
    assert by_rule(alone)["count"].remedy == "show_count"
    assert by_rule(alone)["followers"].passed is None
    assert beside.outcome == Outcome.PILOT


def test_an_optional_rule_fails_only_what_was_measured():
    strict = rule(min_account_days=90, min_posts_28d=4)
    old = Channel("tiktok", "x", True, 2_000, account_age_days=80, posts_28d=None)
    result = policy.decide([strict], facts(channels=(old,)), AT)

    assert by_rule(result)["posts"].passed is None
    assert by_rule(result)["account_age"].remedy_amount == 10
    assert result.outcome == Outcome.WAITING
    unknown = replace(old, account_age_days=None)
    assert policy.decide([strict], facts(channels=(unknown,)), AT).outcome == Outcome.PILOT


@pytest.mark.parametrize(
    ("born", "outcome"), [(date(2008, 3, 10), "pilot"), (date(2008, 3, 11), "declined")]
)
def test_eighteen_counts_from_the_birthday(born, outcome):
    result = policy.decide([rule()], facts(1_500, birth_on=born), AT)

    assert result.outcome == outcome
    if outcome == "declined":
        assert by_rule(result)["age"].recheck_on == date(2026, 3, 11)


def test_a_birthday_on_29_february_falls_on_1_march():
    assert policy.birthday(date(2008, 2, 29), 18) == date(2026, 3, 1)
    assert policy.age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert policy.age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


def test_suspended_creators_are_declined_with_an_appeal():
    result = policy.decide([rule()], facts(9_000, suspended=True), AT)

    assert (result.outcome, by_rule(result)["standing"].remedy) == ("declined", "appeal")


@pytest.mark.parametrize(
    ("days", "weeks", "quiz", "points", "outcome"),
    [
        (30, 3, True, 0, "full"),
        (29, 3, True, 0, "pilot"),
        (30, 2, True, 0, "pilot"),
        (30, 3, False, 0, "pilot"),
        (30, 3, True, 2, "pilot"),
    ],
)
def test_a_clean_and_active_month_with_the_quiz_opens_the_full_tier(
    days, weeks, quiz, points, outcome
):
    pilot = facts(
        1_500,
        pilot_since=AT.date() - timedelta(days=days),
        weeks_with_links=weeks,
        quiz_passed=quiz,
        violation_points=points,
    )
    assert policy.decide([rule()], pilot, AT).outcome == outcome


def test_the_narrowest_policy_in_force_decides():
    wide = rule(id=1)
    dutch = rule(id=2, country="NL", min_followers=2_000)
    tiktok = rule(id=3, platform="tiktok", min_followers=3_000)
    later = rule(id=4, platform="tiktok", effective_from=AT + timedelta(seconds=1))
    rules = [wide, dutch, tiktok, later]

    assert policy.in_force(rules, "tiktok", "NL", AT).id == 3
    assert policy.in_force(rules, "youtube", "NL", AT).id == 2
    assert policy.in_force(rules, "youtube", "BE", AT).id == 1
    assert policy.in_force(rules, "tiktok", "BE", AT + timedelta(seconds=1)).id == 4
    with pytest.raises(policy.NoPolicy):
        policy.in_force([later], "tiktok", "NL", AT)


counts = st.one_of(st.none(), st.integers(0, 20_000))
people = st.builds(
    facts,
    counts,
    counts,
    counts,
    birth_on=st.one_of(st.none(), st.dates(date(1950, 1, 1), date(2026, 3, 9))),
    suspended=st.booleans(),
    violation_points=st.integers(0, 5),
    pilot_since=st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 3, 10))),
    weeks_with_links=st.integers(0, 6),
    quiz_passed=st.booleans(),
) | st.builds(facts)
rules = st.builds(
    rule,
    min_followers=st.integers(0, 5_000),
    full_followers=st.integers(5_000, 9_000),
    min_posts_28d=st.one_of(st.none(), st.integers(0, 5)),
)


@given(people, rules)
def test_waiting_has_a_failed_rule_and_every_failed_rule_a_remedy(person, one):
    result = policy.decide([one], person, AT)
    failed = [check for check in result.checks if check.passed is False]

    assert all(check.remedy for check in failed)
    if result.outcome == Outcome.WAITING:
        assert [check for check in failed if not check.opens_full]
        assert result.recheck_on > AT.date()


@given(people, rules)
def test_applying_every_remedy_lets_a_waiting_creator_in(person, one):
    result = policy.decide([one], person, AT)
    if result.outcome != Outcome.WAITING:
        return
    checks = by_rule(result)
    channels = list(person.channels) or [Channel("tiktok", "new", True, one.min_followers)]
    for index, channel in enumerate(channels):
        if "count" in checks and channel.followers is None:
            channels[index] = replace(channel, followers=one.min_followers)
        elif checks["followers"].passed is False and channel.platform == result.platform:
            more = channel.followers + checks["followers"].remedy_amount
            channels[index] = replace(channel, followers=more)
    mended = replace(person, channels=tuple(channels))

    assert policy.decide([one], mended, AT).outcome in (Outcome.PILOT, Outcome.FULL)


@given(people, rules)
def test_a_stored_decision_replays_to_the_same_hash(person, one):
    result = policy.decide([one, rule(id=9, platform="tiktok")], person, AT)
    again = policy.replay(json.loads(json.dumps(result.record)))

    assert (again.outcome, again.sha256) == (result.outcome, result.sha256)


def test_the_hash_tells_facts_apart():
    hashes = {policy.decide([rule()], facts(count), AT).sha256 for count in (1_000, 1_001)}

    assert len(hashes) == 2


singles = st.builds(
    facts,
    counts,
    birth_on=st.one_of(st.none(), st.dates(date(2006, 1, 1), date(2010, 12, 31))),
    violation_points=st.integers(0, 2),
    pilot_since=st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 3, 10))),
    weeks_with_links=st.integers(2, 4),
    quiz_passed=st.booleans(),
)


@given(st.lists(singles | people, max_size=30), st.lists(rules, min_size=1, max_size=3), rules)
def test_deciding_once_for_those_alike_is_deciding_on_each(everyone, in_force, drafted):
    now = [replace(one, id=n) for n, one in enumerate(in_force)]
    then = policy.newest([*now, replace(drafted, id=99, effective_from=AT)], AT)
    judge = what_if.Judge(now, then, AT)

    for person in everyone:
        before, after = policy.decide(now, person, AT), policy.decide(then, person, AT)
        assert judge(person) == (before.outcome, after.outcome, after.platform)
