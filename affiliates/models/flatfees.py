"""Sums that a brand promises for a post, beside what is sold."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class FlatFee(models.Model):
    """The fee of one participation: set aside, handed in, decided. Its amount is that of its
    commission.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", _("set aside: the post is to come")
        POSTED = "posted", _("posted: the brand looks")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        LAPSED = "lapsed", _("lapsed without a post")
        VOID = "void", _("taken back by Thousand")

    participation = models.OneToOneField(
        "affiliates.Participation", models.PROTECT, related_name="fee"
    )
    commission = models.OneToOneField(
        "affiliates.Commission", models.PROTECT, related_name="flat_fee"
    )
    state = models.CharField(max_length=8, choices=State, default=State.RESERVED)
    post_url = models.URLField(max_length=500, blank=True)
    is_checked = models.BooleanField(
        default=False, help_text="the platform says that the post is hers"
    )
    reason = models.TextField(
        blank=True, max_length=1000, help_text="of the last no: the brand's, or ours"
    )
    refusals = models.PositiveSmallIntegerField(default=0)
    act_by = models.DateTimeField(help_text="until when the side whose turn it is must act")
    reserved_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    tells = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["posted", "approved"]) | ~Q(post_url=""),
                name="flat_fee_names_its_post",
            ),
        ]
        indexes = [
            models.Index(
                fields=["act_by"],
                name="flat_fee_clock",
                condition=Q(state__in=["reserved", "posted"]),
            ),
        ]

    def __str__(self) -> str:
        return f"fee of {self.participation}"
