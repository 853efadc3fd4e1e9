"""How old what is owed is, on any day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.money import round_to, zero

BUCKETS = ("current", "1-30", "31-60", "61-90", "91+")


@dataclass(frozen=True)
class AgedItem:
    """An open item for ageing: `amount` > 0 is owed to us, < 0 is a credit; allocations as (day, amount)."""

    issued_on: date
    due_on: date
    amount: Decimal
    allocations: Sequence[tuple[date, Decimal]] = ()


@dataclass(frozen=True)
class Ageing:
    """Open amounts by bucket. `overdue_pct` is of the gross open amount, None when nothing is open."""

    buckets: dict[str, Decimal]
    credits: Decimal
    overdue_pct: Decimal | None
    net: Decimal


def bucket(due_on: date, as_of: date) -> str:
    """The ageing bucket of a due date; due on the day itself is current."""
    days = (as_of - due_on).days
    if days <= 0:
        return "current"
    return "1-30" if days <= 30 else "31-60" if days <= 60 else "61-90" if days <= 90 else "91+"


def ageing(items: Iterable[AgedItem], as_of: date, currency: str) -> Ageing:
    """Sort what was open on `as_of` by days past due: only items issued and allocations made by then count.

    Credits stand in their own column and are not netted against what is overdue.
    """
    sums = dict.fromkeys(BUCKETS, zero(currency))
    credit = zero(currency)
    for item in items:
        if item.issued_on > as_of:
            continue
        settled = sum((value for on, value in item.allocations if on <= as_of), Decimal(0))
        # Allocations are counted as positive amounts on both sides.
        rest = item.amount - settled if item.amount >= 0 else item.amount + abs(settled)
        if rest < 0:
            credit += rest
        else:
            sums[bucket(item.due_on, as_of)] += rest
    gross = sum(sums.values(), zero(currency))
    overdue = gross - sums["current"]
    pct = round_to(Fraction(overdue) * 100 / Fraction(gross), Decimal("0.1")) if gross else None
    return Ageing(sums, credit, pct, gross + credit)
