"""Who creators are to the tax office, and what VIES says of their VAT numbers."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.lib.sealed import SealedTextField

SHOWN_DIGITS = 3  # of a tax number, to whoever may not see it whole


class Sealed(models.Model):
    """A tax number and, of a person, her birth date: only sealed in the database."""

    tin = SealedTextField(_("tax number"), help_text="of a Dutch taxpayer the BSN or RSIN")
    tin_country = models.CharField(_("country of the tax number"), max_length=2)
    changed_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"tax number {self.masked} ({self.tin_country})"

    @property
    def birth_on(self) -> date | None:
        """Return the birth date; None when no key opens it any more."""
        return date.fromisoformat(self.birth_on_iso) if self.birth_on_iso else None

    @property
    def masked(self) -> str:
        """Return the tax number with all but its last digits hidden."""
        return "•" * 6 + self.tin[-SHOWN_DIGITS:] if self.tin else ""


class BrandTaxIdentity(Sealed):
    """What the tax office knows a brand by: asked before its first payout."""

    class Kind(models.TextChoices):
        ENTITY = "entity", _("a company or another legal person")
        PERSON = "individual", _("one person, such as an eenmanszaak")

    brand = models.OneToOneField(
        "shop.Brand", models.PROTECT, primary_key=True, related_name="tax_identity"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    birth_on_iso = SealedTextField(_("date of birth"), blank=True)

    class Meta:
        verbose_name_plural = "brand tax identities"

    @property
    def whose(self) -> str:
        return str(self.brand)


class TaxIdentity(Sealed):
    """A creator's birth date and tax number, sealed: asked before her first payout."""

    creator = models.OneToOneField(
        "creators.Creator", models.PROTECT, primary_key=True, related_name="tax_identity"
    )
    birth_on_iso = SealedTextField(_("date of birth"))

    class Meta:
        verbose_name_plural = "tax identities"

    @property
    def whose(self) -> str:
        return str(self.creator)


class TaxLook(models.Model):
    """Somebody saw tax numbers in clear; such a row is only ever added."""

    creator = models.ForeignKey(
        "creators.Creator", models.PROTECT, null=True, blank=True,
        help_text="null: a brand, or a whole report",
    )  # fmt: skip
    brand = models.ForeignKey("shop.Brand", models.PROTECT, null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="null: a command",
    )  # fmt: skip
    why = models.CharField(_("why"), max_length=300)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.by or 'command'} on {self.at:%Y-%m-%d %H:%M}"


class Asked(models.Model):
    """What VIES says of a VAT number, and when it is asked again."""

    class State(models.TextChoices):
        UNCHECKED = "unchecked", _("not asked yet")
        VALID = "valid", _("valid")
        INVALID = "invalid", _("not valid")
        UNAVAILABLE = "unavailable", _("VIES did not answer")

    state = models.CharField(max_length=12, choices=State, default=State.UNCHECKED)
    consultation = models.CharField(
        max_length=64, blank=True, help_text="VIES's number of the newest answer"
    )
    checked_at = models.DateTimeField(null=True, blank=True, help_text="of the newest answer")
    reason = models.CharField(max_length=200, blank=True, help_text="why the last try failed")
    tries = models.PositiveSmallIntegerField(default=0, help_text="since the newest answer")
    next_at = models.DateTimeField(null=True, blank=True, help_text="empty: not asked again")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.state} ({self.consultation or 'no number'})"


class VatCheck(Asked):
    """What VIES says of the VAT number of one tax profile."""

    profile = models.OneToOneField(
        "affiliates.TaxProfile", models.PROTECT, primary_key=True, related_name="vat_check"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"], name="vat_check_due", condition=Q(next_at__isnull=False)
            )
        ]


class BrandVatCheck(Asked):
    """What VIES says of a VAT number of a brand; a number that was given up stays as evidence."""

    brand = models.ForeignKey("shop.Brand", models.PROTECT, related_name="vat_checks")
    number = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "number"], name="brand_vat_check_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_at"], name="brand_vat_check_due", condition=Q(next_at__isnull=False)
            )
        ]
