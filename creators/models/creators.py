"""Creators: the people who show products."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Niche(models.Model):
    """A subject that creators make videos about and brands look for."""

    slug = models.SlugField(unique=True, max_length=40)
    name = models.CharField(max_length=60)
    name_nl = models.CharField(max_length=60)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the language of the page."""
        return self.name_nl if (get_language() or "en").startswith("nl") else self.name


class CreatorQuerySet(models.QuerySet):
    def enrolled(self) -> Self:
        """Creators who may take links: pilot or full."""
        return self.filter(status__in=Creator.ENROLLED)

    def waiting(self) -> Self:
        """Creators whose decision is repeated every night."""
        return self.filter(status=Creator.Status.WAITING)


class Creator(models.Model):
    """A person with a following, who earns by showing products."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("joining")
        WAITING = "waiting", _("waiting")
        PILOT = "pilot", _("pilot")
        FULL = "full", _("full member")
        DECLINED = "declined", _("declined")
        SUSPENDED = "suspended", _("suspended")
        CLOSED = "closed", _("closed")

    ENROLLED = (Status.PILOT, Status.FULL)
    HAS_PAGE = (Status.WAITING, *ENROLLED)  # whose page is there

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="creator", null=True, blank=True
    )
    handle = models.CharField(_("handle"), max_length=30, help_text="a–z, 0–9, dot, underscore")
    display_name = models.CharField(_("name on your page"), max_length=60)
    bio = models.CharField(_("about you"), max_length=300, blank=True)
    country = models.CharField(_("country"), max_length=2)
    languages = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    site_language = models.CharField(
        max_length=5, choices=settings.LANGUAGES, blank=True, help_text="last chosen; mail uses it"
    )
    niches = models.ManyToManyField(Niche, blank=True, related_name="creators")
    birth_on = models.DateField(_("date of birth"), null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    decision = models.ForeignKey(
        "creators.Decision", models.PROTECT, null=True, blank=True, related_name="+"
    )
    case = models.ForeignKey(
        "creators.Case",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="why suspended or closed",
    )
    pilot_since = models.DateTimeField(null=True, blank=True)
    quiz_passed_at = models.DateTimeField(null=True, blank=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    objects = CreatorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("handle"), name="creator_handle_once"),
            models.CheckConstraint(
                condition=Q(handle__regex=r"^[a-z0-9_.]{2,30}$"), name="creator_handle_plain"
            ),
            models.CheckConstraint(
                condition=Q(status="draft")
                | Q(status__in=["waiting", "pilot", "full", "declined"], decision__isnull=False)
                | Q(status__in=["suspended", "closed"], case__isnull=False),
                name="creator_status_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="creator_waiting", condition=Q(status="waiting"))
        ]

    def __str__(self) -> str:
        return f"@{self.handle}"

    def get_absolute_url(self) -> str:
        return reverse("affiliates:storefront", args=[self.handle])

    @property
    def is_stopped(self) -> bool:
        """Whether nothing of hers is open to programs and calendars."""
        gone = self.user is None or not self.user.is_active or self.erased_at is not None
        return gone or self.status in {self.Status.SUSPENDED, self.Status.CLOSED}

    @property
    def is_enrolled(self) -> bool:
        return self.status in self.ENROLLED
