from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0009_switches_stay")]
    operations = [
        migrations.AddField(
            model_name="brandweek",
            name="sold",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="net, before anything came back; minor units",
            ),
        ),
    ]
