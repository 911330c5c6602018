"""Cells that a spreadsheet would compute, wherever it splits a line."""

import csv
import io

import pytest

from config.lib import sheets

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1",
    "Mug;=1+1", "Mug;  =1+1", "Mug\t@SUM(A1)", 'Mug";=1+1', "Mug;-1", "Mug\n=1+1", "＝1+1",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_begins_like_a_formula(text, delimiter):
    answer = sheets.answer([["id", text, 3]], "x.csv")
    written = b"".join(answer.streaming_content).decode()

    cells = [
        cell
        for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)
        for cell in row
    ]
    assert not [cell for cell in cells if cell.strip(' "').startswith(("=", "+", "-", "@", "＝"))]


def test_numbers_and_plain_words_stay():
    assert [sheets.safe_cell(one) for one in (-5, "Mug; blue", "a-b", "3 = 3")] == [
        -5, "Mug; blue", "a-b", "3 = 3",
    ]  # fmt: skip
