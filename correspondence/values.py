"""The types of what a message may say: money, days, tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby


@dataclass(frozen=True)
class Amount:
    """Money as a value of a variable."""

    value: Decimal
    currency: str


@dataclass(frozen=True)
class Item:
    """One open document in a list. `amount` is what is asked for; `disputed` is open too, and not asked for.

    `days_overdue` counts from the day after it was due; zero or less is not overdue.
    """

    number: str
    issued_on: date
    due_on: date
    amount: Amount
    days_overdue: int
    disputed: Amount | None = None


@dataclass(frozen=True)
class Instalment:
    """One part of a payment plan."""

    due_on: date
    amount: Amount


Value = str | int | date | Amount | tuple[Item, ...] | tuple[Instalment, ...] | tuple[Amount, ...]

TEXT, NAME, NUMBER, AMOUNT, DATE, COUNT, LINK = "text", "name", "number", "amount", "date", "count", "link"
LINES = "lines"
"""Words of a person, of several lines."""
ITEMS, INSTALMENTS, TOTAL = "items", "instalments", "total"
"""A table; a table; one sum per currency."""
TABLES = frozenset({ITEMS, INSTALMENTS})


@dataclass(frozen=True)
class Variable:
    """One variable: its type, what it means, an example. `required`: the message is never without it."""

    name: str
    kind: str
    about: str
    example: Value
    required: bool = True
    derived: bool = False


def totals_of(items: Sequence[Item]) -> tuple[Amount, ...]:
    """What the items ask for, one sum per currency, in the order of the codes."""
    ordered = sorted((item.amount for item in items), key=lambda amount: amount.currency)
    return tuple(
        Amount(sum((amount.value for amount in same), Decimal(0)), currency)
        for currency, same in groupby(ordered, key=lambda amount: amount.currency)
    )


def derived_values(given: Mapping[str, Value]) -> dict[str, Value]:
    """`total` and `days_overdue` of the open items, where there are any."""
    items = given.get("items")
    if not isinstance(items, tuple):
        return {}
    open_items = [item for item in items if isinstance(item, Item)]
    return {
        "total": totals_of(open_items),
        "days_overdue": max((item.days_overdue for item in open_items), default=0),
    }
