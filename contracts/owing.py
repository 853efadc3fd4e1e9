"""What a contract owes for a period, and from which day on it is billed. Pure, and remembers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from contracts.rules import Tier, tiered_usage
from core.dates import add_months
from core.errors import Invalid
from core.money import round_money, zero

FIXED, USAGE, ONE_OFF = "fixed", "usage", "one_off"
FLAT, GRADUATED, VOLUME = "flat", "graduated", "volume"
ADVANCE, ARREARS = "advance", "arrears"
_DAY = timedelta(days=1)
_MOST_PERIODS = 1200


@dataclass(frozen=True)
class Period:
    """A billing period, both ends inclusive, and the day it is billed on."""

    number: int
    start: date
    end: date
    bills_on: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class ItemFacts:
    """One item as agreed. `price` per unit and period (fixed), per unit of usage, or once."""

    key: int
    kind: str
    price: Decimal
    starts_on: date
    quantity: Decimal = Decimal(1)
    pricing: str = FLAT
    ends_on: date | None = None
    free_until: date | None = None
    minimum: Decimal = Decimal(0)
    tiers: tuple[Tier, ...] = ()
    tax_class: str = "standard"
    replaces: int | None = None


@dataclass(frozen=True)
class Facts:
    """A contract as it stands: its rhythm, items, price steps (day, percent), suspensions and usage.

    `usage` is {item: {day: quantity}}; suspensions are (first day, last day or None while they last).
    """

    currency: str
    anchor: date
    starts_on: date
    items: tuple[ItemFacts, ...]
    every_months: int = 1
    timing: str = ADVANCE
    ends_on: date | None = None
    steps: tuple[tuple[date, Decimal], ...] = ()
    suspensions: tuple[tuple[date, date | None], ...] = ()
    usage: Mapping[int, Mapping[date, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True)
class Owed:
    """What one item owes for one period: the exact amount, and what it was worked out from."""

    amount: Decimal
    active_days: int = 0
    # Of usage the quantity used, of anything else the quantity agreed.
    quantity: Decimal = Decimal(0)
    # The price of one unit where one price holds for all of it.
    unit_price: Decimal | None = None


def periods(facts: Facts, until: date) -> Iterator[Period]:
    """The periods billed on or before `until`, each counted from the anchor, also beyond the contract's end:
    usage that is entered late then still has a bill to go on."""
    number = number_of(facts, facts.starts_on)
    for current in range(number, number + _MOST_PERIODS):
        start = add_months(facts.anchor, current * facts.every_months)
        end = add_months(facts.anchor, (current + 1) * facts.every_months) - _DAY
        on = max(start, facts.starts_on) if facts.timing == ADVANCE else end + _DAY
        if on > until:
            return
        yield Period(current, start, end, on)


def number_of(facts: Facts, day: date) -> int:
    """The number of the period a day falls in; 0 begins on the anchor."""
    months = (day.year - facts.anchor.year) * 12 + day.month - facts.anchor.month
    number = months // facts.every_months
    while add_months(facts.anchor, number * facts.every_months) > day:
        number -= 1
    while add_months(facts.anchor, (number + 1) * facts.every_months) <= day:
        number += 1
    return number


def period_of(facts: Facts, day: date) -> Period:
    """The period a day falls in."""
    number = number_of(facts, max(day, facts.starts_on))
    start = add_months(facts.anchor, number * facts.every_months)
    end = add_months(facts.anchor, (number + 1) * facts.every_months) - _DAY
    on = max(start, facts.starts_on) if facts.timing == ADVANCE else end + _DAY
    return Period(number, start, end, on)


def due_on(facts: Facts, item: ItemFacts, period: Period) -> date:
    """From which day on what the item owes for the period may be billed. Usage is known when it is over."""
    if item.kind == USAGE:
        return period.end + _DAY
    if item.kind == ONE_OFF:
        return max(item.starts_on, facts.starts_on)
    return period.bills_on


def owed(facts: Facts, item: ItemFacts, period: Period) -> Owed:
    """What the item owes for the period as the contract stands today; never negative."""
    if item.kind == ONE_OFF:
        return _one_off(facts, item, period)
    pieces = _active(facts, item, period)
    days = sum((last - first).days + 1 for first, last in pieces)
    if item.kind == USAGE:
        return _usage(facts, item, period, days)
    amount, prices = zero(facts.currency), set()
    for first, last in pieces:
        for begin, end, price in _priced(facts, item, first, last):
            prices.add(price)
            part = price * Fraction(item.quantity) * ((end - begin).days + 1) / period.days
            amount += round_money(part, facts.currency)
    if days == period.days and len(prices) == 1:
        # Whole and at one price: once rounded, however many pieces it came in.
        amount = round_money(next(iter(prices)) * Fraction(item.quantity), facts.currency)
    one = _short(next(iter(prices))) if len(prices) == 1 else None
    return Owed(amount, days, item.quantity, one)


def _one_off(facts: Facts, item: ItemFacts, period: Period) -> Owed:
    day = max(item.starts_on, facts.starts_on)
    last = earliest(facts.ends_on, item.ends_on)
    if not period.start <= day <= period.end or (last is not None and day > last):
        return Owed(zero(facts.currency), 0, item.quantity)
    amount = round_money(Fraction(item.price) * Fraction(item.quantity), facts.currency)
    return Owed(amount, 1, item.quantity, item.price)


def _usage(facts: Facts, item: ItemFacts, period: Period, days: int) -> Owed:
    used = facts.usage.get(item.key, {})
    quantity = sum((n for day, n in used.items() if period.start <= day <= period.end), Decimal(0))
    quantity = max(quantity, Decimal(0))
    unit_price: Decimal | None = None
    if item.pricing == GRADUATED:
        amount = tiered_usage(quantity, item.tiers, facts.currency).amount
    else:
        unit_price = item.price if item.pricing == FLAT else volume_price(quantity, item.tiers)
        amount = round_money(Fraction(quantity) * Fraction(unit_price), facts.currency)
    least = round_money(Fraction(item.minimum) * days / period.days, facts.currency)
    if amount < least:
        return Owed(least, days, quantity)
    return Owed(amount, days, quantity, unit_price)


def volume_price(quantity: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """The price per unit of all units where all cost what the last one does."""
    for tier in tiers:
        if tier.up_to is None or quantity <= tier.up_to:
            return tier.price
    raise Invalid(f"No tier has a price for {quantity} units.", field="tiers", rule="tiers_cover_usage")


def _active(facts: Facts, item: ItemFacts, period: Period) -> list[tuple[date, date]]:
    """The days of the period the item is charged for, as pieces without suspended and free days."""
    first = max(period.start, facts.starts_on, item.starts_on)
    if item.free_until is not None:
        first = max(first, item.free_until + _DAY)
    last = min(filter(None, (period.end, facts.ends_on, item.ends_on)))
    pieces = [(first, last)] if first <= last else []
    for begins, ends in facts.suspensions:
        pieces = [piece for whole in pieces for piece in _without(whole, begins, ends or date.max)]
    return pieces


def _without(whole: tuple[date, date], begins: date, ends: date) -> list[tuple[date, date]]:
    first, last = whole
    if ends < first or begins > last:
        return [whole]
    found = [(first, begins - _DAY)] if begins > first else []
    return [*found, (ends + _DAY, last)] if ends < last else found


def _priced(facts: Facts, item: ItemFacts, first: date, last: date) -> Iterator[tuple[date, date, Fraction]]:
    """The days cut where the price moves: each piece with its price per unit and whole period."""
    price = Fraction(item.price)
    begin = first
    for day, percent in sorted(facts.steps):
        if day <= item.starts_on:
            # The item was agreed after this step, so its price knows it.
            continue
        if day > last:
            break
        if day > begin:
            yield begin, day - _DAY, price
            begin = day
        price = price * (100 + Fraction(percent)) / 100
    yield begin, last, price


def _short(price: Fraction) -> Decimal | None:
    """The price as a decimal of six places; None where it has more."""
    shown = (Decimal(price.numerator) / Decimal(price.denominator)).quantize(Decimal("0.000001"))
    return shown if Fraction(shown) == price else None


def earliest(*days: date | None) -> date | None:
    """The first of the days that are set."""
    return min((day for day in days if day is not None), default=None)
