"""Receivables of another system as rows of a table: what its columns mean, and what each row says. No Django.

Nothing is guessed about a day that can be read two ways: the file decides by its other days, or a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core.cells import ORDERS, read_amount, read_day
from core.errors import Invalid, problem
from core.money import EXPONENTS, is_exact

_ISSUED = (
    *("invoicedate", "issuedon", "issuedate", "dateissued", "dateofissue", "issued"),
    *("invoicedon", "billingdate", "billdate", "documentdate", "docdate", "date"),
)
# Headings of the customer's number in one file and of its name in another: the cells tell.
_NUMBER_OR_NAME = ("customer", "debtor", "client", "account")
# Field -> (label, needed, headings it is known by).
FIELDS: Mapping[str, tuple[str, bool, tuple[str, ...]]] = {
    "number": ("Invoice number", True, ("invoicenumber", "invoiceno", "invoice", "number")),
    "customer": ("Customer number", True, ("customerid", "customernumber", "customerno", "accountnumber")),
    "issued_on": ("Invoice date", True, _ISSUED),
    "due_on": ("Due date", True, ("duedate", "dueon", "due")),
    "amount": ("Amount", True, ("invoiceamount", "amount", "gross", "total", "grossamount")),
    "settled_on": (
        "Settled on",
        False,
        ("settleddate", "settledon", "paidon", "paymentdate", "paiddate", "settlementdate"),
    ),
    "disputed": ("Disputed", False, ("disputed", "dispute", "indispute")),
    "customer_name": (
        "Customer name",
        False,
        ("customername", "customer", "debtor", "client", "account", "name"),
    ),
    "currency": ("Currency", False, ("currency", "currencycode")),
    "country": ("Country of the customer", False, ("country", "countryiso", "customercountry")),
}
_ID = re.compile(r"(?=\S*\d)\S{1,20}")
_YES = {"yes", "y", "true", "1", "x", "ja", "oui"}
_NO = {"", "no", "n", "false", "0", "-", "nein", "non"}


@dataclass(frozen=True)
class Reading:
    """How to read it: field -> column name, order of days, decimal mark, currency where none stands."""

    columns: Mapping[str, str]
    day_order: str
    currency: str
    decimal: str = "."


@dataclass(frozen=True)
class Row:
    """An invoice of the other system."""

    line: int
    number: str
    customer: str
    issued_on: date
    due_on: date
    amount: Decimal
    currency: str
    settled_on: date | None = None
    disputed: bool = False
    customer_name: str = ""
    country: str = ""


@dataclass(frozen=True)
class Fault:
    """What is wrong in a row: line, field, what stands there, why it is wrong, how to mend it."""

    line: int
    field: str
    value: str
    message: str
    mend: str = ""

    def as_failure(self) -> dict[str, str]:
        """As the page of a job shows it."""
        label = FIELDS[self.field][0] if self.field in FIELDS else self.field
        return {"row": f"line {self.line}", "field": label, "message": self.message, "mend": self.mend}


def guess_columns(columns: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> dict[str, str]:
    """Field -> column whose heading is known; fields nobody named are left out.

    A column called “Customer” is the number only where its cells in `rows` look like numbers.
    """
    plain = {re.sub(r"[^a-z]", "", name.lower()): name for name in reversed(columns)}
    ids = tuple(
        heading
        for heading in _NUMBER_OR_NAME
        if heading in plain and _look_like_ids(rows, columns.index(plain[heading]))
    )
    found: dict[str, str] = {}
    for field, (_, _, known) in FIELDS.items():
        headings = (*known, *ids) if field == "customer" else known
        column = next((plain[heading] for heading in headings if heading in plain), None)
        if column is not None and column not in found.values():
            found[field] = column
    return found


def _look_like_ids(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether every cell is short, without blanks and with a digit, and there is one at all."""
    cells = [row[place].strip() for row in rows if place < len(row) and row[place].strip()]
    return bool(cells) and all(_ID.fullmatch(cell) for cell in cells)


def check_reading(reading: Reading, columns: Sequence[str]) -> None:
    """Refuse a reading without a needed column, with an unknown one, or without the order of days."""
    problems = [
        problem(
            f"No column gives the {FIELDS[field][0].lower()}.",
            field=field,
            rule="needed_columns_are_named",
            mend="Choose the column.",
        )
        for field, (_, needed, _) in FIELDS.items()
        if needed and not reading.columns.get(field)
    ]
    problems += [
        problem(
            f"The file has no column “{column}”.",
            field=field,
            rule="columns_exist",
            mend=f"It has: {', '.join(columns)[:200]}.",
        )
        for field, column in reading.columns.items()
        if column and column not in columns
    ]
    if reading.day_order not in ORDERS:
        problems.append(
            problem(
                "Its days can be read as month/day and as day/month.",
                field="day_order",
                rule="order_of_days_is_known",
                mend="Say which: mdy, dmy or ymd.",
            )
        )
    if reading.currency not in EXPONENTS:
        problems.append(
            problem(
                f"“{reading.currency}” is not a currency.",
                field="currency",
                rule="currency_is_known",
                mend="Use a code like USD.",
            )
        )
    if problems:
        first = problems[0]
        raise Invalid(
            first["message"], field=first["field"], rule=first["rule"], mend=first["mend"], problems=problems
        )


class Reader:
    """Turns cells into rows, or into what is wrong with them."""

    def __init__(self, reading: Reading, columns: Sequence[str], today: date) -> None:
        self.reading, self.today, self.width = reading, today, len(columns)
        self.places = {field: columns.index(name) for field, name in reading.columns.items() if name}

    def read(self, line: int, cells: Sequence[str]) -> Row | list[Fault]:
        """The row, or every fault in it."""
        if len(cells) != self.width:
            words = f"The line has {len(cells)} cells, the first line {self.width}."
            return [Fault(line, "file", "", words, "Look for a separator inside a text without quotes.")]
        given = {field: cells[place].strip() for field, place in self.places.items()}
        faults: list[Fault] = []
        values: dict[str, Any] = {
            field: self._value(line, field, text, faults) for field, text in given.items()
        }
        currency = given.get("currency") or self.reading.currency
        row = None if faults else Row(line=line, **(values | {"currency": currency}))
        if row is not None:
            faults += _impossible(row, given, self.today)
        return faults or row  # type: ignore[return-value]

    def _value(self, line: int, field: str, text: str, faults: list[Fault]) -> object:
        label, needed, _ = FIELDS[field]
        if needed and not text:
            faults.append(Fault(line, field, text, f"{label} is missing.", "Fill it in."))
            return None
        try:
            return _READERS.get(field, _text)(text, self.reading)
        except ValueError as fault:
            faults.append(Fault(line, field, text[:60], str(fault.args[0]), str(fault.args[-1])))
            return None


def _text(text: str, _reading: Reading) -> str:
    return " ".join(text.split())


def _short(longest: int) -> Callable[[str, Reading], str]:
    def read(text: str, _reading: Reading) -> str:
        if len(text) > longest:
            raise ValueError(f"It has {len(text)} characters; {longest} are kept.", "Shorten it.")
        return text

    return read


def _read_day(text: str, reading: Reading) -> date | None:
    if not text:
        return None
    found = read_day(text, reading.day_order)
    if found is None:
        raise ValueError(f"“{text[:30]}” is no day as {ORDERS[reading.day_order]}.", "Correct the day.")
    return found


def _read_amount(text: str, reading: Reading) -> Decimal:
    value = read_amount(text, reading.decimal)
    if value is None:
        raise ValueError(f"“{text[:30]}” is no amount.", "Write digits only, like 1234.50.")
    if value <= 0:
        raise ValueError(f"{value} is not more than nothing.", "Bring in credits apart.")
    if value >= 10**13:
        raise ValueError("The amount is too large.", "Look for a slipped decimal mark.")
    return value


def _read_flag(text: str, _reading: Reading) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError(f"“{text[:30]}” is neither yes nor no.", "Write Yes or No.")


def _read_currency(text: str, _reading: Reading) -> str:
    if text and text not in EXPONENTS:
        raise ValueError(f"“{text[:10]}” is not a currency.", "Use a code like USD.")
    return text


def _read_country(text: str, _reading: Reading) -> str:
    if text and not re.fullmatch("[A-Z]{2}", text):
        raise ValueError(f"“{text[:10]}” is not a country code.", "Use two letters like DE, or leave it out.")
    return text


_READERS = {
    "number": _short(40),
    "customer": _short(20),
    "customer_name": _short(160),
    "issued_on": _read_day,
    "due_on": _read_day,
    "settled_on": _read_day,
    "amount": _read_amount,
    "disputed": _read_flag,
    "currency": _read_currency,
    "country": _read_country,
}


def _impossible(row: Row, given: Mapping[str, str], today: date) -> list[Fault]:
    """What each field allows but the row as a whole does not."""
    checks = (
        (
            row.due_on < row.issued_on,
            "due_on",
            f"Due on {row.due_on}, before the invoice of {row.issued_on}.",
        ),
        (row.issued_on > today, "issued_on", f"{row.issued_on} has not come yet."),
        (
            bool(row.settled_on and row.settled_on > today),
            "settled_on",
            f"{row.settled_on} has not come yet.",
        ),
        (
            bool(row.settled_on and row.settled_on < row.issued_on),
            "settled_on",
            f"Settled on {row.settled_on}, before the invoice of {row.issued_on}.",
        ),
        (
            not is_exact(row.amount, row.currency),
            "amount",
            f"{row.amount} has more decimals than {row.currency} has.",
        ),
    )
    return [
        Fault(row.line, field, given.get(field, "")[:60], words, "Compare it with the document.")
        for wrong, field, words in checks
        if wrong
    ]
