"""How often brands saw a creator in their searches."""

from django.db import models

from creators.models.creators import Creator


class SeenWeek(models.Model):
    """Places of pages on which a creator stood in one week; summed from Redis by `seen.roll_up`."""

    creator = models.ForeignKey(Creator, models.CASCADE, related_name="seen_weeks")
    week_on = models.DateField(help_text="its Monday, in the market's time zone")
    seen = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["creator", "week_on"], name="seen_week_once"),
        ]
        indexes = [models.Index(fields=["week_on"], name="seen_week_on")]

    def __str__(self) -> str:
        return f"{self.creator}: {self.seen} in the week of {self.week_on}"
