"""The reference rates that come with the project: the file in `charges/data`."""

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "data" / "reference_rates.csv"


class Published(NamedTuple):
    """A rate as published: percent a year from a day on, and where it is published."""

    source: str
    valid_from: date
    rate: Decimal
    published: str


def reference_rates() -> Iterator[Published]:
    """Each row of the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Published(
                row["source"], date.fromisoformat(row["valid_from"]), Decimal(row["rate"]), row["published"]
            )
