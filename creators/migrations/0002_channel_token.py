"""Tokens of connected channels, sealed."""

import django.db.models.deletion
from django.db import migrations, models

import creators.models.sealed


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
                ("access", creators.models.sealed.SealedTextField()),
                ("refresh", creators.models.sealed.SealedTextField(blank=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
    ]
