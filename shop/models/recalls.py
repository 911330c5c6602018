"""Recalls: a product that is dangerous, and the letter to each who bought it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Product


class Recall(models.Model):
    """A product is called back; who bought it is told once (kept as OrderLetter "recall")."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="recalls")
    hazard = models.TextField(_("what is dangerous"), max_length=1000)
    todo = models.TextField(_("what to do now"), max_length=1000)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"recall of {self.product}"
