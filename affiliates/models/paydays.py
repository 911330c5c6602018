"""The Fridays on which everybody is paid who can be."""

from django.db import models


class PayDay(models.Model):
    """A Friday whose own batches were built, on that day or late; perhaps nobody could be paid."""

    friday = models.DateField(unique=True)
    built_at = models.DateTimeField()

    class Meta:
        ordering = ["-friday"]

    def __str__(self) -> str:
        return f"pay day {self.friday}"
