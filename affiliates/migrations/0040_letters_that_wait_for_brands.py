"""What waited to be mailed when the marks became two: the brand's part of it."""

from django.db import migrations
from django.db.models import Q

HERS = Q(state="applied") | Q(asked_by_creator=False, state__in=["accepted", "declined"])


def split(apps, _editor):
    waiting = apps.get_model("affiliates", "Participation").objects.filter(tells=True)
    waiting.filter(state="lapsed").update(tells_brand=True)
    waiting.filter(HERS).update(tells_brand=True, tells=False)


def join(apps, _editor):
    rows = apps.get_model("affiliates", "Participation").objects.filter(tells_brand=True)
    rows.update(tells=True, tells_brand=False)


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0039_letters_to_each_side")]
    operations = [migrations.RunPython(split, join)]
