"""What creators sold for a brand in a week that is over, summed so that pages need not."""

from django.db import models


class BrandWeek(models.Model):
    """One sum of one market week: of all sales, of a platform's, a creator's or a product's.

    Nothing hangs on it: it follows from order lines and is summed anew when they change.
    """

    class Grain(models.TextChoices):
        ALL = "all"
        PLATFORM = "platform"
        CREATOR = "creator"
        PRODUCT = "product"

    brand = models.ForeignKey("shop.Brand", models.CASCADE, related_name="weeks", db_index=False)
    week = models.DateField(help_text="its Monday")
    currency = models.CharField(max_length=3)
    grain = models.CharField(max_length=8, choices=Grain.choices)
    platform = models.CharField(max_length=10, blank=True)
    creator = models.ForeignKey(
        "creators.Creator", models.CASCADE, null=True, blank=True, related_name="+"
    )
    product = models.ForeignKey(
        "shop.Product", models.CASCADE, null=True, blank=True, related_name="+"
    )
    sales = models.BigIntegerField(help_text="net, without what came back; minor units")
    earned = models.BigIntegerField(help_text="commission left; minor units")
    fee = models.BigIntegerField(help_text="ours; minor units")
    orders = models.PositiveIntegerField()
    quantity = models.PositiveIntegerField()
    back = models.PositiveIntegerField(help_text="lines of which something came back")
    lines = models.PositiveIntegerField()
    sold = models.BigIntegerField(
        default=0, db_default=0, help_text="net, before anything came back; minor units"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "grain", "week", "currency", "platform", "creator", "product"],
                name="brand_week_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand} in the week of {self.week}"


class BrandWeekStale(models.Model):
    """A moment in a week whose sums are no longer right; written by triggers."""

    brand = models.ForeignKey("shop.Brand", models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(help_text="when the line was sold")

    class Meta:
        indexes = [models.Index(fields=["brand", "at"], name="brand_week_stale")]

    def __str__(self) -> str:
        return f"{self.brand} at {self.at}"
