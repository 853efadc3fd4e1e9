"""Lists as files: streamed row by row, and harmless when a spreadsheet opens them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.http import StreamingHttpResponse

from core import spreadsheets

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_file(
    name: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, most: int | None = None
) -> StreamingHttpResponse:
    """The rows as a download, with a byte order mark for spreadsheets. `most` ends it and says so."""
    return _download(name, _lines(head, rows, most), "text/csv; charset=utf-8")


def table_file(
    name: str, kind: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, most: int | None = None
) -> StreamingHttpResponse:
    """The rows as `name`.csv or `name`.xlsx; `kind` is "csv" or "xlsx"."""
    if kind == "xlsx":
        return _download(f"{name}.xlsx", spreadsheets.workbook(head, rows, most=most), spreadsheets.TYPE)
    return csv_file(f"{name}.csv", head, rows, most=most)


def _download(name: str, parts: Iterable[str | bytes], content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(parts, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def cell(value: object) -> str:
    """A value for a cell: numbers and days plain, texts so that no spreadsheet takes them for a formula.

    An apostrophe goes before what looks like a formula, also before one that has apostrophes already: so
    whoever reads the file takes one away and has the text as it was.
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | date):
        return str(value)
    text = str(value)
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]], most: int | None) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow(head)
    for number, row in enumerate(rows):
        if most is not None and number >= most:
            yield writer.writerow([f"Only the first {most} rows are in this file; narrow the list."])
            return
        yield writer.writerow([cell(value) for value in row])
