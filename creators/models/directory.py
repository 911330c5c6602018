"""The searchable table of creators: one row that the search reads."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

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
    engagement_bp = models.PositiveIntegerField(null=True, help_text="null: not enough data")
    score = models.PositiveSmallIntegerField(null=True, help_text="0–100; null: not enough data")
    score_parts = models.JSONField(default=list, help_text="component, measured, peers, points")
    niches = ArrayField(models.CharField(max_length=40), default=list)
    country = models.CharField(max_length=2)
    languages = ArrayField(models.CharField(max_length=5), default=list)
    orders_90d = models.PositiveIntegerField(default=0)
    sales_90d = models.PositiveBigIntegerField(default=0, help_text="net, minor units of EUR")
    clicks_90d = models.PositiveIntegerField(default=0)
    brands_worked = models.PositiveIntegerField(default=0)
    sales_on = models.DateField(null=True, help_text="the day that the sales facts are of")
    enrolled_at = models.DateTimeField(null=True)
    search = SearchVectorField(null=True)
    refreshed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "directory entries"
        indexes = [
            models.Index(
                fields=["-engagement_bp", "-creator"],
                name="directory_engagement",
                condition=Q(is_listed=True),
            ),
            models.Index(
                fields=["-followers_max", "-creator"],
                name="directory_followers",
                condition=Q(is_listed=True),
            ),
            models.Index(
                fields=["-score", "-creator"], name="directory_score", condition=Q(is_listed=True)
            ),
            GinIndex("search", name="directory_search"),
            GinIndex("niches", name="directory_niches"),
        ]

    def __str__(self) -> str:
        return f"directory entry of {self.creator}"
