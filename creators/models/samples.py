"""How a creator kept what she promised for samples."""

from django.db import models

from creators.models.creators import Creator


class SampleRecord(models.Model):
    """Her promises of the last 12 months; written by affiliates.samplerecords, read by anyone.

    lower_bp: the lower end of what her share of kept promises may be (Wilson, 95 %); null: no
    record yet, which is not a bad one.
    """

    creator = models.OneToOneField(
        Creator, models.CASCADE, primary_key=True, related_name="sample_record"
    )
    kept = models.PositiveIntegerField(default=0)
    broken = models.PositiveIntegerField(default=0)
    excused = models.PositiveIntegerField(default=0, help_text="outside the rate")
    lower_bp = models.PositiveIntegerField(null=True)
    refreshed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kept} of {self.kept + self.broken} by {self.creator}"
