"""Usage of contracts as a CSV file: read, tried, taken in whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from contracts import operations
from contracts.models import Contract
from contracts.operations import MOST_USAGE, Taken, Used
from contracts.queries import visible_to
from core.errors import Invalid, Problem, problem
from core.sheets import Sheet, open_sheet, rows_of
from team.models import User

COLUMNS = ("contract", "item", "key", "at", "quantity")
RIGHT = "contracts.edit_contract"
_SIX = Decimal("0.000001")


@dataclass(frozen=True)
class Tried:
    """What taking the file in would do: new events, known ones, and (line, fault) of rows that stop it."""

    new: int
    known: int
    faults: Sequence[tuple[int, Problem]]


def check_columns(path: Path) -> Sheet:
    """The file, if it names the columns; `Invalid` says which one is missing."""
    sheet = open_sheet(path)
    names = {name.casefold() for name in sheet.columns}
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise Invalid(
            f"The first line names no column “{missing[0]}”.",
            field="file",
            rule="a_usage_file_has_its_columns",
            mend=f"Its columns are {', '.join(COLUMNS)}.",
        )
    return sheet


def try_file(path: Path, *, user: User, now: datetime) -> Tried:
    """The dry run: nothing is written."""
    lines, used, faults = _read(path, user)
    tried = operations.try_usage(used, now=now)
    faults += [(lines[number], fault) for number, fault in tried.faults.items()]
    return Tried(tried.new, tried.known, sorted(faults, key=lambda pair: pair[0]))


def take_file(path: Path, *, user: User, now: datetime) -> Taken:
    """Take in every event that is new. Refused whole where one row cannot be right, naming its line."""
    lines, used, faults = _read(path, user)
    faults += [(lines[n], fault) for n, fault in operations.try_usage(used, now=now).faults.items()]
    if faults:
        line, first = min(faults, key=lambda pair: pair[0])
        raise Invalid(
            f"Line {line}: {first['message']}", field="file", rule=first["rule"], mend=first["mend"]
        )
    return operations.record_usage(used, actor=user, now=now)


def _read(path: Path, user: User) -> tuple[list[int], list[Used], list[tuple[int, Problem]]]:
    """(line of each event, the events, lines that are none)."""
    sheet = check_columns(path)
    place = {name.casefold(): at for at, name in enumerate(sheet.columns)}
    rows = list(rows_of(sheet))
    if len(rows) > MOST_USAGE:
        raise Invalid(
            f"The file has {len(rows):,} rows; at most {MOST_USAGE:,} are taken at once.",
            field="file",
            rule="a_usage_file_has_a_size",
            mend="Split it by month.",
        )
    cells = [
        (line, {name: row[place[name]].strip() if place[name] < len(row) else "" for name in COLUMNS})
        for line, row in rows
    ]
    numbers = {row["contract"].upper() for _, row in cells}
    contracts: dict[str, list[Contract]] = {}
    for contract in visible_to(user).filter(number__in=[*numbers, *(row["contract"] for _, row in cells)]):
        contracts.setdefault(contract.number.upper(), []).append(contract)
    lines, used, faults = [], [], []
    for line, row in cells:
        found = _event(row, contracts.get(row["contract"].upper(), []))
        if isinstance(found, Used):
            lines.append(line)
            used.append(found)
        else:
            faults.append((line, found))
    return lines, used, faults


def _event(row: Mapping[str, str], contracts: Sequence[Contract]) -> Used | Problem:
    if len(contracts) != 1:
        return problem(
            f"“{row['contract']}” names {'no contract' if not contracts else 'contracts of two companies'}.",
            field="contract",
            rule="usage_names_its_contract",
            mend="Use the number on the contract's page.",
        )
    at = _instant(row["at"])
    if at is None:
        return problem(
            f"“{row['at']}” is no time with its zone.",
            field="at",
            rule="a_time_has_a_zone",
            mend="Write it like 2026-03-31T22:15:00+02:00.",
        )
    quantity = _quantity(row["quantity"])
    if quantity is None:
        return problem(
            f"“{row['quantity']}” is no quantity.",
            field="quantity",
            rule="a_usage_event_has_a_quantity",
            mend="Write digits with a point and at most six decimals, like 1250.5.",
        )
    return Used(contracts[0], row["item"], row["key"], at, quantity)


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _quantity(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
        return found if found.is_finite() and found == found.quantize(_SIX) else None
    except InvalidOperation:
        return None
