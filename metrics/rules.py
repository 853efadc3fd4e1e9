"""The figures of billing. A ratio without a denominator is None, shown as n/a, never 0.

Days and percentages have one decimal, rounded once at the end. All amounts of a figure are on one tax basis.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median, median_low

from core.calendars import Calendar
from core.money import Number, round_to

_TENTH = Decimal("0.1")
FEWEST_FOR_HISTORY = 3


@dataclass(frozen=True)
class MonthSales:
    """Credit sales of one month; `month` is any day of it."""

    month: date
    sales: Decimal

    @property
    def days(self) -> int:
        """The days the month really has."""
        return calendar.monthrange(self.month.year, self.month.month)[1]


@dataclass(frozen=True)
class Dso:
    """Days sales outstanding; `truncated` when the months given did not suffice (count-back)."""

    dso: Decimal | None
    truncated: bool = False
    days: int | None = None


def percentage(part: Number, whole: Number) -> Decimal | None:
    """100 * part / whole to one decimal; None when there is no whole."""
    return round_to(Fraction(part) * 100 / Fraction(whole), _TENTH) if whole else None


@dataclass(frozen=True)
class CycleTime:
    """Hours from begin to end, middle and mean, of `n` things; None without one."""

    n: int
    median: Decimal | None
    mean: Decimal | None


def cycle_time(minutes: Sequence[int]) -> CycleTime:
    """Hours with one decimal, rounded once; the median of an even number is the mean of its middle two."""
    if not minutes:
        return CycleTime(0, None, None)
    middle = Fraction(median(Fraction(one) for one in minutes))
    mean = Fraction(sum(minutes), len(minutes))
    return CycleTime(len(minutes), round_to(middle / 60, _TENTH), round_to(mean / 60, _TENTH))


def dso_simple(receivables: Decimal, sales: Decimal, days: int) -> Dso:
    """Receivables / credit sales * days; None without sales."""
    if sales <= 0:
        return Dso(None)
    return Dso(round_to(Fraction(receivables) / Fraction(sales) * days, _TENTH))


def dso_rolling(receivables: Decimal, months: Sequence[MonthSales]) -> Dso:
    """Receivables / sales of the newest three months * their actual days."""
    newest = sorted(months, key=lambda entry: entry.month, reverse=True)[:3]
    days = sum(entry.days for entry in newest)
    result = dso_simple(receivables, sum((entry.sales for entry in newest), Decimal(0)), days)
    return Dso(result.dso, days=days)


def dso_count_back(receivables: Decimal, months: Sequence[MonthSales]) -> Dso:
    """Take the newest months' sales off the receivables, adding their actual days; the last one pro rata."""
    left, days = Fraction(receivables), Fraction(0)
    for entry in sorted(months, key=lambda entry: entry.month, reverse=True):
        if left <= 0:
            break
        if entry.sales > 0 and left < entry.sales:
            days += left / Fraction(entry.sales) * entry.days
            left = Fraction(0)
        else:
            days += entry.days
            left -= Fraction(entry.sales)
    return Dso(round_to(days, _TENTH), truncated=left > 0)


@dataclass(frozen=True)
class DsoFamily:
    """DSO, the best it could be if nothing were overdue, and the difference, in days."""

    dso: Decimal | None
    best_possible_dso: Decimal | None
    average_days_delinquent: Decimal | None


def dso_family(receivables: Decimal, current: Decimal, sales: Decimal, days: int) -> DsoFamily:
    """The difference is taken before rounding."""
    whole, best, late = (
        dso_simple(part, sales, days).dso for part in (receivables, current, receivables - current)
    )
    return DsoFamily(whole, best, late)


def cei(beginning: Decimal, sales: Decimal, ending: Decimal, ending_current: Decimal) -> Decimal | None:
    """Collection effectiveness: collected / collectable in percent."""
    return percentage(beginning + sales - ending, beginning + sales - ending_current)


@dataclass(frozen=True)
class DueInvoice:
    """An invoice that fell due; `paid_in_full_on` None = not yet."""

    due_on: date
    amount: Decimal
    paid_in_full_on: date | None


@dataclass(frozen=True)
class OnTime:
    """Invoices fallen due in a period, those fully paid by then, and the shares by count and value."""

    fell_due: int
    on_time: int
    rate_count: Decimal | None
    rate_value: Decimal | None


def on_time(invoices: Sequence[DueInvoice], start: date, end: date) -> OnTime:
    """Both ends of the period are inclusive; an unpaid invoice is not on time."""
    due = [invoice for invoice in invoices if start <= invoice.due_on <= end]
    good = [entry for entry in due if entry.paid_in_full_on and entry.paid_in_full_on <= entry.due_on]
    total = sum((invoice.amount for invoice in due), Decimal(0))
    paid = sum((invoice.amount for invoice in good), Decimal(0))
    return OnTime(len(due), len(good), percentage(len(good), len(due)), percentage(paid, total))


@dataclass(frozen=True)
class ErrorRate:
    """Percent of issued invoices with a billing error, and of those without."""

    error_rate: Decimal | None
    first_pass_accuracy: Decimal | None


def error_rate(issued: int, errored: Collection[str]) -> ErrorRate:
    """An invoice corrected several times counts once."""
    wrong = len(set(errored))
    return ErrorRate(percentage(wrong, issued), percentage(issued - wrong, issued))


@dataclass(frozen=True)
class Forecast:
    """When money is expected and on what it rests: promise, customer or segment; None: no date."""

    basis: str | None
    expected_on: date | None


def cash_forecast(
    *,
    due: date,
    history: Sequence[int],
    segment: Sequence[int],
    as_of: date,
    calendar: Calendar,
    promise: date | None = None,
    disputed: bool = False,
) -> Forecast:
    """When an invoice will be paid: promised day, else due date + the low median of days late.

    The customer's `history` needs three invoices, else the `segment` is used. Disputed: no date. A day past
    or not a working day moves to the next working day.
    """
    if disputed:
        return Forecast(None, None)
    if promise is not None:
        basis, expected = "promise", promise
    elif len(history) >= FEWEST_FOR_HISTORY:
        basis, expected = "customer", due + timedelta(days=median_low(history))
    else:
        late = median_low(segment) if segment else 0
        basis, expected = "segment", due + timedelta(days=late)
    if expected < as_of:
        expected = as_of + timedelta(days=1)
    return Forecast(basis, calendar.following(expected))
