"""Files in which the bank answers, and what each of their lines led to."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BankFile(models.Model):
    """One answer of the bank (pain.002 or camt.054), taken once."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, help_text="pain.002 or camt.054")
    sha256 = models.CharField(max_length=64, unique=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class BankReply(models.Model):
    """One line of such a file: what the bank said, and what we did with it."""

    class Kind(models.TextChoices):
        PAID = "paid", _("paid")
        REJECTED = "rejected", _("rejected")
        RETURNED = "returned", _("returned")
        NAME = "name", _("name check")
        OTHER = "other", _("for information")

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("not booked yet")
        BOOKED = "booked", _("booked")
        REPEATED = "repeated", _("known already")
        NOTED = "noted", _("nothing to do")
        UNKNOWN = "unknown", _("not one of our payouts")
        REFUSED = "refused", _("does not fit")

    file = models.ForeignKey(BankFile, models.PROTECT, related_name="replies")
    line = models.PositiveIntegerField(help_text="its place in the file")
    kind = models.CharField(max_length=8, choices=Kind)
    reference = models.CharField(max_length=35, blank=True, help_text="empty: a whole batch")
    message_id = models.CharField(max_length=35, blank=True)
    amount = models.PositiveBigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    code = models.CharField(max_length=12, blank=True)
    text = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.WAITING)
    note = models.CharField(max_length=200, blank=True, help_text="why it does not fit")
    payout = models.ForeignKey(
        "affiliates.Payout", models.PROTECT, null=True, blank=True, related_name="replies"
    )

    class Meta:
        ordering = ["line"]
        verbose_name_plural = "bank replies"
        constraints = [models.UniqueConstraint(fields=["file", "line"], name="bank_reply_once")]
        indexes = [
            models.Index(
                fields=["id"], name="bank_reply_waiting", condition=models.Q(outcome="waiting")
            )
        ]

    def __str__(self) -> str:
        return f"line {self.line} of {self.file}"
