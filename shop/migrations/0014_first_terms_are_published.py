"""The terms that a market starts with are published; what was drafted for later stays a draft."""

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Now


def publish(apps, schema_editor):
    terms = apps.get_model("shop", "Terms")
    rows = terms.objects.filter(published_at=None, version=1, effective_from__lte=Now())
    rows.update(published_at=F("effective_from"))


class Migration(migrations.Migration):
    dependencies = [("shop", "0013_terms_in_versions")]

    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
