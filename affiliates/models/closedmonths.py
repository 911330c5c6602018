"""Months of the books that are over for good."""

from django.db import models


class ClosedMonth(models.Model):
    """A month that gets no entry any more: what is posted late falls into the open one."""

    month = models.DateField(unique=True, help_text="its first day")
    until = models.DateTimeField(help_text="when it was over: no entry is posted before")
    closed_at = models.DateTimeField()

    class Meta:
        ordering = ["-month"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
