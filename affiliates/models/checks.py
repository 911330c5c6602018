"""What came of checking the books."""

from django.db import models


class BooksCheck(models.Model):
    """One run over every invariant; while the newest one found offences nothing is paid out."""

    checked_at = models.DateTimeField()
    seconds = models.FloatField()
    offences = models.JSONField(default=dict, help_text="invariant → ids that break it")
    alerted = models.BooleanField(default=False, help_text="admins were mailed of this one")

    class Meta:
        verbose_name_plural = "checks of the books"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{len(self.offences)} offences on {self.checked_at:%Y-%m-%d %H:%M}"
