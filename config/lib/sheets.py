"""Tables as CSV or XLSX files in which no spreadsheet finds a formula."""

import csv
import re
from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile

from django.http import FileResponse, StreamingHttpResponse

FORMULA = re.compile(r"(^[\t\r\n]*|[;\t\r\n][\s\"]*)(?=[=+\-@＝＋－＠])|^(?=[\t\r\n])")


class Echo:
    """A file that hands each written row on."""

    def write(self, value: str) -> str:
        return value


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are.

    Nor a part of it: a spreadsheet in Dutch splits a line at semicolons, others at tabs.
    """
    return FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


def answer(rows: Iterable[Sequence[object]], name: str) -> StreamingHttpResponse:
    """Return `rows` as the download `name`, row by row."""
    writer = csv.writer(Echo())
    response = StreamingHttpResponse(
        (writer.writerow([safe_cell(cell) for cell in row]) for row in rows),
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def workbook(rows: Iterable[Sequence[object]], name: str) -> FileResponse:
    """Return `rows` as the spreadsheet `name`; text stays text, numbers can be summed."""
    from openpyxl import Workbook  # slow to load: only who wants a spreadsheet waits for it

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = TemporaryFile()  # noqa: SIM115 (the response closes it)
    book.save(file)
    file.seek(0)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return FileResponse(file, as_attachment=True, filename=name, content_type=kind)


def _cell(sheet, value: object) -> object:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"  # never a formula, whatever it begins with
    return cell
