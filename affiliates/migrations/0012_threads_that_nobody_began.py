from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0011_weeks_are_summed_anew")]
    operations = [
        migrations.AlterField(
            model_name="thread",
            name="started_by_brand",
            field=models.BooleanField(
                help_text="empty: one blocked the other before anybody wrote", null=True
            ),
        ),
    ]
