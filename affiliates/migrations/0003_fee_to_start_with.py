"""The fee that brands pay from the first day: 5 % of the net price of lines that creators sold."""

from datetime import UTC, datetime

from django.db import migrations

FROM = datetime(2023, 1, 1, tzinfo=UTC)


def publish(apps, schema_editor):
    apps.get_model("affiliates", "FeePolicy").objects.get_or_create(
        brand=None,
        effective_from=FROM,
        defaults={"rate_bp": 500, "base": "attributed", "note": "First fee."},
    )


def withdraw(apps, schema_editor):
    apps.get_model("affiliates", "FeePolicy").objects.filter(
        brand=None, effective_from=FROM
    ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0002_books_that_stay"),
    ]
    replaces = [
        ("affiliates", "0003_money_first_fee"),
    ]
    operations = [migrations.RunPython(publish, withdraw)]
