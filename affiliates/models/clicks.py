"""Clicks, as they came, and their daily sums."""

from django.db import models


class Click(models.Model):
    """One visit through a link. Partitioned by month; written by `drain_clicks` (COPY).

    The table is made by a migration in SQL: primary key (uid, clicked_at), partitions by
    range of clicked_at, no foreign keys (it outlives nothing and must be cheap to write).
    """

    uid = models.UUIDField(primary_key=True, help_text="uuid7")
    link_id = models.BigIntegerField()
    clicked_at = models.DateTimeField()
    visitor = models.BinaryField(max_length=16, help_text="keyed hash with a daily key")
    referrer_host = models.CharField(max_length=100, blank=True)
    device = models.CharField(max_length=10, blank=True)
    seen_platform = models.CharField(max_length=10, blank=True)
    counted = models.BooleanField()

    class Meta:
        managed = False
        db_table = "affiliates_click"

    def __str__(self) -> str:
        return str(self.uid)


class ClickStream(models.Model):
    """How far the click stream has been copied; moves in the same transaction."""

    name = models.CharField(max_length=32, primary_key=True)
    last_id = models.CharField(max_length=32, default="0-0")
    epoch = models.CharField(max_length=32, blank=True, help_text="id of the Redis server's data")
    moved_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.last_id}"


class LinkDay(models.Model):
    """The sums of one link on one market day."""

    link = models.ForeignKey("affiliates.Link", models.PROTECT, related_name="days")
    day = models.DateField()
    clicks = models.PositiveIntegerField(default=0, help_text="counted ones")
    uniques = models.PositiveIntegerField(default=0)
    orders = models.PositiveIntegerField(default=0)
    income = models.BigIntegerField(default=0, help_text="minor units, of the link's currency")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "day"], name="link_day_once")]
        indexes = [models.Index(fields=["day"], name="link_day_day")]

    def __str__(self) -> str:
        return f"{self.link} on {self.day}"
