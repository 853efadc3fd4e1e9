"""Looking into a file before it is imported."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from core import sheets
from core.cells import guess_day_order, guess_decimal
from integrations.receivables import Reading, guess_columns

_LOOKED_AT = 5000


def first_reading(path: Path, *, currency: str, columns: Mapping[str, str] | None = None) -> Reading:
    """How the file is most likely to be read. `day_order` is "" where its days can be read two ways."""
    sheet = sheets.open_sheet(path)
    rows = [cells for _, cells in islice(sheets.rows_of(sheet), _LOOKED_AT)]
    named = dict(guess_columns(sheet.columns, rows) if columns is None else columns)

    def values(*fields: str) -> list[str]:
        places = [sheet.columns.index(named[f]) for f in fields if named.get(f) in sheet.columns]
        return [cells[place] for cells in rows for place in places if place < len(cells)]

    return Reading(
        columns=named,
        day_order=guess_day_order(values("issued_on", "due_on", "settled_on")),
        currency=currency,
        decimal=guess_decimal(values("amount")),
    )


def sample(path: Path, many: int = 5) -> tuple[Sequence[str], list[Sequence[str]]]:
    """The column names and the first rows."""
    sheet = sheets.open_sheet(path)
    return sheet.columns, [cells for _, cells in islice(sheets.rows_of(sheet), many)]
