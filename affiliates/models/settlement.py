"""The night: one run per night, 64 shards each, one line per creator, brand, currency."""

import secrets
from datetime import datetime
from functools import cached_property

from django.db import models
from django.db.models import Q


def new_salt() -> bytes:
    return secrets.token_bytes(16)


class SettlementRun(models.Model):
    """The settlement of one night; the row fixes what was over and due."""

    night = models.DateField(unique=True, help_text="date in the market's time zone")
    cutoff = models.DateTimeField(help_text="00:00 local of the next day")
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    root = models.CharField(max_length=64, blank=True, help_text="Merkle root of its lines")
    previous_root = models.CharField(max_length=64, blank=True)
    head_path = models.JSONField(
        default=list,
        null=True,
        blank=True,
        help_text="proof that the root contains the previous one",
    )
    published = models.JSONField(
        null=True, blank=True, help_text="lines, creators and sums, as counted with the root"
    )

    last_entry = models.BigIntegerField(
        null=True, blank=True, help_text="the newest ledger entry when the run was completed"
    )

    class Meta:
        ordering = ["-night"]

    def __str__(self) -> str:
        return f"night of {self.night}"

    @cached_property
    def since(self) -> datetime | None:
        """The cutoff of the night before: what was due by then is no longer pending."""
        before = SettlementRun.objects.filter(night__lt=self.night).order_by("-night")
        return before.values_list("cutoff", flat=True).first()


class SettlementShard(models.Model):
    """A sixty-fourth of a run's creators, settled in one transaction."""

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="shards")
    shard = models.SmallIntegerField()
    done_at = models.DateTimeField(null=True, blank=True)
    commissions = models.PositiveIntegerField(default=0)
    lines = models.PositiveIntegerField(default=0)
    amount = models.JSONField(default=dict, help_text="sum per currency")
    set_aside = models.PositiveIntegerField(default=0, help_text="poisoned commissions held")
    seconds = models.FloatField(null=True, blank=True)
    error = models.CharField(
        max_length=500,
        blank=True,
        db_default="",
        help_text="why the last try left it; empty when done",
    )

    class Meta:
        ordering = ["shard"]
        constraints = [
            models.UniqueConstraint(fields=["run", "shard"], name="shard_once"),
            models.CheckConstraint(condition=Q(shard__range=(0, 63)), name="shard_range"),
        ]

    def __str__(self) -> str:
        return f"shard {self.shard} of {self.run}"


class SettlementLine(models.Model):
    """What one creator earned from one brand in one night; signed, never edited."""

    # A trigger looks whether the run and both accounts of all rows of a statement are there.
    run = models.ForeignKey(
        SettlementRun, models.PROTECT, related_name="lines", db_index=False, db_constraint=False
    )
    creator = models.ForeignKey(
        "creators.Creator", models.PROTECT, related_name="settlement_lines", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    brand = models.ForeignKey(
        "shop.Brand", models.PROTECT, related_name="settlement_lines", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    vat = models.BigIntegerField(null=True, blank=True, help_text="that the brand is invoiced")
    commission_count = models.PositiveIntegerField()
    salt = models.BinaryField(max_length=16, default=new_salt)
    case = models.ForeignKey(
        "creators.Case",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        help_text="kept out of payouts",
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "creator", "brand", "currency"], name="settlement_line_once"
            ),
        ]
        indexes = [
            models.Index(fields=["creator", "currency", "id"], name="line_of_creator"),
            models.Index(fields=["brand", "currency", "-id"], name="line_of_brand"),
            models.Index(fields=["case"], name="line_case", condition=Q(case__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} in the {self.run}"
