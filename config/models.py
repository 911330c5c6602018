"""The log of who did what: rows that are only ever added, and the chain that proves it."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One act of a person, or of the market where `user_id` is null. Names nobody: numbers only."""

    at = models.DateTimeField(_("moment"), db_default=Now())
    user_id = models.BigIntegerField(_("who"), null=True, blank=True, help_text="null: the market")
    acting_for = models.CharField(_("acting for"), max_length=80, blank=True, db_default="")
    act = models.CharField(_("act"), max_length=60)
    object = models.CharField(_("about"), max_length=120, blank=True, db_default="")
    before = models.JSONField(_("before"), null=True, blank=True)
    after = models.JSONField(_("after"), null=True, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True, db_default="")

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["user_id", "-id"], name="audit_of_user"),
            models.Index(fields=["object", "-id"], name="audit_of_object"),
            BrinIndex(fields=["at"], name="audit_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.object}".strip()


class AuditLink(models.Model):
    """A link of the chain: the hash of the one before and of an entry. Ids are the order.

    It stays when its entry is past its time and goes.
    """

    entry = models.OneToOneField(
        AuditEntry, models.DO_NOTHING, related_name="link", db_constraint=False
    )
    previous = models.BinaryField()
    hash = models.BinaryField()
    digest = models.BinaryField(null=True, help_text="of the entry; null in the oldest links")
    kept_until = models.DateField(null=True, help_text="the entry may go after this day")

    def __str__(self) -> str:
        return bytes(self.hash).hex()[:16]
