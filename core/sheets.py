"""Reading a table somebody sends as text: encoding, separator, rows with their line numbers. No Django.

A file is refused as a whole where its text cannot be trusted; each refusal names the line.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import Invalid

LARGEST = 50 * 1024 * 1024
LONGEST_FIELD = 10_000
MOST_COLUMNS = 200
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class Sheet:
    """A file whose text can be read: where it is, its encoding, its separator and its column names."""

    path: Path
    encoding: str
    separator: str
    columns: tuple[str, ...]


def open_sheet(path: Path) -> Sheet:
    """Find out how the file is written. `Invalid` for one that is empty, too large, or no text."""
    size = path.stat().st_size
    if not size:
        raise _refusal("The file is empty.", "a_file_has_rows", "Export it again.")
    if size > LARGEST:
        raise _refusal(
            f"The file has {size // 1024 // 1024} MB; at most {LARGEST // 1024 // 1024} are read.",
            "a_file_has_a_size",
            "Split it by year.",
        )
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        head = file.readline(LONGEST_FIELD * 4)
    separator = max(SEPARATORS, key=head.count)
    columns = tuple(name.strip() for name in next(csv.reader([head], delimiter=separator), []))
    if len(columns) < 2 or len(columns) > MOST_COLUMNS:
        raise _refusal(
            "The first line does not name columns separated by comma, semicolon, tab or bar.",
            "a_file_has_columns",
            "Save the table as CSV with its headings.",
            line=1,
        )
    doubled = {name for name in columns if name and columns.count(name) > 1}
    if doubled:
        raise _refusal(
            f"Two columns are called “{min(doubled)}”.", "columns_differ", "Rename one of them.", line=1
        )
    return Sheet(path, encoding, separator, columns)


def rows_of(sheet: Sheet) -> Iterator[tuple[int, Sequence[str]]]:
    """(line number, cells) of each row that is not empty, read as it is needed. Cells stay text as written:
    what looks like a formula is text too. `Invalid` names the line that cannot be read."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        with sheet.path.open(encoding=sheet.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=sheet.separator, strict=True)
            next(reader, None)
            begins = reader.line_num + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield begins, cells
                begins = reader.line_num + 1
    except csv.Error as fault:
        raise _refusal(
            f"The line cannot be read: {_words(fault)}.",
            "a_line_can_be_read",
            "Look for a quotation mark that is not closed, or a cell of enormous length.",
            line=begins,
        ) from fault
    finally:
        csv.field_size_limit(before)


def _words(fault: csv.Error) -> str:
    return (
        f"a cell has more than {LONGEST_FIELD:,} characters" if "field larger" in str(fault) else str(fault)
    )


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    _refuse_zero_bytes(path, start)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _checked(path, "utf-16")
    if start.startswith(codecs.BOM_UTF8):
        return _checked(path, "utf-8-sig")
    bad, good = _utf8_lines(path)
    if not bad:
        return "utf-8"
    if good:
        raise _refusal(
            "The text is UTF-8 in some lines and something else in this one.",
            "text_has_one_encoding",
            "Export it again as UTF-8.",
            line=bad,
        )
    return _checked(path, "cp1252")


def _refuse_zero_bytes(path: Path, start: bytes) -> None:
    """No text has one, and the database takes none; UTF-16, whose letters hold them, says so by its mark."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = "\0" in path.read_bytes().decode("utf-16", "replace")
        line = 0
    else:
        with path.open("rb") as file:
            line = next((number for number, text in enumerate(file, start=1) if b"\0" in text), 0)
        found = line > 0
    if found:
        raise _refusal(
            "The text holds zero bytes, which no text has: the file is damaged or no CSV.",
            "text_has_no_zero_bytes",
            "Export it again as CSV in UTF-8.",
            line=line,
        )


def _utf8_lines(path: Path) -> tuple[int, int]:
    """(first line that is not UTF-8, first line that has letters only UTF-8 explains); 0 for none."""
    bad = good = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good = good or number
            except UnicodeDecodeError:
                bad = bad or number
    return bad, good


def _checked(path: Path, encoding: str) -> str:
    """The encoding, if every character of the file exists in it."""
    try:
        if encoding == "utf-16":
            # Its lines cannot be told apart before it is decoded.
            path.read_bytes().decode(encoding)
            return encoding
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode(encoding)
                except UnicodeDecodeError as fault:
                    raise _no_text(number) from fault
    except UnicodeDecodeError as fault:
        raise _no_text(0) from fault
    return encoding


def _no_text(line: int) -> Invalid:
    words = "The line holds bytes that are no text." if line else "The file holds bytes that are no text."
    return _refusal(words, "text_has_one_encoding", "Export it again as UTF-8.", line=line)


def _refusal(message: str, rule: str, mend: str, *, line: int = 0) -> Invalid:
    return Invalid(f"Line {line}: {message}" if line else message, field="file", rule=rule, mend=mend)
