"""Dated rules of who may join, and each decision made by them."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from creators.models.channels import Platform
from creators.models.creators import Creator


class PolicyQuerySet(models.QuerySet):
    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def in_force(self, at) -> Self:
        """Published policies that had begun at `at`, newest first."""
        return self.published().filter(effective_from__lte=at).order_by("-effective_from", "-id")


class EnrolmentPolicy(models.Model):
    """One version of the rules for a platform (blank: any) in a country (blank: any).

    A database trigger refuses to change or delete it once published.
    """

    platform = models.CharField(max_length=10, choices=Platform, blank=True)
    country = models.CharField(max_length=2, blank=True)
    min_followers = models.PositiveIntegerField(default=1000)
    full_followers = models.PositiveIntegerField(default=5000)
    min_age = models.PositiveSmallIntegerField(default=18)
    pilot_weekly_products = models.PositiveSmallIntegerField(default=5)
    min_account_days = models.PositiveIntegerField(null=True, blank=True)
    min_posts_28d = models.PositiveIntegerField(null=True, blank=True)
    effective_from = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)
    note_nl = models.CharField(max_length=300, blank=True)
    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "enrolment policies"
        ordering = ["-effective_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(full_followers__gte=models.F("min_followers")),
                name="policy_full_above_min",
            ),
            models.UniqueConstraint(
                fields=["platform", "country", "effective_from"],
                condition=Q(published_at__isnull=False),
                name="policy_once",
            ),
        ]

    def __str__(self) -> str:
        where = self.platform or "any platform"
        return f"{self.min_followers} followers on {where} from {self.effective_from:%Y-%m-%d}"


class Decision(models.Model):
    """What one policy made of one creator's facts at a moment; never edited."""

    class Outcome(models.TextChoices):
        FULL = "full", _("full member")
        PILOT = "pilot", _("pilot")
        WAITING = "waiting", _("waiting")
        DECLINED = "declined", _("declined")

    creator = models.ForeignKey(Creator, models.PROTECT, related_name="decisions")
    policy = models.ForeignKey(EnrolmentPolicy, models.PROTECT, null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    facts = models.JSONField(help_text="frozen input, canonical")
    sha256 = models.CharField(max_length=64, help_text="of canonical facts, policy and result")
    recheck_on = models.DateField(null=True, blank=True)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="null: the policy engine",
    )
    reason = models.CharField(max_length=300, blank=True, help_text="when a person decided")

    class Meta:
        ordering = ["-decided_at", "-id"]
        indexes = [models.Index(fields=["creator", "-decided_at"], name="decision_of_creator")]

    def __str__(self) -> str:
        return f"{self.creator}: {self.outcome}"


class DecisionCheck(models.Model):
    """One rule of a decision: what was needed, what was measured, what would change it."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="checks")
    position = models.PositiveSmallIntegerField()
    rule = models.CharField(max_length=32)
    platform = models.CharField(max_length=10, choices=Platform, blank=True)
    needed = models.CharField(max_length=80)
    measured = models.CharField(max_length=80, blank=True)
    passed = models.BooleanField(null=True, help_text="null: unknown, which never fails")
    remedy = models.CharField(max_length=32, blank=True, help_text="code; words are made on show")
    remedy_amount = models.BigIntegerField(null=True, blank=True)
    recheck_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "position"], name="check_position_once"),
            models.CheckConstraint(
                condition=~Q(passed=False) | ~Q(remedy=""), name="failed_check_has_remedy"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.measured} of {self.needed}"


class QuizAttempt(models.Model):
    """One try at the quiz on advertising rules; never edited."""

    creator = models.ForeignKey(Creator, models.CASCADE, related_name="quiz_attempts")
    at = models.DateTimeField()
    version = models.PositiveSmallIntegerField(help_text="of the questions")
    answers = models.JSONField(help_text="question id: index of the answer chosen")
    passed = models.BooleanField()

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["creator", "-at"], name="quiz_of_creator")]

    def __str__(self) -> str:
        return f"{self.creator} on {self.at:%Y-%m-%d}: {'passed' if self.passed else 'not passed'}"
