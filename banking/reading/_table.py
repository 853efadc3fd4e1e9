"""CSV as banks write it: columns said once per account and remembered, never guessed at import."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from banking.rules import BrokenFile, ReadLine, ReadStatement
from core.cells import ORDERS, read_amount, read_day
from core.errors import Invalid
from core.sheets import Sheet, open_sheet, rows_of

# Field -> (label, what is needed: one of those that share a number, 0 = may be left out).
FIELDS: Mapping[str, tuple[str, int]] = {
    "booked_on": ("Booking day", 1),
    "amount": ("Amount, signed", 2),
    "amount_in": ("Amount in", 2),
    "amount_out": ("Amount out", 2),
    "valued_on": ("Value day", 0),
    "text": ("Text", 0),
    "party_name": ("Name of the other side", 0),
    "party_account": ("Account of the other side", 0),
    "bank_reference": ("Bank reference", 0),
    "end_to_end": ("End-to-end reference", 0),
    "creditor_reference": ("Structured reference", 0),
    "balance": ("Balance after the line", 0),
}


@dataclass(frozen=True)
class Columns:
    """How a bank writes its table: field -> heading, order of days, decimal mark."""

    columns: Mapping[str, str]
    day_order: str
    decimal: str = "."


def read(data: bytes, columns: Columns, *, account: str, currency: str) -> list[ReadStatement]:
    """One statement of the account chosen by the person; balances follow from the column of balances."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        try:
            return [_statement(open_sheet(Path(file.name)), columns, account, currency)]
        except BrokenFile:
            raise
        except Invalid as fault:
            raise BrokenFile(
                fault.message, rule=fault.rule or "the_file_is_whole", mend=fault.mend or ""
            ) from fault


def _statement(sheet: Sheet, columns: Columns, account: str, currency: str) -> ReadStatement:
    places = _places(sheet, columns)
    found: list[tuple[ReadLine, Decimal | None]] = []
    for at, cells in rows_of(sheet):
        if len(cells) != len(sheet.columns):
            raise BrokenFile(
                f"It has {len(cells)} cells, the first line {len(sheet.columns)}.",
                line=at,
                rule="the_file_is_whole",
                mend="Look for a separator inside a text without quotes.",
            )
        found.append(_line(at, {name: cells[place].strip() for name, place in places.items()}, columns))
    # Many banks list the newest first.
    if found and found[0][0].booked_on > found[-1][0].booked_on:
        found.reverse()
    opening, closing = _balances(found)
    return ReadStatement(
        line=1,
        account=account,
        currency=currency,
        number="",
        lines=tuple(line for line, _ in found),
        opening=opening,
        opening_on=found[0][0].booked_on if found else None,
        closing=closing,
        closing_on=found[-1][0].booked_on if found else None,
    )


def _places(sheet: Sheet, columns: Columns) -> dict[str, int]:
    places = {
        name: sheet.columns.index(head) for name, head in columns.columns.items() if head in sheet.columns
    }
    unknown = [head for head in columns.columns.values() if head and head not in sheet.columns]
    lacking = "booking day" if "booked_on" not in places else ""
    if not lacking and "amount" not in places and not {"amount_in", "amount_out"} <= set(places):
        lacking = "amount"
    if unknown or lacking or columns.day_order not in ORDERS:
        message = (
            f"No column is called “{unknown[0]}”."
            if unknown
            else f"No column gives the {lacking}."
            if lacking
            else "The order of day, month and year is not said."
        )
        raise BrokenFile(
            message, line=1, rule="columns_are_named", mend=f"The file has: {', '.join(sheet.columns)[:300]}."
        )
    return places


def _line(at: int, given: Mapping[str, str], columns: Columns) -> tuple[ReadLine, Decimal | None]:
    valued = given.get("valued_on", "")
    balance = given.get("balance", "")
    line = ReadLine(
        line=at,
        booked_on=_day(at, given["booked_on"], columns),
        valued_on=_day(at, valued, columns) if valued else None,
        amount=_amount(at, given, columns),
        text=given.get("text", ""),
        party_name=given.get("party_name", ""),
        party_account=given.get("party_account", ""),
        bank_reference=given.get("bank_reference", ""),
        end_to_end=given.get("end_to_end", ""),
        creditor_reference=given.get("creditor_reference", ""),
    )
    return line, _number(at, balance, columns) if balance else None


def _amount(at: int, given: Mapping[str, str], columns: Columns) -> Decimal:
    if "amount" in given:
        return _number(at, given["amount"], columns)
    came, went = given.get("amount_in", ""), given.get("amount_out", "")
    if bool(came) == bool(went):
        raise BrokenFile(
            "A line has an amount in or an amount out, and not both.",
            line=at,
            rule="a_line_has_an_amount",
            mend="Look at the columns chosen for amounts.",
        )
    return _number(at, came, columns) if came else -abs(_number(at, went, columns))


def _number(at: int, text: str, columns: Columns) -> Decimal:
    found = read_amount(text.replace(" ", "").replace(" ", ""), columns.decimal)
    if found is None:
        raise BrokenFile(
            f"“{text[:30]}” is not an amount with the decimal mark “{columns.decimal}”.",
            line=at,
            rule="a_line_has_an_amount",
            mend="Choose the other decimal mark, or correct the line.",
        )
    return found


def _day(at: int, text: str, columns: Columns) -> date:
    found = read_day(text, columns.day_order)
    if found is None:
        raise BrokenFile(
            f"“{text[:30]}” is no day as {ORDERS[columns.day_order]}.",
            line=at,
            rule="a_line_has_a_day",
            mend="Choose the other order of days, or correct the line.",
        )
    return found


def _balances(found: list[tuple[ReadLine, Decimal | None]]) -> tuple[Decimal | None, Decimal | None]:
    """(before the first line, after the last), where the table has a balance for both."""
    if not found:
        return None, None
    (first, after), (_, closing) = found[0], found[-1]
    return (None, None) if after is None or closing is None else (after - first.amount, closing)
