"""What a statement says, when one is due, and the proof that it foots. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

OPEN_ITEMS, MOVEMENTS = "open_items", "movements"
NONE, MONTHLY, QUARTERLY = "", "monthly", "quarterly"
MOST_LISTED = 1_000
"""Rows of one kind a paper lists. What is beyond stands in one row with its count and sum."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Period:
    """The days a statement covers; both belong to it."""

    since: date
    until: date


def last_period(frequency: str, today: date) -> Period | None:
    """The last whole month or quarter that ended before `today`; None where none was agreed."""
    if frequency not in (MONTHLY, QUARTERLY):
        return None
    first = today.replace(day=1)
    if frequency == QUARTERLY:
        first = first.replace(month=(first.month - 1) // 3 * 3 + 1)
    until = first - timedelta(days=1)
    since = until.replace(day=1)
    return Period(since.replace(month=until.month - 2) if frequency == QUARTERLY else since, until)


def periods_after(frequency: str, after: date, today: date) -> list[Period]:
    """Every whole period that ended before `today` and after the day `after`, the oldest first."""
    periods: list[Period] = []
    period = last_period(frequency, today)
    while period is not None and period.until > after:
        periods.insert(0, period)
        period = last_period(frequency, period.since)
    return periods


@dataclass(frozen=True)
class Proof:
    """The sums that must agree, in one currency, from readings that do not know each other."""

    opening: Decimal
    moved: Decimal
    closing: Decimal
    debits: Decimal
    credits: Decimal
    aged: Decimal
    book: Decimal

    @property
    def faults(self) -> list[str]:
        """What does not foot, in words; empty is sound."""
        pairs = (
            ("opening and movements make the closing balance", self.opening + self.moved, self.closing),
            ("open items less credits make the closing balance", self.debits - self.credits, self.closing),
            ("the ages make the open items", self.aged, self.debits),
            ("the closing balance is the ledger's", self.closing, self.book),
        )
        return [f"{what}: {left} is not {right}" for what, left, right in pairs if left != right]


def fold(
    rows: Sequence[Row], most: int = MOST_LISTED, *, keep_last: bool = False
) -> tuple[list[Row], list[Row]]:
    """(listed, folded): at most `most` rows are listed, the first ones or with `keep_last` the last."""
    if len(rows) <= most:
        return list(rows), []
    cut = len(rows) - most if keep_last else most
    return (list(rows[cut:]), list(rows[:cut])) if keep_last else (list(rows[:cut]), list(rows[cut:]))
