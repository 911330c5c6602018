"""Who may join, and why: a pure function of dated rules and measured facts.

Nothing here reads a database, a clock or a setting. `decide` gets the policies, the facts about
one creator and the moment, and answers with an outcome and one check per rule. The same input
gives the same answer and the same hash, for ever: `replay` recomputes any stored decision from the
JSON that was stored with it. Source of the rules: docs/policy.md.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

PLATFORMS = ("tiktok", "instagram", "youtube", "facebook")


class Outcome(StrEnum):
    FULL = "full"
    PILOT = "pilot"
    WAITING = "waiting"
    DECLINED = "declined"


class NoPolicy(LookupError):
    """No published policy is in force for this platform and country."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One dated set of rules. An empty platform or country means any; an optional rule that is
    None is off.
    """

    id: int | None
    platform: str
    country: str
    effective_from: datetime
    min_followers: int
    full_followers: int
    min_age: int = 18
    pilot_weekly_products: int = 5
    pilot_days: int = 30
    pilot_weeks: int = 3
    min_account_days: int | None = None
    min_posts_28d: int | None = None

    def covers(self, platform: str, country: str, at: datetime) -> bool:
        return (
            self.effective_from <= at
            and self.platform in ("", platform)
            and self.country in ("", country)
        )

    @property
    def narrowness(self) -> tuple[bool, bool, datetime, int]:
        """Platform and country narrow a policy; between equals the newest in force decides."""
        return (bool(self.platform), bool(self.country), self.effective_from, self.id or 0)


@dataclass(frozen=True, slots=True)
class Channel:
    """What is known of one channel. None is unknown: the platform does not say, or was not asked
    yet.
    """

    platform: str
    handle: str
    verified: bool
    followers: int | None
    read_on: date | None = None
    account_age_days: int | None = None
    posts_28d: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one creator at one moment."""

    country: str
    birth_on: date | None
    channels: tuple[Channel, ...]
    suspended: bool = False
    violation_points: int = 0
    pilot_since: date | None = None
    weeks_with_links: int = 0
    quiz_passed: bool = False


class Check(NamedTuple):
    """One rule, measured. `passed` None is unknown: shown, and never a reason against anyone."""

    rule: str
    needed: int | None
    measured: int | None
    passed: bool | None
    platform: str = ""
    remedy: str = ""
    remedy_amount: int | None = None  # how many more: followers, days, weeks
    recheck_on: date | None = None

    @property
    def opens_full(self) -> bool:
        """Rules of the full tier never keep anyone out of the pilot."""
        return self.rule.startswith("full_")


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome, the checks behind it, the policy that decided, when we look again."""

    outcome: Outcome
    checks: tuple[Check, ...]
    policy: Policy
    platform: str
    recheck_on: date | None
    source: tuple[Sequence[Policy], Facts, datetime]

    @property
    def record(self) -> dict[str, Any]:
        """The frozen input as plain JSON values: what `replay` reads."""
        return _record(*self.source)

    @property
    def sha256(self) -> str:
        """Over the frozen input and the answer: what a stored decision can be checked against."""
        answer = {
            "outcome": self.outcome,
            "checks": [check._asdict() for check in self.checks],
            "policy": self.policy.id,
        }
        return hashlib.sha256(canonical({**self.record, "answer": answer}).encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON with one spelling: sorted keys, no spaces, dates in ISO 8601."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
    )


def _plain(value: date | datetime) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat()


def in_force(policies: Iterable[Policy], platform: str, country: str, at: datetime) -> Policy:
    """Return the narrowest policy in force. Raises NoPolicy if there is none."""
    found = [policy for policy in policies if policy.covers(platform, country, at)]
    if not found:
        raise NoPolicy(f"no policy for {platform or 'any platform'} in {country or '?'} at {at}")
    return found[0] if len(found) == 1 else max(found, key=lambda policy: policy.narrowness)


def newest(policies: Iterable[Policy], at: datetime) -> list[Policy]:
    """Return of each place the policy that is in force: the ones that can decide at `at`."""
    found: dict[tuple[str, str], Policy] = {}
    for policy in policies:
        place = (policy.platform, policy.country)
        if policy.effective_from <= at and (
            place not in found or policy.narrowness > found[place].narrowness
        ):
            found[place] = policy
    return list(found.values())


def age_on(birth_on: date, on: date) -> int:
    """Return whole years; someone born on 29 February has a birthday on 1 March in other years."""
    return on.year - birth_on.year - ((on.month, on.day) < (birth_on.month, birth_on.day))


def birthday(birth_on: date, years: int) -> date:
    try:
        return birth_on.replace(year=birth_on.year + years)
    except ValueError:  # 29 February
        return date(birth_on.year + years, 3, 1)


def decide(policies: Sequence[Policy], facts: Facts, at: datetime) -> Result:
    """Decide on one creator. `at` is aware, in the market's zone: its date says how old someone
    is.

    Each verified channel is judged under the narrowest policy for its platform; the best one
    counts. Raises NoPolicy.
    """
    judged = [
        _judge(channel, in_force(policies, channel.platform, facts.country, at), facts, at)
        for channel in facts.channels
        if channel.verified
    ]
    if judged:
        rank, policy, platform, checks = max(judged, key=lambda one: one[0])
        is_full = rank[1]
    else:
        is_full = False
        policy, platform = in_force(policies, "", facts.country, at), ""
        checks = _without_channel(policy, facts, at)
    failed = [check for check in checks if check.passed is False and not check.opens_full]
    if any(check.rule in ("age", "standing") for check in failed):
        outcome = Outcome.DECLINED
    elif failed:
        outcome = Outcome.WAITING
    else:
        outcome = Outcome.FULL if is_full else Outcome.PILOT
    dates = [check.recheck_on for check in failed if check.recheck_on]
    return Result(
        outcome=outcome,
        checks=tuple(checks),
        policy=policy,
        platform=platform,
        recheck_on=max(dates) if dates else None,
        source=(policies, facts, at),
    )


def _judge(
    channel: Channel, policy: Policy, facts: Facts, at: datetime
) -> tuple[tuple[Any, ...], Policy, str, list[Check]]:
    """Check one verified channel; the first part of the answer ranks it among the others."""
    join = [
        Check("channel", 1, 1, True, channel.platform),
        *_follower_checks(channel, policy, at),
        *_optional_checks(channel, policy, at),
        *_person_checks(policy, facts, at),
    ]
    passes = all(check.passed is not False for check in join)
    full = _full_checks(channel, policy, facts, at) if passes else []
    followers = -1 if channel.followers is None else channel.followers
    order = -PLATFORMS.index(channel.platform) if channel.platform in PLATFORMS else -9
    rank = (
        passes,
        passes and _is_full(full),
        min(0, followers - policy.min_followers),
        followers,
        order,
        channel.handle,
    )
    return rank, policy, channel.platform, [*join, *full]


def _follower_checks(channel: Channel, policy: Policy, at: datetime) -> list[Check]:
    need, have, platform = policy.min_followers, channel.followers, channel.platform
    soon = at.date() + timedelta(days=1)
    if have is None:
        return [
            Check("count", 1, 0, False, platform, "show_count", None, soon),
            Check("followers", need, None, None, platform),
        ]
    if have >= need:
        return [Check("followers", need, have, True, platform)]
    return [Check("followers", need, have, False, platform, "followers", need - have, soon)]


def _optional_checks(channel: Channel, policy: Policy, at: datetime) -> list[Check]:
    """Rules that a policy may switch on. What a platform does not tell stays unknown."""
    checks = []
    for rule, need, have in (
        ("account_age", policy.min_account_days, channel.account_age_days),
        ("posts", policy.min_posts_28d, channel.posts_28d),
    ):
        if need is None:
            continue
        passed = None if have is None else have >= need
        if passed is False:
            missing = need - have
            days = missing if rule == "account_age" else 1
            when = at.date() + timedelta(days=days)
            checks.append(Check(rule, need, have, False, channel.platform, rule, missing, when))
        else:
            checks.append(Check(rule, need, have, passed, channel.platform))
    return checks


def _person_checks(policy: Policy, facts: Facts, at: datetime) -> list[Check]:
    need, born = policy.min_age, facts.birth_on
    if born is None:
        age = Check("age", need, None, None)
    else:
        measured = age_on(born, at.date())
        if measured >= need:
            age = Check("age", need, measured, True)
        else:
            when = birthday(born, need)
            age = Check("age", need, measured, False, "", "age", need - measured, when)
    if facts.suspended:
        standing = Check("standing", 0, facts.violation_points, False, "", "appeal")
    else:
        standing = Check("standing", 0, 0, True)
    return [age, standing]


def _without_channel(policy: Policy, facts: Facts, at: datetime) -> list[Check]:
    soon = at.date() + timedelta(days=1)
    return [
        Check("channel", 1, 0, False, "", "connect", 1, soon),
        Check("followers", policy.min_followers, None, None),
        *_person_checks(policy, facts, at),
    ]


def _full_checks(channel: Channel, policy: Policy, facts: Facts, at: datetime) -> list[Check]:
    """The two roads to the full tier: followers, or a month of clean and active pilot and the
    quiz.
    """
    need, have = policy.full_followers, channel.followers
    if have is not None and have >= need:
        return [Check("full_followers", need, have, True, channel.platform)]
    missing = None if have is None else need - have
    soon = at.date() + timedelta(days=1)
    passed = None if have is None else False
    remedy = "" if have is None else "followers"
    checks = [Check("full_followers", need, have, passed, channel.platform, remedy, missing, soon)]
    # Below zero while its clock stands still: it was moved by an outage of her platform.
    days = max(0, (at.date() - facts.pilot_since).days) if facts.pilot_since else 0
    start = facts.pilot_since or at.date()
    for rule, needed, measured, when in (
        ("full_days", policy.pilot_days, days, start + timedelta(days=policy.pilot_days)),
        ("full_weeks", policy.pilot_weeks, facts.weeks_with_links, soon),
        ("full_quiz", 1, int(facts.quiz_passed), soon),
    ):
        if measured >= needed:
            checks.append(Check(rule, needed, measured, True))
        else:
            short = needed - measured
            checks.append(Check(rule, needed, measured, False, "", rule, short, when))
    points = facts.violation_points
    if points:
        checks.append(Check("full_clean", 0, points, False, "", "full_clean", points, soon))
    else:
        checks.append(Check("full_clean", 0, 0, True))
    return checks


def _is_full(checks: Sequence[Check]) -> bool:
    """Judge the answer of `_full_checks`: the followers, or all of the others."""
    if not checks or checks[0].passed:
        return bool(checks)
    return len(checks) > 1 and all(check.passed for check in checks[1:])


# --- what is stored, and how it is read back


def _record(policies: Sequence[Policy], facts: Facts, at: datetime) -> dict[str, Any]:
    """The frozen input of a decision as plain JSON values; only policies that could have decided
    are kept.
    """
    live = [
        policy
        for policy in policies
        if policy.effective_from <= at and policy.country in ("", facts.country)
    ]
    frozen = {
        "v": 1,
        "at": at.isoformat(),
        "facts": asdict(facts),
        "policies": [asdict(policy) for policy in sorted(live, key=lambda p: p.narrowness)],
    }
    return json.loads(canonical(frozen))


def replay(record: dict[str, Any]) -> Result:
    """Decide again from what a decision stored; the hash must be the stored one."""
    raw = dict(record["facts"])
    channels = tuple(
        Channel(**{**one, "read_on": _date(one["read_on"])}) for one in raw.pop("channels")
    )
    facts = Facts(
        **{
            **raw,
            "channels": channels,
            "birth_on": _date(raw["birth_on"]),
            "pilot_since": _date(raw["pilot_since"]),
        }
    )
    policies = [
        Policy(**{**one, "effective_from": datetime.fromisoformat(one["effective_from"])})
        for one in record["policies"]
    ]
    return decide(policies, facts, datetime.fromisoformat(record["at"]))


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
