"""Cases: violations, holds, disputes and closures, each with its clocks."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from creators.models.creators import Creator
from creators.models.standing import Violation


class CaseQuerySet(models.QuerySet):
    def undecided(self) -> Self:
        """Cases that wait for an answer or for us."""
        return self.filter(state__in=Case.UNDECIDED)

    def overdue(self, at: datetime) -> Self:
        """Undecided cases whose day to decide has passed at `at`."""
        return self.undecided().filter(decide_by__lte=at)

    def final(self, at: datetime) -> Self:
        """Cases that nothing changes any more: no appeal is open, and none can come."""
        unheard = Case.objects.filter(appeal_of=models.OuterRef("pk"))
        refused = unheard.filter(state=Case.State.DISMISSED)
        closed = Q(appeal_by=None) | Q(appeal_by__lte=at)
        return self.filter(
            Q(state__in=[Case.State.DISMISSED, Case.State.LAPSED, Case.State.REVERSED])
            | Q(models.Exists(refused), state=Case.State.UPHELD)
            | Q(closed, ~models.Exists(unheard), state=Case.State.UPHELD)
        )


class Case(models.Model):
    """Something that must be decided by a person, within stated times."""

    class Kind(models.TextChoices):
        VIOLATION = "violation", _("violation")
        CHANNEL_DISPUTE = "channel_dispute", _("dispute over a channel")
        CONTEST = "contest", _("contested attribution")
        REPORT = "report", _("report by a visitor")
        APPEAL = "appeal", _("appeal")
        CLOSURE = "closure", _("closing of the account")

    class State(models.TextChoices):
        OPEN = "open", _("waiting for an answer")
        ANSWERED = "answered", _("answered")
        UPHELD = "upheld", _("upheld")
        DISMISSED = "dismissed", _("dismissed")
        LAPSED = "lapsed", _("lapsed")  # nobody decided in time
        REVERSED = "reversed", _("reversed on appeal")

    UNDECIDED = (State.OPEN, State.ANSWERED)

    creator = models.ForeignKey(
        Creator, models.PROTECT, null=True, blank=True, related_name="cases"
    )
    kind = models.CharField(max_length=16, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    subject = models.CharField(max_length=120, blank=True, help_text="what it is about")
    reason = models.TextField()
    violation = models.ForeignKey(Violation, models.PROTECT, null=True, blank=True)
    automated = models.BooleanField(
        default=False, db_default=False, help_text="found by a rule that a machine applies"
    )
    takes_lines = models.BooleanField(
        default=True, db_default=True, help_text="if upheld, the lines it names are not paid"
    )
    points = models.PositiveSmallIntegerField(default=0)
    points_expire_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answer_by = models.DateTimeField(null=True, blank=True)
    decide_by = models.DateTimeField(null=True, blank=True)
    appeal_by = models.DateTimeField(
        null=True, blank=True, help_text="until when an appeal may come"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    appeal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="appeals"
    )
    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "answered"]) | Q(decided_at__isnull=False),
                name="case_decided_has_moment",
            ),
            models.UniqueConstraint(
                fields=["appeal_of"],
                condition=Q(appeal_of__isnull=False),
                name="case_appealed_once",
            ),
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(kind="report", state__in=["open", "answered"]),
                name="case_report_once_open",
            ),
            models.CheckConstraint(
                condition=Q(kind="appeal", appeal_of__isnull=False)
                | ~Q(kind="appeal") & Q(appeal_of__isnull=True),
                name="case_appeal_has_subject",
            ),
        ]
        indexes = [
            models.Index(
                fields=["decide_by"],
                name="case_to_decide",
                condition=Q(state__in=["open", "answered"]),
            ),
            models.Index(fields=["creator", "-opened_at"], name="case_of_creator"),
            models.Index(fields=["subject"], name="case_of_subject", condition=~Q(subject="")),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}: {self.get_kind_display()}"


class CaseEvent(models.Model):
    """One step of a case; never edited."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=24)
    text = models.TextField(blank=True)
    tells = models.BooleanField(
        default=False, db_default=False, help_text="waits to be mailed to those concerned"
    )

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["id"], name="case_event_to_tell", condition=Q(tells=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.case}"
