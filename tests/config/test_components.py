"""The words, numbers and fields that every page is made of."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from config import art, fonts
from config.components import charts
from config.lib.fields import PercentField, PriceField
from config.templatetags import thousand

SHEETS = ("theme", "site")


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def render(text: str, **context: object) -> str:
    return Template("{% load thousand %}" + text).render(Context(context)).strip()


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("en", "{{ 124050|money }}", "€1,240.50"),
        ("nl", "{{ 124050|money }}", "€\u00a01.240,50"),
        ("en", "{{ 1250|percent }} {{ 1200|percent }} {{ 5|percent }}", "12.5% 12% 0.05%"),
        ("nl", "{{ 1250|percent }}", "12,5%"),
        ("en", "{{ 1000|money_round }} {{ 1050|money_round }}", "€10 €10.50"),
        ("nl", "{{ 100000|money_round }}", "€\u00a01.000"),
        ("en", "{{ 12345|number }}", "12,345"),
        ("nl", "{{ 12345|number }}", "12.345"),
    ],
)
def test_numbers_read_in_the_language_of_the_page(language, text, shown):
    with translation.override(language):
        assert render(text) == shown


def test_a_day_has_its_weekday_only_within_two_weeks():
    near, far = timezone.now() + timedelta(days=3), datetime(2020, 11, 27, 12, tzinfo=UTC)

    assert render("{{ near|day }}", near=near).split()[0] == f"{timezone.localtime(near):%A}"
    assert render("{{ far|day }}", far=far) == "27 November 2020"


def test_a_day_close_by_has_a_word():
    now = timezone.now()

    near = [render("{{ at|day_near }}", at=now + timedelta(days=n)) for n in (-1, 0, 1)]

    assert near == ["yesterday", "today", "tomorrow"]
    assert render("{{ at|day_near }}", at=datetime(2020, 11, 27, 12, tzinfo=UTC)) == "27 Nov 2020"


def test_an_address_is_shown_without_its_scheme():
    assert render("{{ a|bare }} {{ b|bare }}", a="https://a.example/@x/", b="TH-4K2M") == (
        "a.example/@x TH-4K2M"
    )


def test_shares_of_a_mix_add_up_and_keep_the_order_of_platforms():
    bars = charts.mix({"youtube": 1, "tiktok": 1, "instagram": 1, "facebook": 0})["bars"]

    assert [(bar["key"], bar["share"]) for bar in bars] == [
        ("tiktok", 34), ("instagram", 33), ("youtube", 33),
    ]  # fmt: skip


def test_a_chart_is_zero_based_and_never_hides_a_small_value():
    plot = charts.plot([0, 1, (1000, "paid")], color="c-sky")

    assert [(bar["v"], bar["color"]) for bar in plot["bars"]] == [
        ("v0", "c-sky"), ("v1", "c-sky"), ("v100", "c-brand"),
    ]  # fmt: skip


def test_the_dot_field_lights_one_dot_per_follower():
    lit = [
        (field["full"] // 10 * 50 + field["part"] // 10)
        for field in (charts.kdots(0), charts.kdots(640), charts.kdots(999), charts.kdots(5000))
    ]

    assert lit == [0, 640, 999, 1000]


class Person(forms.Form):
    name = forms.CharField(help_text="As on your card")
    born = forms.DateField(widget=forms.SelectDateWidget)


def test_an_error_stands_above_its_field_and_in_the_summary():
    page = render("{{ form }}", form=Person({"name": '<b>"'}))

    assert '<a href="#id_born' in page
    assert page.index('id="id_born-error"') < page.index('name="born_day"')
    assert '<label class="small" for="id_born_day">' in page
    assert 'value="&lt;b&gt;&quot;"' in page
    assert 'aria-describedby="id_name-hint"' in page


def test_the_current_link_follows_from_the_path():
    request = RequestFactory().get("/check/")
    template = (
        '{% nav_items "public" as items %}{% for item in items %}{{ item.current }} {% endfor %}'
    )

    assert "True" not in render(template, request=request)
    assert render(template, request=request, nav_active="home").startswith("True")


def test_a_product_without_a_photo_keeps_one_drawing():
    category = SimpleNamespace(art="mug")
    product = SimpleNamespace(pk=8, category=category)

    assert render("{% product_art product %}", product=product) == "/static/img/art/mug-sun.svg"


def test_every_drawing_is_there_and_is_what_the_code_draws(tmp_path):
    art.write_all(tmp_path)
    kept = Path(settings.BASE_DIR) / "static/img/art"

    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        file.name: file.read_text() for file in kept.iterdir()
    }


def test_missing_fonts_are_no_error(tmp_path):
    assert fonts.install(tmp_path / "none", tmp_path / "fonts") == 0
    assert not (tmp_path / "fonts").exists()


def test_every_class_of_the_stylesheets_is_used():
    """Those whose names are put together (`chart-{{ size }}`) are looked for by their beginning."""
    made = ("av-", "bl-", "blogo-", "chart-", "p-", "htmx-request", "c-")
    css = "".join((settings.BASE_DIR / f"static/css/{name}.css").read_text() for name in SHEETS)
    css = re.sub(r"/\*.*?\*/|url\([^)]*\)", "", css, flags=re.S)
    classes = set(re.findall(r"\.([a-z][\w-]*)(?=[^{}]*\{)", css))
    files = [
        path
        for folder in ("templates", "static/js", "config", "creators", "shop", "affiliates")
        for path in (settings.BASE_DIR / folder).rglob("*")
        if path.suffix in {".html", ".py", ".js"}
    ]
    words = set(re.findall(r"[\w-]+", "".join(path.read_text() for path in files)))

    assert len(classes) > 300
    assert [name for name in sorted(classes - words) if not name.startswith(made)] == []


def test_no_template_has_an_inline_style_or_script():
    pages = [
        p
        for p in (Path(settings.BASE_DIR) / "templates").rglob("*.html")
        if "emails" not in p.parts
    ]
    guilty = [
        str(page.relative_to(settings.BASE_DIR))
        for page in pages
        for tag in page.read_text().split("<")
        if " style=" in tag.split("{%")[0] or tag.startswith("script>") or " onclick=" in tag
    ]

    assert guilty == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/accounts/login/", 200),
        ("/accounts/signup/", 200),
        ("/accounts/password/reset/", 200),
        ("/nothing/", 404),
    ],
)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_pages_of_the_house_stand_in_both_languages(client, path, status, language):
    response = client.get(path, headers={"accept-language": language})

    assert response.status_code == status
    assert f'<html lang="{language}">' in response.content.decode()


def test_the_page_for_an_error_of_ours_needs_no_database(rf):
    from config.views import server_error

    response = server_error(rf.get("/"))

    assert response.status_code == 500
    assert b"Your money and links are safe" in response.content


def test_a_database_that_is_away_is_a_moment_to_wait_and_no_fault(rf, tmp_path):
    from config.views import server_error

    try:
        with connection.wrap_database_errors:
            psycopg.connect(host=str(tmp_path), dbname="nobody", connect_timeout=1)
    except OperationalError:
        response = server_error(rf.get("/"))

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert b"We are starting again" in response.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["account_email", "account_change_password", "mfa_index", "usersessions_list",
     "account_logout", "account_reauthenticate", "socialaccount_connections"],
)  # fmt: skip
def test_the_pages_of_an_account_take_our_look(client, django_user_model, name):
    client.force_login(
        django_user_model.objects.create_user("noor", "noor@creator.example", "twelve letters")
    )

    page = client.get(reverse(name)).content.decode()

    assert "card-account" in page
    assert "style=" not in page


@pytest.mark.parametrize(("language", "typed"), [("en", "34.50"), ("nl", "34,50")])
def test_a_price_field_shows_the_languages_decimal_sign_and_reads_it_back(language, typed):
    field = PriceField(currency="EUR")
    with translation.override(language):
        assert field.prepare_value(3450) == typed
        assert field.clean(typed) == 3450


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("typed", ["12.5", "12,5", "12,50 %"])
def test_percents_are_read_with_a_point_or_a_comma(language, typed):
    with translation.override(language):
        assert PercentField(min_value=1, max_value=80).clean(typed) == Decimal("12.5")


@pytest.mark.parametrize("typed", ["1.200,5", "NaN", "81", "12,555", "twelve"])
def test_percents_that_are_none_are_refused(typed):
    with pytest.raises(ValidationError):
        PercentField(min_value=1, max_value=80).clean(typed)


def test_of_a_long_list_the_first_and_the_chosen_are_shown():
    class Languages(forms.Form):
        codes = forms.MultipleChoiceField(
            choices=[(code, code) for code in "abcde"], widget=forms.CheckboxSelectMultiple
        )

    page = render('{% field form.codes style="chips" few=2 %}', form=Languages({"codes": ["d"]}))

    shown, _more, rest = page.partition("<details")
    assert [code for code in "abcde" if f'value="{code}"' in shown] == ["a", "b", "d"]
    assert [code for code in "abcde" if f'value="{code}"' in rest] == ["c", "e"]


def test_a_stack_of_platforms_is_drawn_in_their_order_with_a_key():
    found = charts.stack(
        [{"youtube": 30, "tiktok": 60, "own": 10}, {"tiktok": 50, "facebook": -5}, {}]
    )

    assert [bar["v"] for bar in found["bars"]] == ["v100", "v50", "v0"]
    assert found["bars"][0]["parts"] == [("tiktok", "v60"), ("youtube", "v30"), ("own", "v10")]
    assert [name for _key, name in found["keys"]] == ["TikTok", "YouTube", "Pages and codes"]


def test_whole_units_are_rounded_half_up():
    shown = [thousand.money_whole(amount) for amount in (6_449_373, 50, 49, -150, None)]
    assert shown == ["€64,494", "€1", "€0", "−€2", ""]
    with translation.override("nl"):
        assert thousand.money_whole(6_449_373) == "€\xa064.494"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/133.0", "Firefox on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("curl/8.0", "A browser that does not say its name"),
    ],
)
def test_a_browser_is_named_as_people_name_it(agent, said):
    assert render("{{ agent|browser }}", agent=agent) == said
