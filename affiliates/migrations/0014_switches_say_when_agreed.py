"""What two admins agreed to says when."""

from django.db import migrations, models


class Migration(migrations.Migration):
    holds_briefly = "a dozen switches"
    dependencies = [
        ("affiliates", "0013_agreed_switches_have_their_moment"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="platformswitch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["proposed", "refused"]),
                    ("agreed_at__isnull", False),
                    _connector="OR",
                ),
                name="platform_switch_agreed_when",
            ),
        ),
    ]
