"""The reference tax rates that come with the project: the files in `catalogue/data`."""

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"


def tax_rates() -> Iterator[dict[str, Any]]:
    """Each row of the files as the fields of `TaxRate`."""
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield {
                    **row,
                    "rate": Decimal(row["rate"]),
                    "valid_from": date.fromisoformat(row["valid_from"]),
                    "valid_to": _day(row["valid_to"]),
                    "reviewed_on": _day(row["reviewed_on"]),
                }


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
