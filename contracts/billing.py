"""What of the owed amounts is still to be billed, and with which bill. Pure.

What is owed follows from the facts of today, and a bill asks for what is owed and not billed yet. So late
usage, a plan change, a suspension or an end that was entered late come by themselves with the next bill, as
lines of their own, and an issued invoice is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from contracts.owing import (
    ADVANCE,
    ONE_OFF,
    USAGE,
    Facts,
    ItemFacts,
    Owed,
    Period,
    due_on,
    earliest,
    number_of,
    owed,
    periods,
)

Reason = Literal["regular", "late_usage", "unused", "suspended", "late", "correction"]


@dataclass(frozen=True)
class Rest:
    """What one item still asks for in one period: owed less billed; negative is to be given back."""

    item: ItemFacts
    period: Period
    owed: Owed
    billed: Decimal
    reason: Reason

    @property
    def amount(self) -> Decimal:
        return self.owed.amount - self.billed


Billed = Mapping[tuple[int, date], Decimal]


def unbilled(facts: Facts, billed: Billed, until: date) -> list[Rest]:
    """All that is owed and due by the day and not billed, the oldest first, whichever bill it comes with."""
    found = []
    for period in periods(facts, until):
        for item in facts.items:
            if due_on(facts, item, period) <= until:
                what = owed(facts, item, period)
                before = billed.get((item.key, period.start), Decimal(0))
                if what.amount != before:
                    reason = _reason(facts, item, period, period, before, what)
                    found.append(Rest(item, period, what, before, reason))
    return found


def _for_bill(facts: Facts, open_: Sequence[Rest], bill: Period) -> list[Rest]:
    """What of the open rests may be asked for by the day of this bill, in the words of that bill."""
    return [
        replace(rest, reason=_reason(facts, rest.item, rest.period, bill, rest.billed, rest.owed))
        for rest in open_
        if rest.period.number <= bill.number and due_on(facts, rest.item, rest.period) <= bill.bills_on
    ]


def _reason(  # noqa: PLR0917 (facts of one rest, in their order)
    facts: Facts, item: ItemFacts, period: Period, bill: Period, before: Decimal, what: Owed
) -> Reason:
    late = period.number < _usual(facts, item, bill)
    if what.amount < before:
        last = earliest(facts.ends_on, item.ends_on)
        if last is not None and last < period.end:
            return "unused"
        held = any(
            begins <= period.end and (ends is None or ends >= period.start)
            for begins, ends in facts.suspensions
        )
        return "suspended" if held else "correction"
    if not late:
        return "regular" if not before else "correction"
    if item.kind == USAGE:
        return "late_usage"
    return "correction" if before else "late"


def _usual(facts: Facts, item: ItemFacts, bill: Period) -> int:
    """The number of the period this bill asks for where nothing is late."""
    if item.kind == USAGE and facts.timing == ADVANCE:
        return bill.number - 1
    if item.kind == ONE_OFF:
        return min(bill.number, number_of(facts, max(item.starts_on, facts.starts_on)))
    return bill.number


def billable(found: Sequence[Rest]) -> list[Rest]:
    """What of the rests a bill asks for. What is to be given back is taken off what is asked for in its tax
    class; where nothing is left of that, the class waits, so no invoice is ever negative."""
    sums: dict[str, Decimal] = {}
    for rest in found:
        sums[rest.item.tax_class] = sums.get(rest.item.tax_class, Decimal(0)) + rest.amount
    return [rest for rest in found if sums[rest.item.tax_class] > 0]


@dataclass(frozen=True)
class Bill:
    """One invoice to be made of one contract: its period and what it asks for."""

    period: Period
    rests: tuple[Rest, ...]

    @property
    def amount(self) -> Decimal:
        return sum((rest.amount for rest in self.rests), Decimal(0))


def due_bills(facts: Facts, billed: Billed, done: frozenset[date], until: date) -> list[Bill]:
    """The bills of every period due by the day and not made yet (`done` are the starts of those that were),
    the oldest first. A missed period has a bill of its own; one with nothing to ask for has none."""
    open_ = unbilled(facts, billed, until)
    bills = []
    for period in periods(facts, until) if open_ else ():
        if period.start in done:
            continue
        asked = billable(_for_bill(facts, open_, period))
        if asked:
            bills.append(Bill(period, tuple(asked)))
            taken = {(rest.item.key, rest.period.start) for rest in asked}
            open_ = [rest for rest in open_ if (rest.item.key, rest.period.start) not in taken]
    return bills
