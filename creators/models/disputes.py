"""Disputes: two creators who say that one channel is theirs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from creators.models.cases import Case
from creators.models.channels import Channel, Platform
from creators.models.creators import Creator


class ChannelDispute(models.Model):
    """What a case over a channel is about: who holds it, and what the other one has shown."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="dispute")
    holder = models.ForeignKey(Creator, models.PROTECT, related_name="disputes_against")
    channel = models.ForeignKey(
        Channel, models.SET_NULL, null=True, blank=True, related_name="disputes"
    )
    platform = models.CharField(max_length=10, choices=Platform)
    external_id = models.CharField(max_length=120, help_text="as the claimant's sign-in gave it")
    handle = models.CharField(max_length=80)
    code = models.CharField(max_length=12, help_text="the claimant puts it in the bio")
    proven_at = models.DateTimeField(
        null=True, blank=True, help_text=_("when the claimant signed in with this channel")
    )
    followers = models.PositiveIntegerField(null=True, blank=True, help_text="read at that moment")

    def __str__(self) -> str:
        return f"dispute over {self.handle} on {self.get_platform_display()}"
