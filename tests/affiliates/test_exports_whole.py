"""No table stands on a page that cannot be taken along, but for those that say here why."""

import re
from pathlib import Path

from django.conf import settings
from django.contrib import admin

from affiliates import exports
from affiliates.forms.tables import OF_BRANDS
from config.lib.deskfiles import TakesAlong
from creators.models import Creator
from shop.models import Brand

ROOT = Path(settings.BASE_DIR, "templates")
BESIDE = {  # the button stands beside the table's title, in the page that includes it
    "affiliates/_entries.html": {"affiliates/balance.html", "affiliates/_statement.html"},
    "affiliates/_statement.html": {
        "affiliates/balance_statement.html",
        "affiliates/earnings_statement.html",
    },
    "affiliates/_creator_table.html": {"affiliates/_discover.html"},
    "creators/_channel.html": {"creators/_channel_board.html"},
    "creators/_channel_board.html": {"creators/channels.html"},
}
THE_SAME = {  # words that are the same for everybody, not rows of somebody
    "affiliates/api_docs.html": 2,  # the API's own description is openapi.json
    "affiliates/_api_fields.html": 1,
    "creators/_decision.html": 1,  # pilot and full, side by side
    "creators/_sanctions.html": 2,  # the rules, on a public page
}
ELSEWHERE = {  # facts of one thing that are one row of a table that can be taken along
    "affiliates/_sample_facts.html": (1, "samples"),
    "affiliates/case.html": (1, "cases"),
}
OTHERWISE = {  # a file of another kind
    "affiliates/proof.html": "?format=json",
    "creators/_case_figures.html": "?format=csv",
    "allauth/elements/table.html": "affiliates:data",  # sessions and keys: in all that we know of her
}
EVERY = {name for named in exports.TABLES.values() for name in named} | set(OF_BRANDS)


def texts() -> dict[str, str]:
    """Return every page of people's, by name; mails and the desk's own are no pages of theirs."""
    found = {}
    for path in sorted(ROOT.rglob("*.html")):
        name = str(path.relative_to(ROOT))
        if not name.startswith(("emails/", "admin/")):
            found[name] = path.read_text(encoding="utf-8")
    return found


def taken(text: str) -> list[str]:
    return re.findall(r'{% exports "([\w-]+)"', text)


def beside(name: str, pages: dict[str, str]) -> list[str]:
    """Return the tables that can be taken along where this partial is shown; each page has one."""
    found = []
    for parent in BESIDE.get(name, ()):
        assert f'{{% include "{name}"' in pages[parent], (name, parent)
        here = taken(pages[parent]) or beside(parent, pages)
        assert here, (name, parent)
        found += here
    return found


def test_every_table_of_a_page_can_be_taken_along_or_says_why_not():
    pages, wrong = texts(), []
    for name, text in pages.items():
        tables = len(re.findall(r"<table\b", text))
        files = set(taken(text)) or set(beside(name, pages) if tables else ())
        spared = THE_SAME.get(name, 0) + ELSEWHERE.get(name, (0,))[0] + (name in OTHERWISE)
        # a page may take along more than it shows as a table: cards, or all rows of a month
        if tables > len(files) + spared:
            wrong.append((name, tables, sorted(files), spared))
        wrong += [(name, "no such table", one) for one in files - EVERY]
    assert wrong == []


def test_each_reason_is_still_needed():
    pages = texts()
    for name in {*BESIDE, *THE_SAME, *ELSEWHERE, *OTHERWISE}:
        assert name in pages
    for name in {*THE_SAME, *ELSEWHERE, *OTHERWISE}:
        assert "<table" in pages[name], name
    assert {where for _n, where in ELSEWHERE.values()} <= EVERY


def test_every_declared_table_has_its_button_on_a_page():
    shown = {one for text in texts().values() for one in taken(text)}
    shown |= {"order-lines", "sale-documents"}  # asked for by period: shop/brand_orders.html
    assert EVERY - shown == set()
    for kind in (Creator, Brand):
        assert set(exports.TABLES[kind]) <= shown


def test_every_list_of_the_desk_can_be_taken_along():
    left = [
        model._meta.label
        for model, desk in admin.site._registry.items()
        if not isinstance(desk, TakesAlong)
    ]
    assert left == []
