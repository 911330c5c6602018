"""What brands offer to creators, and who takes part."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class CollaborationQuerySet(models.QuerySet):
    def running(self, at: datetime) -> Self:
        """Offers that stand at `at`."""
        return self.filter(starts_at__lte=at).filter(Q(ends_at=None) | Q(ends_at__gt=at))


class Collaboration(models.Model):
    """A brand's offer of commission to creators."""

    class Kind(models.TextChoices):
        OPEN = "open", _("open to every enrolled creator")
        APPROVAL = "approval", _("by approval")
        TARGETED = "targeted", _("for invited creators")

    class OtherProgramme(models.TextChoices):
        THOUSAND_FIRST = "thousand_first", _("Thousand first")
        OWN_FIRST = "own_first", _("the brand's own programme first")
        NEWEST = "newest", _("the newest click wins")

    brand = models.ForeignKey("shop.Brand", models.PROTECT, related_name="collaborations")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OPEN)
    name = models.CharField(_("name"), max_length=80)
    message = models.TextField(_("what you ask of creators"), blank=True, max_length=2000)
    rate_bp = models.PositiveIntegerField(help_text="basis points of the net price")
    hold_days = models.PositiveSmallIntegerField(default=15)
    window_days = models.PositiveSmallIntegerField(default=30)
    min_followers = models.PositiveIntegerField(default=0)
    other_programme = models.CharField(
        max_length=16, choices=OtherProgramme, default=OtherProgramme.THOUSAND_FIRST
    )
    show_amount = models.BooleanField(
        default=False, help_text="let shoppers see the commission in money"
    )
    gives_samples = models.BooleanField(
        _("creators may ask for samples"), default=False, db_default=False
    )
    flat_fee = models.PositiveBigIntegerField(
        default=0,
        db_default=0,
        help_text="for one post of each creator, minor units of the brand's",
    )
    budget = models.PositiveBigIntegerField(
        null=True, blank=True,
        help_text="commissions in all since `budget_from`, minor units; empty: no limit",
    )  # fmt: skip
    budget_from = models.DateTimeField(null=True, blank=True)
    budget_spent_at = models.DateTimeField(
        null=True, blank=True, help_text="when a sale did not fit any more; no new links since"
    )
    tells_spent = models.BooleanField(
        default=False, db_default=False, help_text="its budget was spent, and nobody is told yet"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    objects = CollaborationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rate_bp__range=(100, 8000)), name="collaboration_rate"
            ),
            models.CheckConstraint(
                condition=Q(hold_days__range=(15, 45)), name="collaboration_hold"
            ),
            models.CheckConstraint(
                condition=Q(window_days__range=(1, 90)), name="collaboration_window"
            ),
            models.CheckConstraint(
                condition=Q(budget=None, budget_from=None, budget_spent_at=None)
                | Q(budget__isnull=False, budget_from__isnull=False),
                name="collaboration_budget_since",
            ),
            models.CheckConstraint(
                condition=Q(flat_fee=0) | ~Q(kind="open"), name="flat_fee_of_chosen_creators"
            ),
            models.UniqueConstraint(
                fields=["brand"],
                condition=Q(kind="open", ends_at=None),
                name="one_open_collaboration",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.brand})"


class ProductRate(models.Model):
    """A rate of its own for one product of a collaboration."""

    collaboration = models.ForeignKey(Collaboration, models.CASCADE, related_name="product_rates")
    product = models.ForeignKey("shop.Product", models.CASCADE, related_name="+")
    rate_bp = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collaboration", "product"], name="product_rate_once"),
            models.CheckConstraint(condition=Q(rate_bp__range=(100, 8000)), name="product_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.rate_bp} bp for {self.product}"


class RateChange(models.Model):
    """A rate that was announced; a raise counts at once, a cut after notice."""

    collaboration = models.ForeignKey(Collaboration, models.CASCADE, related_name="rate_changes")
    product = models.ForeignKey(
        "shop.Product", models.CASCADE, null=True, blank=True, related_name="+"
    )
    old_bp = models.PositiveIntegerField()
    new_bp = models.PositiveIntegerField()
    announced_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when those who have links of it were mailed"
    )

    class Meta:
        ordering = ["announced_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(new_bp__range=(100, 8000), old_bp__range=(100, 8000)),
                name="rate_change_rate",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old_bp} → {self.new_bp} bp from {self.effective_at:%Y-%m-%d}"


class TermChange(models.Model):
    """A number of days of a collaboration that was announced; a worse one counts after notice."""

    class Term(models.TextChoices):
        WINDOW = "window_days", _("how long a click counts")
        HOLD = "hold_days", _("how long a sale waits after delivery")

    collaboration = models.ForeignKey(Collaboration, models.CASCADE, related_name="term_changes")
    term = models.CharField(max_length=12, choices=Term)
    old = models.PositiveSmallIntegerField()
    new = models.PositiveSmallIntegerField()
    announced_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when those who have links of it were mailed"
    )

    class Meta:
        ordering = ["announced_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(term="window_days", old__range=(1, 90), new__range=(1, 90))
                | Q(term="hold_days", old__range=(15, 45), new__range=(15, 45)),
                name="term_change_days",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.term} {self.old} → {self.new} from {self.effective_at:%Y-%m-%d}"


class Participation(models.Model):
    """One creator in one collaboration that is not open to all."""

    class State(models.TextChoices):
        INVITED = "invited", _("invited")
        APPLIED = "applied", _("applied")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        ENDED = "ended", _("ended")
        LAPSED = "lapsed", _("not answered in time")

    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="participations")
    collaboration = models.ForeignKey(Collaboration, models.PROTECT, related_name="participations")
    state = models.CharField(max_length=10, choices=State)
    message = models.TextField(blank=True, max_length=2000)
    asked_by_creator = models.BooleanField(default=False, db_default=False)
    asked_at = models.DateTimeField()
    answer_by = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    unfunded_at = models.DateTimeField(
        null=True, blank=True, help_text="when a yes found no money for its fee"
    )
    tells = models.BooleanField(
        default=False, db_default=False, help_text="its state waits to be mailed"
    )  # to her
    tells_brand = models.BooleanField(
        default=False, db_default=False, help_text="its state waits to be mailed to the brand"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["creator", "collaboration"], name="participation_once"),
        ]
        indexes = [
            models.Index(
                fields=["answer_by"],
                name="participation_unanswered",
                condition=Q(state__in=["invited", "applied"]),
            ),
            models.Index(fields=["id"], name="participation_untold", condition=Q(tells=True)),
            models.Index(
                fields=["id"], name="participation_brand_untold", condition=Q(tells_brand=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.creator} in {self.collaboration}: {self.state}"
