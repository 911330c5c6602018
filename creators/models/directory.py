"""The searchable table of creators: one row that the search reads, and its numbered copies.

Triggers keep `facets`, `fit` and `changed_in` of an entry true, whoever writes it: see the
migration `directory_index` and docs/decisions/0004-directory-search.md.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from creators.models.channels import Platform
from creators.models.creators import Creator


class DirectoryEntry(models.Model):
    """What brands search: written by `directory.record()` and nobody else."""

    creator = models.OneToOneField(Creator, models.CASCADE, primary_key=True)
    is_listed = models.BooleanField(default=False)
    best_platform = models.CharField(max_length=10, choices=Platform, blank=True)
    followers_total = models.PositiveIntegerField(default=0)
    followers_max = models.PositiveIntegerField(default=0)
    tiktok = models.PositiveIntegerField(null=True)
    instagram = models.PositiveIntegerField(null=True)
    youtube = models.PositiveIntegerField(null=True)
    facebook = models.PositiveIntegerField(null=True)
    engagement_bp = models.PositiveIntegerField(
        null=True, help_text="reactions per post and follower; null: not enough data"
    )
    views_bp = models.PositiveIntegerField(
        null=True, help_text="views per video and subscriber, of YouTube: no reactions"
    )
    engagement_pct = models.PositiveSmallIntegerField(
        null=True, help_text="percent of channels of the same platform and size that have less"
    )
    score = models.PositiveSmallIntegerField(null=True, help_text="0–100; null: not enough data")
    score_version = models.PositiveSmallIntegerField(default=0, db_default=0)
    score_parts = models.JSONField(default=list, help_text="component, measured, peers, points")
    niches = ArrayField(models.CharField(max_length=40), default=list)
    country = models.CharField(max_length=2)
    languages = ArrayField(models.CharField(max_length=5), default=list)
    orders_90d = models.PositiveIntegerField(default=0)
    sales_90d = models.PositiveBigIntegerField(default=0, help_text="net, minor units of EUR")
    clicks_90d = models.PositiveIntegerField(default=0)
    brands_worked = models.PositiveIntegerField(default=0)
    returned_bp = models.PositiveIntegerField(
        null=True, help_text="share of the sales that went back; null: nothing sold"
    )
    sales_on = models.DateField(null=True, help_text="the day that the sales facts are of")
    sample_reliability = models.PositiveSmallIntegerField(  # SampleRecord.lower_bp, in percent
        null=True, help_text="percent of samples that she kept her word on; null: not enough data"
    )
    enrolled_at = models.DateTimeField(null=True)
    search = SearchVectorField(null=True)
    refreshed_at = models.DateTimeField()
    fit = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    facets = models.TextField(default="", db_default="", editable=False)
    changed_in = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="the transaction that changed its facets"
    )

    class Meta:
        verbose_name_plural = "directory entries"
        indexes = [
            GinIndex("search", name="directory_search"),
            models.Index(fields=["changed_in"], name="directory_changed"),
            models.Index(fields=["enrolled_at"], name="directory_enrolled"),
        ]

    def __str__(self) -> str:
        return f"directory entry of {self.creator}"


class DirectoryGone(models.Model):
    """An entry that was deleted after an index numbered it; a trigger writes it."""

    creator_id = models.BigIntegerField()
    changed_in = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["changed_in"], name="directory_gone_changed")]

    def __str__(self) -> str:
        return f"creator {self.creator_id} left the directory"


class DirectoryIndex(models.Model):
    """Everybody who could be found at a moment, numbered once per order of the search."""

    built_at = models.DateTimeField()
    built_in = models.BigIntegerField(help_text="the transaction that wrote it")
    horizon = models.BigIntegerField(
        help_text="entries changed in this transaction or later differ"
    )
    seed = models.CharField(max_length=20, help_text="sorts creators of equal fit")
    size = models.PositiveIntegerField()
    kept = models.PositiveIntegerField(help_text="how many of them are small or new")

    class Meta:
        verbose_name_plural = "directory indexes"

    def __str__(self) -> str:
        return f"directory of {self.built_at:%Y-%m-%d %H:%M}"


class DirectoryBits(models.Model):
    """One facet of one numbering: bit n is the creator whose number is n.

    Also, as arrays of 32-bit numbers: "ids" (creator by number) and "places" (number by creator).
    """

    index = models.ForeignKey(DirectoryIndex, models.CASCADE, related_name="bits")
    order = models.CharField(max_length=12)
    name = models.CharField(max_length=48)
    bits = models.BinaryField()

    class Meta:
        verbose_name_plural = "directory bits"
        constraints = [
            models.UniqueConstraint(fields=["index", "order", "name"], name="directory_bits_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} by {self.order}"


class PeerFigure(models.Model):
    """What is usual among channels of one platform and size; counted anew each night."""

    measure = models.CharField(max_length=12)
    platform = models.CharField(max_length=10, choices=Platform)
    band = models.PositiveSmallIntegerField(help_text="of followers: authenticity.BANDS")
    channels = models.PositiveIntegerField()
    low = models.PositiveIntegerField(help_text="the 25th percentile, bp")
    high = models.PositiveIntegerField(help_text="the 95th percentile, bp")
    figures = ArrayField(models.PositiveIntegerField(), help_text="each fifth percentile, bp")
    counted_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "platform", "band"], name="peer_figure_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} on {self.platform}, size {self.band}"
