"""How files are written: in chunks, without formulas; and the lists of the desks."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from openpyxl import load_workbook

from config.lib import deskfiles, sheets, tables
from tests.affiliates.exporting import NOW, STARTS, Side
from tests.affiliates.factories import sign_in
from tests.creators.factories import make_user
from tests.desk import make_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def sides():
    return Side("ada"), Side("zoe")


@pytest.fixture
def full(sides):
    return [side.fill() for side in sides]


# ------------------------------------------------------------------ the admin's lists


def test_every_list_of_the_desks_comes_as_a_file_and_is_on_record(full, monkeypatch):
    client, wrong = make_desk(), []
    for model, desk in admin.site._registry.items():
        if not isinstance(desk, deskfiles.TakesAlong):
            continue
        start = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        page = client.get(reverse(f"{start}_changelist"))
        url = reverse(f"{start}_export", args=["csv"])
        rows = list(csv.reader(io.StringIO(client.get(url).getvalue().decode(), newline="")))
        if len(rows) - 1 != page.context["cl"].result_count:
            wrong.append((start, len(rows)))
        if url.rpartition("/")[2] not in page.content.decode():
            wrong.append((start, "no link"))
        if any(cell.startswith(STARTS) for row in rows for cell in row):
            wrong.append((start, "formula"))
    assert wrong == []
    assert LogEntry.objects.filter(change_message__contains="as a file").count() > 40
    url = reverse("admin:affiliates_commission_export", args=["xlsx"])
    content = client.get(url, {"state__exact": "settled"}).getvalue()
    assert len(list(load_workbook(io.BytesIO(content)).active)) == 3
    assert client.get(url, {"state__exact": "held"}).status_code == 200
    assert client.get(url.replace("xlsx", "pdf")).status_code == 404
    monkeypatch.setattr(deskfiles, "MOST", 1)
    assert client.get(url).status_code == 302
    clerk = make_user(is_staff=True)
    sign_in(client, clerk)
    assert client.get(url).status_code == 403


# ------------------------------------------------------------------ the mechanism


def test_rows_stream_in_chunks_and_sheets_do_not_overflow(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_OF_A_SHEET", 4)
    monkeypatch.setattr(tables, "CHUNK", 3)
    asked = []

    def numbers():
        for n in range(8):
            asked.append(n)
            yield n

    table = tables.Table("n", "N", lambda _o, _a: None, (tables.Column("N", lambda n: n),))
    cells = table.cells(None, tables.Stream(numbers, lambda: 8))
    assert [next(cells), next(cells), asked] == [[["N"]], [[0], [1], [2]], [0, 1, 2]]
    file = io.BytesIO()
    asked.clear()
    whole = table.cells(None, tables.Stream(numbers, lambda: 8))
    assert list(sheets.write("xlsx", whole, file)) == [1, 4, 7, 9]
    book = load_workbook(file)
    assert [[row[0] for row in sheet.values] for sheet in book] == [
        ["N", 0, 1, 2], ["N", 3, 4, 5, 6], ["N", 7],
    ]  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
def test_a_text_that_begins_like_a_formula_is_text(start):
    rows = [[f"{start}1+1", Decimal("-3.40"), date(2026, 1, 2), NOW]]
    file = io.BytesIO()
    assert list(sheets.write("xlsx", [rows], file)) == [1]
    (cells,) = load_workbook(file).active.iter_rows()
    assert (cells[0].data_type, cells[0].quotePrefix) == ("s", True)
    assert [cell.data_type for cell in cells[1:]] == ["n", "d", "d"]
    assert cells[1].number_format == "#,##0.00" and cells[2].number_format == "yyyy-mm-dd"
    text = b"".join(sheets.answer(rows, "x.csv")).decode()
    first, amount, *_rest = next(csv.reader(io.StringIO(text, newline="")))
    assert not first.startswith(STARTS[:4]) and first.lstrip("\t\r").startswith("'")
    assert amount == "-3.40"
