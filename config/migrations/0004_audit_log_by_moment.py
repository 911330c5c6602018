"""What is past its time is found by its moment, without reading the log."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # CONCURRENTLY
    dependencies = [("config", "0003_limits_beside_redis")]
    operations = [
        AddIndexConcurrently("auditentry", BrinIndex(fields=["at"], name="audit_by_moment"))
    ]
