"""Who takes her data along has her orders found by her mail address, however she typed it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False  # CONCURRENTLY
    dependencies = [("shop", "0009_members_have_a_language")]
    operations = [
        AddIndexConcurrently("order", models.Index(Upper("email"), name="order_of_mail")),
    ]
