"""What a figure of the home page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.money import round_money
from customers.models import Customer
from entities.models import Entity
from ledger import book
from metrics.rules import Dso, percentage

ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    """One company and currency of a figure: in that currency, and in the company's functional one."""

    entity: Entity
    currency: str
    count: int
    amount: Decimal
    functional: Decimal


@dataclass(frozen=True)
class Figure:
    """A figure in the reporting currency. `left_out` names companies without a rate; they are not in it."""

    currency: str
    amount: Decimal
    rows: Sequence[Row]
    left_out: Sequence[str] = ()

    @property
    def count(self) -> int:
        """How many documents or items make it."""
        return sum(row.count for row in self.rows)


@dataclass(frozen=True)
class Month:
    """What was invoiced (less credit notes) and received in a month; `first` and `last` are its days."""

    first: date
    last: date
    invoiced: Decimal
    collected: Decimal


@dataclass(frozen=True)
class Age:
    """One age of what is outstanding."""

    code: str
    amount: Decimal
    count: int


@dataclass(frozen=True)
class Debtor:
    """A customer with what is overdue, in the reporting currency, and since when."""

    customer: Customer
    entity: Entity
    amount: Decimal
    functional: Decimal
    oldest: date
    days: int


@dataclass(frozen=True)
class Figures:
    """Everything the home page says in numbers, for the companies it was asked for.

    `collected_before` is what the month before had collected by the same day of the month.
    """

    companies: Sequence[Entity]
    currency: str
    on: date
    outstanding: Figure
    overdue: Figure
    ages: Sequence[Age]
    sales: Figure
    dso: Dso
    collected: Figure
    collected_before: Decimal
    months: Sequence[Month]

    @property
    def overdue_share(self) -> Decimal | None:
        """Percent of what is outstanding."""
        return percentage(self.overdue.amount, self.outstanding.amount)


class Conversion(book.Conversion):
    """To the one currency of the page, with sums of rows."""

    def total(self, rows: Iterable[Row]) -> Figure:
        """The rows and their sum, rounded once."""
        kept = list(rows)
        parts = [(row, self.convert(row.functional, row.entity)) for row in kept]
        return Figure(
            self.currency,
            round_money(sum((part for _row, part in parts if part is not None), ZERO), self.currency),
            kept,
            sorted({str(row.entity) for row, part in parts if part is None}),
        )
