"""Days and amounts as people write them in tables. Nothing is guessed where two readings are possible."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

ORDERS = {"mdy": "month/day/year", "dmy": "day/month/year", "ymd": "year-month-day"}
_DAY = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T]00:00(?::00)?)?")
_AMOUNT = {
    ".": re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"),
    ",": re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?"),
}


def read_day(text: str, order: str) -> date | None:
    """The day in that order of its parts (`mdy`, `dmy`, `ymd`); None for what is no day with a whole year."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    parts = dict(zip(order, found.groups(), strict=True))
    if len(parts["y"]) != 4:
        return None
    try:
        return date(int(parts["y"]), int(parts["m"]), int(parts["d"]))
    except ValueError:
        return None


def read_amount(text: str, decimal: str) -> Decimal | None:
    """The number with that decimal mark and thousands grouped by the other; None for anything else."""
    if not _AMOUNT[decimal].fullmatch(text):
        return None
    return Decimal(text.replace("," if decimal == "." else ".", "").replace(",", "."))


def guess_day_order(values: Iterable[str]) -> str:
    """The only order in which all these days exist; "" where two are possible or none is."""
    possible = set(ORDERS)
    for value in values:
        if text := value.strip():
            possible &= {order for order in ORDERS if read_day(text, order) is not None}
    if "ymd" in possible:
        return "ymd"
    return possible.pop() if len(possible) == 1 else ""


def guess_decimal(values: Iterable[str]) -> str:
    """The decimal mark: a comma where an amount can only be read with it."""
    texts = [value.strip() for value in values if value.strip()]
    with_point = all(_AMOUNT["."].fullmatch(text) for text in texts)
    return "." if with_point or not all(_AMOUNT[","].fullmatch(text) for text in texts) else ","
