"""Every table that somebody sees, as a file: what the page shows, hers alone, safe and typed."""

import re
from datetime import datetime
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse

from affiliates import exports
from affiliates.forms.tables import OF_BRANDS
from config.lib import money, sheets
from creators.models import Creator
from shop.models import Brand
from tests.affiliates.exporting import SEEN, STARTS, Side, address, page_of, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def sides():
    return Side("ada"), Side("zoe")


@pytest.fixture
def full(sides):
    return [side.fill() for side in sides]


EVERY = [(kind, name) for kind, named in exports.TABLES.items() for name in named]
EVERY += [(Brand, name) for name in OF_BRANDS]
# Here; test_programmes.py and test_planning.py have some, and what is coming is below.
EMPTY = {(Brand, "claims"), (Brand, "plan"), (Creator, "coming")}
PUBLIC = {"creators"}  # everybody finds everybody


def test_each_table_has_a_page_of_its_own():
    assert sorted(SEEN, key=str) == sorted(EVERY, key=str)


def test_a_file_says_what_the_page_shows_hers_alone_safe_and_typed(client, full):
    """All tables at once: to make a market takes longer than to walk it."""
    ada, zoe = full
    wrong = []
    for kind, name in EVERY:
        client.force_login(ada.user_of(kind))
        head, *rows = read(client, kind, ada, name)
        cells = read(client, kind, ada, name, "xlsx")
        answer = client.get(page_of(kind, ada, name), ada.asked(name, kind)).content.decode()
        page = " ".join(unescape(re.sub(r"<[^>]+>", " ", answer)).split())
        fields = " ".join(unescape(value) for value in re.findall(r'value="([^"]*)"', answer))
        if not rows and (kind, name) not in EMPTY:
            wrong.append((name, "empty"))
        # as on the page
        for row in cells[1:]:
            for cell, heading in zip(row, head, strict=True):
                if heading not in SEEN[kind, name][1] or cell.value in (None, ""):
                    continue
                shown = shown_as(cell)
                if shown not in page and shown not in fields:
                    wrong.append((kind.__name__, name, heading, shown))
        # typed: the same values, and no formula in either
        if len(cells) != len(rows) + 1:
            wrong.append((name, "rows differ"))
        for written, row in zip(rows, cells[1:], strict=False):
            for text, cell, heading in zip(written, row, head, strict=True):
                if cell.data_type == "f" or not same(text, cell):
                    wrong.append((kind.__name__, name, heading, text, cell.value))
        # of nobody else
        for row in rows:
            if name not in PUBLIC and any("zoe" in cell.lower() for cell in row):
                wrong.append((kind.__name__, name, "another owner's", row))
        client.force_login(zoe.user_of(kind))
        if kind is Brand:
            seen = client.get(address(kind, ada, name, "csv"), ada.asked(name, kind)).status_code
        elif name in {"line", "webhook-messages", "case-lines"}:
            seen = client.get(address(kind, zoe, name, "csv"), ada.asked(name, kind)).status_code
        else:
            seen = 404
        if seen != 404:
            wrong.append((kind.__name__, name, "open to another", seen))
    assert wrong == []


def shown_as(cell) -> str:
    """Return how a page writes what a cell holds."""
    if cell.data_type == "n" and "." in cell.number_format:
        return money.display(round(Decimal(str(cell.value)) * 100), "EUR")
    return f"{cell.value:,}" if isinstance(cell.value, int) else " ".join(str(cell.value).split())


def same(text: str, cell) -> bool:
    """Say whether CSV and XLSX say the same, and neither is a formula."""
    value = cell.value
    if value is None:
        return text == ""
    if isinstance(value, datetime):
        day_only = cell.number_format == "yyyy-mm-dd"
        return text == (f"{value:%Y-%m-%d}" if day_only else f"{value:%Y-%m-%d %H:%M:%S}")
    if isinstance(value, int | float):
        return Decimal(text) == round(Decimal(str(value)), 6)
    is_text = cell.data_type == "s" and not text.startswith(STARTS)
    return is_text and text in (value, str(sheets.safe_cell(value)))


def test_the_filters_of_the_page_are_kept(client, sides):
    ada, _zoe = sides
    client.force_login(ada.owner)
    page = client.get(reverse("shop:brand_orders", args=[ada.brand.slug]), {"state": "pack"})
    found = re.search(r'href="([^"]*/exports/orders\.csv[^"]*)"', client.get(
        reverse("shop:brand_orders", args=[ada.brand.slug]), {"state": "delivered", "page": "1"}
    ).content.decode())  # fmt: skip
    assert unescape(found[1]).endswith("orders.csv?state=delivered")
    assert "orders.csv" not in page.content.decode()  # nothing to take along
    count = {
        state: len(read(client, Brand, ada, "orders", asked={"state": state})) - 1
        for state in ("", "pack", "delivered", "troubles")
    }
    assert count == {"": 1, "pack": 0, "delivered": 1, "troubles": 0}
    for asked, rows in (({"q": "none"}, 0), ({"status": "active"}, 1), ({"status": "draft"}, 0)):
        assert len(read(client, Brand, ada, "products", asked=asked)) - 1 == rows
    client.force_login(ada.creator.user)
    for state, rows in (("pending", 1), ("held", 0), ("nonsense", 1)):
        assert len(read(client, Creator, ada, "commissions", asked={"state": state})) - 1 == rows


def test_what_is_coming_to_her_is_a_file_too(client, sides):
    ada, _zoe = sides  # her sale is not settled yet
    client.force_login(ada.creator.user)
    head, row = read(client, Creator, ada, "coming", asked={})
    assert row[head.index("Sales")] == "1"
    assert row[head.index("Amount")] == f"{ada.sale.amount / 100:.2f}"


def test_headings_are_in_her_language(client, sides):
    ada, _zoe = sides
    client.force_login(ada.creator.user)
    answer = client.get(
        address(Creator, ada, "payouts", "csv"), headers={"accept-language": "nl"}
    ).getvalue()
    assert answer.decode().splitlines()[0].startswith("Datum,")


def test_only_declared_tables_and_kinds_are_there(client, sides):
    ada, _zoe = sides
    client.force_login(ada.owner)
    for name, kind in (
        ("orders", "pdf"),
        ("directory", "csv"),
        ("payouts", "csv"),
        ("line", "csv"),
    ):
        assert client.get(address(Brand, ada, name, kind)).status_code == 404
    assert client.get(address(Creator, ada, "payouts", "csv")).status_code == 302  # to joining
