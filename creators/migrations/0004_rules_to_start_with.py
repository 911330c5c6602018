"""The history of the enrolment rules, the niches and the platforms: data that every market starts with."""

from django.db import migrations

from creators import reference


def load(apps, schema_editor) -> None:
    reference.load(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("creators", "0003_audit_view"),
    ]
    replaces = [
        ("creators", "0005_first_rules"),
    ]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
