"""How a brand's money looked when we last looked at all of it: shown on every offer."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BrandLight(models.Model):
    """One brand's solvency light; `affiliates.solvency.refresh` its only writer."""

    class Health(models.TextChoices):
        GREEN = "green", _("pays everything")
        AMBER = "amber", _("pays what is reserved only")
        RED = "red", _("is short of money")

    brand = models.OneToOneField(
        "shop.Brand", models.CASCADE, primary_key=True, related_name="light"
    )
    health = models.CharField(max_length=5, choices=Health)
    median_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="from delivery to payout, of what was paid lately"
    )
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.brand_id}: {self.health}"
