"""What a clock does to samples: silence, reminders, and posts that a platform could not tell of."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from affiliates import samplesteps as steps
from affiliates import switches
from affiliates.models import SampleEvent, SampleRequest
from affiliates.samplerules import REMIND_DAYS, State, reminder, silence
from creators import posts
from creators.posts import Finding

BATCH = 500
FIRST = timedelta(days=max(REMIND_DAYS))


def resolve(at: datetime) -> int:
    """Do what silence does to every sample whose clock ran out; return how many.

    Each is one transaction: a call that was killed is finished by the next. A sample whose
    platform is off stands still.
    """
    done = 0
    waits = SampleRequest.objects.silent(at).exclude(switches.holds_samples(at))
    while ids := list(waits.values_list("pk", flat=True)[:BATCH]):
        done += sum(_resolve(pk, at) for pk in ids)
    return done


@transaction.atomic
def _resolve(pk: int, at: datetime) -> bool:
    row = SampleRequest.objects.select_for_update(of=("self",)).get(pk=pk)
    step = silence(row.state, row.act_by, at)
    if step is None:
        return False
    if step.state == State.DELIVERED:
        row.delivered_at = at
        steps.go_on(row, step.state, "arrived_silent", "", at)
    else:
        row.state, row.lapsed_side = step.state, step.fault
        kind = "confirmed_silent" if step.check else f"lapsed_{step.fault}"
        steps.close(row, kind, "", at, check=step.check)
    return True


def remind(at: datetime) -> int:
    """Write the reminders that are due, each once; return how many. They are mailed as events."""
    near = SampleRequest.objects.open().filter(act_by__gt=at, act_by__lte=at + FIRST)
    near = near.exclude(switches.holds_samples(at))
    written = 0
    for row in near.iterator(BATCH):
        days = reminder(row.state, row.act_by, at)
        if days is None:
            continue
        _event, new = SampleEvent.objects.get_or_create(
            sample=row, kind=f"remind_{days}", act_by=row.act_by, defaults={"at": at}
        )
        written += new
    return written


def check_again(at: datetime, size: int = BATCH) -> int:
    """Ask again about posts of which a platform could say nothing; return how many are hers."""
    rows = SampleRequest.objects.open().filter(state=State.POSTED, refusals=0)
    closed = 0
    for row in rows.select_related("creator", "collaboration")[:size]:
        try:
            found = posts.look(row.creator, row.post_url, at)
        except (posts.NotAPost, posts.NoChannel, posts.NoPost):
            continue  # the brand looks at it
        if found.verdict == posts.HERS and not steps.is_used(row):
            closed += _checked(row.pk, found, at)
    return closed


@transaction.atomic
def _checked(pk: int, found: Finding, at: datetime) -> bool:
    row = SampleRequest.objects.select_for_update(of=("self",)).get(pk=pk)
    if row.state != State.POSTED or row.post_url != found.url:
        return False
    steps.close(row, "checked", "", at, found.url, check=found.how)
    return True
