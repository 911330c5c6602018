"""Let the trigger of the directory also run where whole tables are filled with triggers off."""

from django.db import migrations

TABLE = "ALTER TABLE creators_directoryentry"


class Migration(migrations.Migration):
    dependencies = [("creators", "0018_words_are_numbered")]
    operations = [
        migrations.RunSQL(
            f"{TABLE} ENABLE ALWAYS TRIGGER directory_entry",
            f"{TABLE} ENABLE TRIGGER directory_entry",
        ),
    ]
