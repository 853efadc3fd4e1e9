"""Reading XLSX files in tests, with a reader of their own: what a spreadsheet would show."""

import io
import re
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from lxml.etree import fromstring

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet(content: bytes) -> list[list[Any]]:
    """The rows of the first sheet: texts, numbers as Decimal, days as date, None for an empty cell."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        for name in file.namelist():
            fromstring(file.read(name))
        tree = fromstring(file.read("xl/worksheets/sheet1.xml"))
    assert not list(tree.iter(f"{_MAIN}f")), "a cell is a formula"
    return [[_value(cell) for cell in row] for row in tree.iter(f"{_MAIN}row")]


def _value(cell: Any) -> Any:
    text = cell.find(f"{_MAIN}is/{_MAIN}t")
    if text is not None:
        assert cell.get("t") == "inlineStr"
        return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text.text or "")
    number = cell.findtext(f"{_MAIN}v")
    if number is None:
        return None
    return date(1899, 12, 30) + timedelta(int(number)) if cell.get("s") == "2" else Decimal(number)
