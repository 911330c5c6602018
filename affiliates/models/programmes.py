"""A brand's own affiliate programme, as far as we must know it to stand down or to share."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class OwnProgramme(models.Model):
    """How a brand's own programme is recognised: by parameters of an address, and by codes.

    A parameter is a name (`awc`) or a name with its value (`utm_source=awin`).
    """

    brand = models.OneToOneField("shop.Brand", models.CASCADE, related_name="own_programme")
    parameters = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    codes = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    window_days = models.PositiveSmallIntegerField(default=30)
    told_month = models.DateField(null=True, blank=True, help_text="the last one mailed")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(window_days__range=(1, 90)), name="own_programme_window"
            ),
        ]

    def __str__(self) -> str:
        return f"own programme of {self.brand}"
