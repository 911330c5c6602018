"""The right to read a channel, as its platform gave it."""

from django.db import models

from config.lib.sealed import SealedTextField
from creators.models.channels import Channel


class ChannelToken(models.Model):
    """OAuth tokens of one connected channel, sealed; gone when the channel is disconnected."""

    channel = models.OneToOneField(Channel, models.CASCADE, primary_key=True, related_name="token")
    access = SealedTextField()
    refresh = SealedTextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token of {self.channel}"
