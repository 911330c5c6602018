"""Names of models and fields follow the language, and migrations do not notice."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils.translation import override

from affiliates.models import Commission
from shop.models import Order


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["commission", "commissions", "paid at"]),
        ("nl", ["commissie", "commissies", "betaald op"]),
    ],
)
def test_names_that_django_made_are_said_in_the_language_of_the_page(language, said):
    meta = Commission._meta
    with override(language):
        names = [
            meta.verbose_name,
            meta.verbose_name_plural,
            Order._meta.get_field("paid_at").verbose_name,
        ]

        assert [str(name) for name in names] == said


@pytest.mark.django_db
def test_migrations_see_no_change():
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())
