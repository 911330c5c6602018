"""Tracked links and codes."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _


class PostedOn(models.TextChoices):
    """Where a link is posted; `page` is the creator's own storefront here."""

    TIKTOK = "tiktok", "TikTok"
    INSTAGRAM = "instagram", "Instagram"
    YOUTUBE = "youtube", "YouTube"
    FACEBOOK = "facebook", "Facebook"
    PAGE = "page", _("my page")


class Switchable(models.Model):
    """Something that is on or off, and remembers the last time of both."""

    is_active = models.BooleanField(default=True)
    on_at = models.DateTimeField(
        null=True, blank=True, help_text="when it was last switched on again"
    )
    off_at = models.DateTimeField(null=True, blank=True, help_text="when it was last switched off")

    class Meta:
        abstract = True

    def worked_at(self, at: datetime) -> bool:
        """Say whether it was on at `at`, whatever became of it since."""
        if self.is_active and (self.on_at is None or self.on_at <= at):
            return True
        return self.off_at is not None and at < self.off_at

    def switch(self, *, on: bool, at: datetime) -> list[str]:
        """Set the columns of a switch that is turned; return their names."""
        if self.is_active == on:
            return []
        self.is_active = on
        setattr(self, "on_at" if on else "off_at", at)
        return ["is_active", "on_at" if on else "off_at"]


class LinkQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(is_active=True)


class Link(Switchable):
    """A creator's tracked address of a product, a brand's shop, or her storefront.

    `collaboration` is null only for the storefront link, which attributes nothing itself;
    `product` is null for a brand's shop and for the storefront.
    """

    code = models.CharField(max_length=10, unique=True)
    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="links")
    collaboration = models.ForeignKey(
        "affiliates.Collaboration", models.PROTECT, null=True, blank=True, related_name="links"
    )
    product = models.ForeignKey(
        "shop.Product", models.PROTECT, null=True, blank=True, related_name="links"
    )
    platform = models.CharField(max_length=10, choices=PostedOn)
    destination = models.CharField(max_length=600, help_text="path here, or the own shop's URL")
    alias = models.CharField(max_length=40, blank=True, help_text="/@handle/alias")
    on_storefront = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0, help_text="on the storefront shelf")
    taken_bp = models.PositiveIntegerField(null=True, help_text="rate when it was taken")
    rate_locked_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    objects = LinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["creator", "collaboration", "product", "platform"],
                nulls_distinct=False,
                name="link_once",
            ),
            models.UniqueConstraint(
                fields=["creator", "alias"], condition=~Q(alias=""), name="link_alias_once"
            ),
            models.CheckConstraint(
                condition=Q(collaboration__isnull=False) | Q(product__isnull=True),
                name="link_product_has_collaboration",
            ),
            models.CheckConstraint(
                condition=Q(collaboration__isnull=True) | Q(taken_bp__isnull=False),
                name="link_has_rate",
            ),
        ]
        indexes = [
            models.Index(fields=["creator", "-created_at"], name="link_of_creator"),
        ]

    def __str__(self) -> str:
        return f"/go/{self.code}"


PAGE_LINKS = 10


class PageLink(models.Model):
    """Another address of a creator on her page; it is hers alone and earns nothing here."""

    creator = models.ForeignKey("creators.Creator", models.CASCADE, related_name="page_links")
    label = models.CharField(max_length=60)
    url = models.URLField(max_length=500)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["creator", "position"],
                deferrable=models.Deferrable.DEFERRED,
                name="page_link_place_once",
            ),
            models.CheckConstraint(
                condition=Q(position__range=(1, PAGE_LINKS)), name="page_link_at_most_ten"
            ),
            models.CheckConstraint(
                condition=Q(url__startswith="https://"), name="page_link_is_https"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class CreatorCode(Switchable):
    """A word that a shopper types at checkout to credit a creator."""

    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="codes")
    code = models.CharField(max_length=24)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Upper("code"), name="creator_code_once"),
            models.UniqueConstraint(
                fields=["creator"], condition=Q(is_active=True), name="creator_code_active_once"
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9]{4,24}$"), name="creator_code_plain"
            ),
        ]

    def __str__(self) -> str:
        return self.code
