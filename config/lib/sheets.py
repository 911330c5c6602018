"""Tables as CSV or XLSX files in which no spreadsheet finds a formula.

    answer(rows, name)            the download `name`, streamed (CSV) or made at once (XLSX)
    write(kind, chunks, file)     the same into a file, chunk by chunk; yields the rows so far

Numbers stay numbers, days and moments are dates of the spreadsheet (in CSV: ISO 8601, the market's
time). Either way one row is in memory, not the table.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

FORMULA = re.compile(r"(^[\t\r\n]*|[;\t\r\n][\s\"]*)(?=[=+\-@＝＋－＠])|^(?=[\t\r\n])")
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_OF_A_SHEET = 1_000_000  # rows; a spreadsheet takes 1,048,576
Row = Sequence[object]


class Echo:
    """A file that hands each written row on."""

    def write(self, value: str) -> str:
        return value


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are.

    Nor a part of it: a spreadsheet in Dutch splits a line at semicolons, others at tabs.
    """
    return FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


def _csv_cell(value: object) -> object:
    if isinstance(value, datetime):
        return _local(value).isoformat(" ", "seconds")
    return value.isoformat() if isinstance(value, date) else safe_cell(value)


def _local(moment: datetime) -> datetime:
    """Return a moment as the market's clocks show it, without its zone, as spreadsheets want it."""
    if timezone.is_naive(moment):
        return moment
    return timezone.make_naive(moment, timezone.get_default_timezone()).replace(microsecond=0)


def answer(rows: Iterable[Row], name: str) -> StreamingHttpResponse:
    """Return `rows` as the download `name`, row by row."""
    writer = csv.writer(Echo())
    response = StreamingHttpResponse(
        (writer.writerow([_csv_cell(cell) for cell in row]) for row in rows),
        content_type=KINDS["csv"],
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def workbook(rows: Iterable[Row], name: str) -> FileResponse:
    """Return `rows` as the spreadsheet `name`; text stays text, numbers can be summed."""
    file = TemporaryFile()  # noqa: SIM115 (the response closes it)
    for _written in write("xlsx", [rows], file):
        pass
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=KINDS["xlsx"])


def download(kind: str, rows: Iterable[Row], name: str) -> HttpResponseBase:
    """Return `rows` as a file of `kind`, one of KINDS."""
    return answer(rows, name) if kind == "csv" else workbook(rows, name)


def write(kind: str, chunks: Iterable[Iterable[Row]], file: IO[bytes]) -> Iterator[int]:
    """Write a table (its head first) to `file`; yield the rows so far, head included, by chunk."""
    return _write_csv(chunks, file) if kind == "csv" else _write_xlsx(chunks, file)


def _write_csv(chunks: Iterable[Iterable[Row]], file: IO[bytes]) -> Iterator[int]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer, count = csv.writer(text), 0
    for chunk in chunks:
        for row in chunk:
            writer.writerow([_csv_cell(cell) for cell in row])
            count += 1
        yield count
    text.detach()


def _write_xlsx(chunks: Iterable[Iterable[Row]], file: IO[bytes]) -> Iterator[int]:
    from openpyxl import Workbook  # slow to load: only who wants a spreadsheet waits for it

    book = Workbook(write_only=True)
    sheet, count, head = None, 0, None
    for chunk in chunks:
        for row in chunk:
            if sheet is None or count % MOST_OF_A_SHEET == 0:
                sheet = book.create_sheet()
                if head is not None:
                    sheet.append(_cells(sheet, head))
            head = row if head is None else head
            sheet.append(_cells(sheet, row))
            count += 1
        yield count
    if sheet is None:
        book.create_sheet()
    book.save(file)


def _cells(sheet, row: Row) -> list[object]:
    return [_cell(sheet, value) for value in row]


def _cell(sheet, value: object) -> object:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, _local(value))
        cell.number_format = "yyyy-mm-dd hh:mm"
    elif isinstance(value, date):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, Decimal):
        cell = WriteOnlyCell(sheet, value)
        places = max(0, -int(value.as_tuple().exponent))
        cell.number_format = f"#,##0.{'0' * places}" if places else "#,##0"
    elif isinstance(value, str):
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = "s"  # never a formula, whatever it begins with,
        if safe_cell(value) != value:
            cell.quotePrefix = True  # nor after somebody has edited the cell
    else:
        return value
    return cell
