"""Refunds that a provider did not take remember when they were tried: the longest ago goes first."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

TRIED = "when its provider was last asked to pay it"


class Migration(migrations.Migration):
    atomic = False  # CONCURRENTLY
    dependencies = [("shop", "0012_refunds_in_pieces")]
    operations = [
        migrations.AddField(
            "payment", "tried_at", models.DateTimeField(null=True, blank=True, help_text=TRIED)
        ),
        AddIndexConcurrently(
            "payment",
            models.Index(
                F("tried_at").asc(nulls_first=True),
                "id",
                name="payment_to_send",
                condition=Q(kind="refund", reference="", external=False),
            ),
        ),
        AddIndexConcurrently(
            "payment",
            models.Index(fields=["id"], name="payment_misfit", condition=Q(kind="misfit")),
        ),
    ]
