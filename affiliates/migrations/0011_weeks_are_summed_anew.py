"""Weeks that were summed without what was sold before returns: they follow from the lines."""

from django.db import migrations


class Migration(migrations.Migration):
    holds_briefly = "sums that the worker writes anew: readers see the old ones until they are gone"
    dependencies = [("affiliates", "0010_weeks_before_returns")]
    operations = [migrations.RunSQL("DELETE FROM affiliates_brandweek", migrations.RunSQL.noop)]
