"""What counts as a violation, and what follows from its points: dated data that anyone may read."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class DatedQuerySet(models.QuerySet):
    def in_force(self, at: datetime) -> Self:
        """The newest row of each name that had begun at `at`."""
        name = self.model.NAME
        rows = self.filter(effective_from__lte=at).order_by(name, "-effective_from")
        return self.filter(pk__in=rows.distinct(name).values("pk"))


def _spoken(english: str, dutch: str) -> str:
    return (dutch if (get_language() or "en").startswith("nl") else english) or english


class Violation(models.Model):
    """One version of a rule that a creator may break: its points, and how long they count.

    A database trigger refuses to change or delete it once it is in force.
    """

    NAME = "code"

    code = models.SlugField(max_length=32)
    title = models.CharField(max_length=80)
    title_nl = models.CharField(max_length=80)
    text = models.CharField(max_length=400)
    text_nl = models.CharField(max_length=400)
    points = models.PositiveSmallIntegerField()
    days = models.PositiveSmallIntegerField(help_text="that the points count after the decision")
    effective_from = models.DateTimeField()
    objects = DatedQuerySet.as_manager()

    class Meta:
        ordering = ["points", "code"]
        constraints = [
            models.UniqueConstraint(fields=["code", "effective_from"], name="violation_once"),
            models.CheckConstraint(
                condition=models.Q(points__gt=0, days__gt=0), name="violation_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The title in the language of the page."""
        return _spoken(self.title, self.title_nl)

    @property
    def words(self) -> str:
        """What it forbids, in the language of the page."""
        return _spoken(self.text, self.text_nl)


class Sanction(models.Model):
    """One version of what follows when a creator's points reach a number; fixed like Violation."""

    NAME = "effect"

    class Effect(models.TextChoices):
        WARNING = "warning", _("a warning")
        NO_NEW_LINKS = "no_new_links", _("no new links")
        SUSPENSION = "suspension", _("suspension")

    effect = models.CharField(max_length=14, choices=Effect)
    from_points = models.PositiveSmallIntegerField()
    effective_from = models.DateTimeField()
    objects = DatedQuerySet.as_manager()

    class Meta:
        ordering = ["from_points"]
        constraints = [
            models.UniqueConstraint(fields=["effect", "effective_from"], name="sanction_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_effect_display()} ({self.from_points})"
