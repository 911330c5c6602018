"""Letters about taking part: each side's own mark, so that one refused is not both again."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0038_platforms_that_go_dark")]
    operations = [
        migrations.AddField(
            model_name="participation",
            name="tells_brand",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="its state waits to be mailed to the brand",
            ),
        ),
        migrations.AddIndex(
            model_name="participation",
            index=models.Index(
                condition=Q(tells_brand=True), fields=["id"], name="participation_brand_untold"
            ),
        ),
    ]
