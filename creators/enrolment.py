"""Joining: the facts that we hold, the decision they lead to, and the nightly second look.

Whoever is in stays in: a count that drops later does not put anyone out. Only losing the last
verified channel does, since nothing is known of her any more. Standing is the business of cases,
never of these functions.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject

from creators import directory, policy, rulebook
from creators.models import (
    Case,
    Channel,
    Creator,
    Decision,
    DecisionCheck,
    Reading,
)
from creators.signals import decided, judged

BATCH = 1_000


class NotDecidable(Exception):
    """A suspended or closed creator is decided by her case, not by the policy."""


class OwnAccount(Exception):
    """An admin would decide about herself; another one does."""


def market_zone() -> ZoneInfo:
    return ZoneInfo(settings.MARKET_TIME_ZONE)


def market_day(at: datetime) -> date:
    """Return the business day that `at` falls on."""
    return at.astimezone(market_zone()).date()


def listed(ids: Sequence[int]) -> RawSQL:
    """Return many ids as one parameter: thousands of them would be parsed each by itself."""
    return RawSQL("SELECT unnest(%s::bigint[])", (list(ids),))


def facts_of(
    creators: Sequence[Creator], at: datetime, weeks_with_links: Mapping[int, int] | None = None
) -> dict[int, policy.Facts]:
    """Return what we know of each creator, by id: two queries, however many there are.

    Of a channel's readings only the newest is touched, once, by the index.

    `weeks_with_links` comes from whoever counts clicks: in how many weeks her links were used.
    """
    ids = [creator.pk for creator in creators]
    asked = listed(ids)
    channels: dict[int, list[policy.Channel]] = {pk: [] for pk in ids}
    latest = Reading.objects.filter(channel=OuterRef("pk")).order_by("-day")
    newest = JSONObject(followers="followers", day="day")
    rows = (
        Channel.objects.filter(creator__in=asked)
        .verified()
        .order_by("id")
        .annotate(latest=Subquery(latest.values(one=newest)[:1]))
        .values_list("creator_id", "platform", "handle", "latest")
    )
    for creator_id, platform, handle, read in rows:
        followers, read_on = (read["followers"], read["day"]) if read else (None, None)
        day = date.fromisoformat(read_on) if read_on else None
        channels[creator_id].append(policy.Channel(platform, handle, True, followers, day))
    points = dict(
        Case.objects.filter(creator__in=asked, state=Case.State.UPHELD, points__gt=0)
        .exclude(points_expire_on__lte=market_day(at))
        .values_list("creator")
        .annotate(total=Sum("points"))
        .values_list("creator", "total")
    )
    return {
        creator.pk: policy.Facts(
            country=creator.country,
            birth_on=creator.birth_on,
            channels=tuple(channels[creator.pk]),
            suspended=creator.status == Creator.Status.SUSPENDED,
            violation_points=points.get(creator.pk, 0),
            pilot_since=market_day(creator.pilot_since) if creator.pilot_since else None,
            weeks_with_links=(weeks_with_links or {}).get(creator.pk, 0),
            quiz_passed=creator.quiz_passed_at is not None,
        )
        for creator in creators
    }


@transaction.atomic
def apply_decision(creator: Creator, at: datetime) -> Decision:
    """Decide on one creator now, keep the decision with its checks, and set her status by it.

    Raises NotDecidable for a suspended or closed creator, policy.NoPolicy where no rule is in
    force.
    """
    locked = Creator.objects.select_for_update().get(pk=creator.pk)
    _refuse_undecidable(locked)
    result = policy.decide(
        rulebook.rules(at), facts_of([locked], at)[locked.pk], at.astimezone(market_zone())
    )
    decision = _store([(locked, result)], at)[0]
    creator.status, creator.decision = locked.status, decision
    creator.pilot_since = locked.pilot_since
    return decision


def reconsider(creator: Creator, at: datetime) -> Decision | None:
    """Decide again after something changed for the better; whoever is in only rises. None: as it
    was.
    """
    if creator.status in Creator.ENROLLED:
        if not _redecide(Creator.objects.filter(pk=creator.pk), at, {}):
            return None
        creator.refresh_from_db()
        return creator.decision
    if creator.status in (Creator.Status.SUSPENDED, Creator.Status.CLOSED):
        return None
    return apply_decision(creator, at)


@transaction.atomic
def decide_by_hand(
    creator: Creator, outcome: str, *, by: AbstractUser, reason: str, at: datetime
) -> Decision:
    """An admin decides in place of the policy, with a reason that the creator reads.

    Raises OwnAccount, NotDecidable, or ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("a decision by hand needs a reason")
    refuse_own(creator, by)
    locked = Creator.objects.select_for_update().get(pk=creator.pk)
    _refuse_undecidable(locked)
    decision = keep(locked, judge(locked, at), at, outcome=outcome, by=by, reason=reason)
    _set_status(locked, decision, at)
    locked.save(update_fields=["status", "decision", "pilot_since"])
    directory.record([locked.pk])
    _tell(locked.pk)
    creator.status, creator.decision = locked.status, decision
    return decision


def judge(creator: Creator, at: datetime) -> policy.Result:
    """Return what the policy makes of one creator now; nothing is stored."""
    local = at.astimezone(market_zone())
    return policy.decide(rulebook.rules(at), facts_of([creator], at)[creator.pk], local)


def keep(
    creator: Creator, result: policy.Result, at: datetime, *, outcome: str = "",
    by: AbstractUser | None = None, reason: str = "",
) -> Decision:  # fmt: skip
    """Store a decision with its checks; `outcome` in place of the policy's needs a reason.

    The caller sets the status.
    """
    decision = Decision.objects.create(
        creator=creator,
        policy_id=result.policy.id,
        outcome=outcome or str(result.outcome),
        facts=result.record,
        sha256=result.sha256,
        decided_at=at,
        decided_by=by,
        reason=reason.strip()[:300],
    )
    DecisionCheck.objects.bulk_create(_checks(decision, result))
    judged.send(sender=Decision, decision_ids=[decision.pk], at=at)
    return decision


def redecide_waiting(at: datetime, with_channels: Collection[int] | None = None) -> list[int]:
    """Decide again on everyone who waits, or on those of these channels; return the ids of those
    who are in now. May be run twice.
    """
    waiting = Creator.objects.waiting()
    if with_channels is not None:
        waiting = waiting.filter(pk__in=creators_of(with_channels))
    return _redecide(waiting, at, {})


def creators_of(channel_ids: Collection[int]) -> set[int]:
    rows = Channel.objects.filter(pk__in=channel_ids)
    return set(rows.values_list("creator_id", flat=True))


def redecide_pilots(at: datetime, weeks_with_links: Mapping[int, int]) -> list[int]:
    """Let pilots into the full tier who have reached it; return their ids."""
    pilots = Creator.objects.filter(status=Creator.Status.PILOT)
    return _redecide(pilots, at, weeks_with_links)


def _redecide(creators, at: datetime, weeks_with_links: Mapping[int, int]) -> list[int]:
    """Go through `creators` by id in batches, one transaction each."""
    let_in: list[int] = []
    last = 0
    in_force = rulebook.rules(at)
    local = at.astimezone(market_zone())
    while True:
        with transaction.atomic():
            batch = list(
                creators.filter(pk__gt=last)
                .order_by("pk")
                .select_for_update(skip_locked=True)[:BATCH]
            )
            if not batch:
                return let_in
            last = batch[-1].pk
            facts = facts_of(batch, at, weeks_with_links)
            better = [
                (creator, result)
                for creator in batch
                if _rises(
                    creator.status,
                    (result := policy.decide(in_force, facts[creator.pk], local)).outcome,
                )
            ]
            _store(better, at)
        let_in += [creator.pk for creator, _result in better]


def _rises(status: str, outcome: str) -> bool:
    order = [Creator.Status.WAITING, Creator.Status.PILOT, Creator.Status.FULL]
    return outcome in order and order.index(outcome) > order.index(status)


def refuse_own(creator: Creator, by: AbstractUser) -> None:
    """Raise OwnAccount if `by` is that creator."""
    if creator.user_id is not None and creator.user_id == by.pk:
        raise OwnAccount(f"user {by.pk} is creator {creator.pk}")


def _refuse_undecidable(creator: Creator) -> None:
    if creator.status in (Creator.Status.SUSPENDED, Creator.Status.CLOSED):
        raise NotDecidable(f"creator {creator.pk} is {creator.status}")


def _store(decided: Iterable[tuple[Creator, policy.Result]], at: datetime) -> list[Decision]:
    """Write decisions, their checks and the creators' status; three statements for any number."""
    pairs = list(decided)
    decisions = Decision.objects.bulk_create(
        [
            Decision(
                creator=creator,
                policy_id=result.policy.id,
                outcome=str(result.outcome),
                facts=result.record,
                sha256=result.sha256,
                recheck_on=result.recheck_on,
                decided_at=at,
            )
            for creator, result in pairs
        ]
    )
    DecisionCheck.objects.bulk_create(
        check
        for decision, (_who, result) in zip(decisions, pairs, strict=True)
        for check in _checks(decision, result)
    )
    for decision, (creator, _result) in zip(decisions, pairs, strict=True):
        before = creator.status
        _set_status(creator, decision, at)
        if creator.is_enrolled and creator.status != before:
            _tell(creator.pk)
    Creator.objects.bulk_update(
        [creator for creator, _result in pairs], ["status", "decision", "pilot_since"]
    )
    if pairs:
        directory.record([creator.pk for creator, _result in pairs])
        judged.send(sender=Decision, decision_ids=[one.pk for one in decisions], at=at)
    return decisions


def _tell(creator_id: int) -> None:
    """Let others know once this has been committed; that nobody hears it undoes nothing."""
    transaction.on_commit(lambda: decided.send(sender=Decision, creator_id=creator_id), robust=True)


def _set_status(creator: Creator, decision: Decision, at: datetime) -> None:
    creator.status, creator.decision = decision.outcome, decision
    if decision.outcome == Decision.Outcome.PILOT and creator.pilot_since is None:
        creator.pilot_since = at


def _checks(decision: Decision, result: policy.Result) -> list[DecisionCheck]:
    return [
        DecisionCheck(
            decision=decision,
            position=position,
            rule=check.rule,
            platform=check.platform,
            needed="" if check.needed is None else str(check.needed),
            measured="" if check.measured is None else str(check.measured),
            passed=check.passed,
            remedy=check.remedy if check.passed is False else "",
            remedy_amount=check.remedy_amount,
            recheck_on=check.recheck_on,
        )
        for position, check in enumerate(result.checks)
    ]
