"""Days, countries and languages in the language of the page."""

from datetime import date

import pytest
from django.template import Context, Template
from django.utils.translation import override

from config.lib import local


@pytest.mark.parametrize(("language", "said"), [("en", "2 Mar 2026"), ("nl", "2 mrt 2026")])
def test_a_short_day_has_the_languages_own_month(language, said):
    with override(language):
        text = Template('{% load thousand %}{{ on|day_short:"year" }}')

        assert local.short_day(date(2026, 3, 2), "j M Y") == said
        assert text.render(Context({"on": date(2026, 3, 2)})) == said


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Belgium, Dutch, XQ"), ("nl", "België, Nederlands, XQ")]
)
def test_codes_are_said_in_words_and_an_unknown_one_stays(language, said):
    with override(language):
        text = Template(
            '{% load thousand %}{{ "BE"|country }}, {{ "nl"|language }}, {{ "XQ"|country }}'
        )

        assert text.render(Context()) == said
