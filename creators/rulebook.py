"""The rules about who may join, as published: in force, before, announced."""

from datetime import datetime

from config.lib import dated
from creators.models import EnrolmentPolicy


def enrolment(at: datetime) -> dated.Periods:
    """Return every published policy; a newer one of its platform and country ends it. One query."""
    rows = EnrolmentPolicy.objects.published().order_by("-effective_from", "-id")
    return dated.sorted_out(rows, at, scope=lambda row: (row.platform, row.country))
