"""Tokens of connected channels, sealed."""

import django.db.models.deletion
from django.db import migrations, models

import config.lib.sealed


class Migration(migrations.Migration):
    dependencies = [("creators", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ChannelToken",
            fields=[
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="token",
                        serialize=False,
                        to="creators.channel",
                    ),
                ),
                ("access", config.lib.sealed.SealedTextField()),
                ("refresh", config.lib.sealed.SealedTextField(blank=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
    ]
