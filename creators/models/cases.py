"""Cases: violations, holds, disputes and closures, each with its clocks."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from creators.models.creators import Creator


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
        LAPSED = "lapsed", _("lapsed")

    creator = models.ForeignKey(
        Creator, models.PROTECT, null=True, blank=True, related_name="cases"
    )
    kind = models.CharField(max_length=16, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    subject = models.CharField(max_length=120, blank=True, help_text="what it is about")
    reason = models.TextField()
    points = models.PositiveSmallIntegerField(default=0)
    points_expire_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answer_by = models.DateTimeField(null=True, blank=True)
    decide_by = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    appeal_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "answered"]) | Q(decided_at__isnull=False),
                name="case_decided_has_moment",
            ),
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

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} in {self.case}"
