"""The rules about who may join: published for a date, in force, before, announced."""

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _

from config.lib import dated
from creators import policy
from creators.models import Creator, EnrolmentPolicy


class NotPublishable(Exception):
    """A policy cannot be published as it stands; the message says why, to an admin."""


def enrolment(at: datetime) -> dated.Periods:
    """Return every published policy; a newer one of its platform and country ends it. One query."""
    rows = EnrolmentPolicy.objects.published().order_by("-effective_from", "-id")
    return dated.sorted_out(rows, at, scope=lambda row: (row.platform, row.country))


def rule_of(row: EnrolmentPolicy) -> policy.Policy:
    """Return a stored policy as the value that the pure engine reads."""
    return policy.Policy(
        id=row.pk,
        platform=row.platform,
        country=row.country,
        effective_from=row.effective_from,
        min_followers=row.min_followers,
        full_followers=row.full_followers,
        min_age=row.min_age,
        pilot_weekly_products=row.pilot_weekly_products,
        min_account_days=row.min_account_days,
        min_posts_28d=row.min_posts_28d,
    )


def rules(at: datetime) -> list[policy.Policy]:
    """Return every published policy that had begun at `at`."""
    return [rule_of(row) for row in EnrolmentPolicy.objects.in_force(at)]


@transaction.atomic
def publish(row: EnrolmentPolicy, *, by: AbstractUser, at: datetime) -> EnrolmentPolicy:
    """Publish a draft for its date; from then on the database keeps it as it is.

    Raises NotPublishable: published already, dated in the past, or another one has that date.
    """
    row = EnrolmentPolicy.objects.select_for_update().get(pk=row.pk)
    if row.published_at is not None:
        raise NotPublishable(_("It is published already."))
    if row.effective_from < at:
        raise NotPublishable(_("Its date has passed. Choose a later one, and publish again."))
    same = EnrolmentPolicy.objects.published().filter(
        platform=row.platform, country=row.country, effective_from=row.effective_from
    )
    if same.exists():
        raise NotPublishable(_("Another rule for the same place begins at that moment."))
    row.published_at, row.published_by = at, by
    row.save(update_fields=["published_at", "published_by"])
    return row


def rule_for(creator: Creator, at: datetime) -> policy.Policy:
    """Return the policy whose limits hold for this creator: the one that decided, else the one in
    force.
    """
    if creator.decision_id and creator.decision.policy_id:
        return rule_of(creator.decision.policy)
    return policy.in_force(rules(at), "", creator.country, at)
