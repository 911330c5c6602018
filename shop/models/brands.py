"""Brands, the traders that sell here, and the people who act for them."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _


class SellsAt(models.TextChoices):
    HERE = "here", _("here, on Thousand")
    BESIDE = "beside", _("here, from the stock of my Shopify or WooCommerce shop")
    OWN_SHOP = "own_shop", _("in the brand's own shop")


class TaxClass(models.TextChoices):
    STANDARD = "standard", _("standard rate")
    REDUCED = "reduced", _("reduced rate")
    ZERO = "zero", _("zero rate")


def promise(days_from: int | None, days_to: int | None) -> str:
    """Return in words when it arrives; empty: nothing is promised."""
    if days_to is None:
        return ""
    if days_from is None or days_from == days_to:
        words = ngettext("within %(to)d day", "within %(to)d days", days_to)
    else:
        words = gettext("in %(from)d to %(to)d days")
    return words % {"from": days_from, "to": days_to}


class BrandQuerySet(models.QuerySet):
    def active(self) -> Self:
        """Brands whose products may be shown and sold."""
        return self.filter(status=Brand.Status.ACTIVE)

    def of(self, user) -> Self:
        """Brands that `user` may act for."""
        return self.filter(memberships__user=user)


class Brand(models.Model):
    """A trader (EU DSA art. 30) that sells its products through creators."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")  # trader details incomplete
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        CLOSED = "closed", _("closed")

    class MadeBy(models.TextChoices):
        ITSELF = "itself", _("we do, or they bear our name")
        OTHERS = "others", _("others do: I name them at each product")

    slug = models.SlugField(unique=True, max_length=60)
    name = models.CharField(_("name"), max_length=80)
    description = models.TextField(_("about the brand"), blank=True, max_length=2000)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    sells_at = models.CharField(max_length=10, choices=SellsAt, default=SellsAt.HERE)
    # The trader's identity, shown to shoppers and printed on invoices.
    legal_name = models.CharField(_("legal name"), max_length=120, blank=True)
    address = models.CharField(_("street and number"), max_length=120, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=16, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, default="NL")
    email = models.EmailField(_("e-mail for shoppers"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    register_number = models.CharField(_("trade register number"), max_length=32, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    vat_known = models.CharField(
        max_length=20, blank=True, default="", db_default="",
        help_text="the VAT number that the EU's register knew when it last answered",
    )  # fmt: skip
    self_certified_at = models.DateTimeField(null=True, blank=True)
    mandate_accepted_at = models.DateTimeField(
        null=True, blank=True, help_text="when it let us issue its invoices on its behalf"
    )
    # What its products start with.
    made_by = models.CharField(
        max_length=6, choices=MadeBy, default=MadeBy.ITSELF, db_default=MadeBy.ITSELF,
        help_text="who is the manufacturer by law where a product names none",
    )  # fmt: skip
    tax_class = models.CharField(
        max_length=10,
        choices=TaxClass,
        default=TaxClass.STANDARD,
        blank=True,
        help_text="empty: it differs, and is said at each product",
    )
    category = models.ForeignKey("shop.Category", models.SET_NULL, null=True, blank=True)
    shipping_price = models.PositiveBigIntegerField(
        default=0, help_text="minor units of `currency`, VAT included"
    )
    free_shipping_from = models.PositiveBigIntegerField(null=True, blank=True)
    delivery_days_from = models.PositiveSmallIntegerField(null=True, blank=True)
    delivery_days_to = models.PositiveSmallIntegerField(null=True, blank=True)
    ships_to = models.JSONField(default=list, blank=True, help_text="country codes; empty: all")
    return_days = models.PositiveSmallIntegerField(default=14)
    return_address = models.CharField(
        _("address for returns"), max_length=200, blank=True, default="", db_default="",
        help_text=_("Leave it empty to have returns at the address of the trader."),
    )  # fmt: skip
    pays_return = models.BooleanField(
        _("We pay for sending it back"), default=False, db_default=False
    )
    connect_account = models.CharField(max_length=64, blank=True)
    connect_since = models.DateTimeField(
        null=True, blank=True, help_text="when `connect_account` was changed; used 48 hours later"
    )
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    objects = BrandQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(return_days__gte=14), name="brand_return_days"),
            models.CheckConstraint(
                condition=Q(delivery_days_to=None)
                | Q(delivery_days_to__gte=F("delivery_days_from"))
                | Q(delivery_days_from=None),
                name="brand_delivery_days",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="brand_currency"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:brand_page", args=[self.slug])

    @property
    def is_stopped(self) -> bool:
        """Whether nothing of it is open to programs and calendars."""
        return self.status in {self.Status.SUSPENDED, self.Status.CLOSED}

    @property
    def owes_phone(self) -> bool:
        """Whether shoppers who buy from it here cannot call it, as EU DSA art. 30(1)(a) asks."""
        return self.sells_at != SellsAt.OWN_SHOP and not self.phone

    @property
    def returns_to(self) -> str:
        """Where goods go back to, in one line."""
        own = f"{self.address}, {self.postal_code} {self.city}".strip(", ")
        return self.return_address or own

    @property
    def delivery_promise(self) -> str:
        return promise(self.delivery_days_from, self.delivery_days_to)


class MembershipQuerySet(models.QuerySet):
    def owners(self) -> Self:
        """Owners whose account is on."""
        return self.filter(role=Membership.Role.OWNER, user__is_active=True)


class Membership(models.Model):
    """One person who may act for one brand."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MEMBER = "member", _("member")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.OWNER)
    language = models.CharField(
        max_length=5, choices=settings.LANGUAGES, blank=True, default="", db_default="",
        help_text="in which she reads the site; mail uses it",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "brand"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} for {self.brand}"

    @property
    def is_owner(self) -> bool:
        return self.role == self.Role.OWNER


class TeamInvitation(models.Model):
    """An address that is asked to act for a brand; accepted or withdrawn, the row is gone."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=8, choices=Membership.Role)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("brand", Lower("email"), name="team_invitation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.email} for {self.brand}"
