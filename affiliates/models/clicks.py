"""Clicks, as they came, and their daily sums."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


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
    paid = models.CharField(
        max_length=10, blank=True, help_text="network of the paid advertisement"
    )
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


class ClickElsewhere(models.Model):
    """A click that was seen on another platform than its link says: what was seen counts.

    Few clicks are, so that asking where clicks and sales came from need not read all of them.
    """

    uid = models.UUIDField(primary_key=True)
    link = models.ForeignKey(
        "affiliates.Link", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    clicked_at = models.DateTimeField()
    platform = models.CharField(max_length=10)
    counted = models.BooleanField()

    class Meta:
        verbose_name_plural = "clicks elsewhere"
        indexes = [models.Index(fields=["link", "clicked_at"], name="click_elsewhere_of_link")]

    def __str__(self) -> str:
        return f"{self.uid} on {self.platform}"


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


class ClickScan(models.Model):
    """A market day whose clicks were looked through, once."""

    day = models.DateField(primary_key=True)
    version = models.PositiveSmallIntegerField(help_text="of the rules")
    found = models.PositiveIntegerField()
    done_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"clicks of {self.day}"


class ClickFinding(models.Model):
    """Clicks that look less than honest: through which links, from when to when.

    `visitor` where it is about one. What they sold, also weeks later, is held by a flag.
    """

    rule = models.CharField(max_length=32)
    day = models.DateField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    links = ArrayField(models.BigIntegerField())
    visitor = models.BinaryField(max_length=16, null=True)
    evidence = models.JSONField(default=dict)
    found_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "since", "links", "visitor"],
                nulls_distinct=False,
                name="click_finding_once",
            ),
            models.CheckConstraint(
                condition=Q(since__lt=F("until")), name="click_finding_takes_time"
            ),
        ]
        indexes = [models.Index(fields=["day"], name="click_finding_day")]

    def __str__(self) -> str:
        return f"{self.rule} on {self.day}"
