"""Pure rules of month ends: months, unrealised differences, and how an adjustment's tax is shared out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from core.dates import add_months, month_end
from core.errors import Invalid
from core.money import split, unit


def month_of(text: str) -> date:
    """ "2026-11" as the first day of the month; anything else is `Invalid`."""
    try:
        day = date.fromisoformat(f"{text}-01") if len(text) == len("2026-11") else None
    except ValueError:
        day = None
    if day is None:
        raise Invalid(
            f"“{text}” is no month.", field="month", rule="a_month_is_written", mend="Write it as 2026-11."
        )
    return day


def first_of_next(month: date) -> date:
    """The first day of the month after."""
    return add_months(month.replace(day=1), 1)


def last_of(month: date) -> date:
    """The last day of the month."""
    return month_end(month)


def gain_on(side: str, *, carried: Decimal, at_closing: Decimal) -> Decimal:
    """Unrealised gain (+) or loss (-) of an open item: more owed to us gains, more owed by us loses."""
    return at_closing - carried if side == "debit" else carried - at_closing


def shared(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """An amount of either sign over the tax groups of its invoice, without losing a cent."""
    return split(total, [abs(weight) for weight in weights], unit=unit(currency))
