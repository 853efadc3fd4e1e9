"""What a contract bills: when, for how much of a period, and at which tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from core.dates import add_months
from core.errors import Invalid
from core.money import round_money, zero


def recurring(anchor: date, count: int, *, every_months: int = 1) -> list[date]:
    """The first `count` billing days, each counted from the anchor: 31 Jan, 28 Feb, 31 Mar."""
    if every_months < 1 or count < 0:
        raise Invalid("A contract recurs every month or more.", field="every_months", rule="recurs_later")
    return [add_months(anchor, number * every_months) for number in range(count)]


@dataclass(frozen=True)
class Prorated:
    """Days billed of the days of a period, and what they cost."""

    active_days: int
    period_days: int
    amount: Decimal


def proration(
    *,
    price: Decimal,
    period_start: date,
    period_end: date,
    currency: str,
    active_from: date | None = None,
    active_to: date | None = None,
) -> Prorated:
    """The price for the active days of a period; all ends inclusive, actual days, rounded once."""
    period = _days(period_start, period_end)
    first = max(period_start, active_from or period_start)
    last = min(period_end, active_to or period_end)
    active = max(0, (last - first).days + 1)
    return Prorated(active, period, round_money(Fraction(price) * active / period, currency))


@dataclass(frozen=True)
class PlanChange:
    """A change within a period: `credit` (<= 0) for the rest of the old plan, `charge` for the new one."""

    remaining_days: int
    credit: Decimal
    charge: Decimal
    net: Decimal


def plan_change(
    *,
    old_price: Decimal,
    new_price: Decimal,
    period_start: date,
    period_end: date,
    change_on: date,
    currency: str,
) -> PlanChange:
    """Credit what is unused of the old plan and charge the new one from `change_on`, each rounded."""
    period = _days(period_start, period_end)
    if not period_start <= change_on <= period_end:
        raise Invalid("The change lies outside the period.", field="change_on", rule="change_within_period")
    remaining = (period_end - change_on).days + 1
    credit = round_money(-Fraction(old_price) * remaining / period, currency)
    charge = round_money(Fraction(new_price) * remaining / period, currency)
    return PlanChange(remaining, credit, charge, credit + charge)


@dataclass(frozen=True)
class Tier:
    """A price per unit up to and including `up_to` units in all; None = without end."""

    up_to: Decimal | None
    price: Decimal


@dataclass(frozen=True)
class TieredUsage:
    """What each tier costs, as far as the usage reaches, and the sum."""

    tier_amounts: tuple[Decimal, ...]
    amount: Decimal


def tiered_usage(quantity: Decimal, tiers: Sequence[Tier], currency: str) -> TieredUsage:
    """Graduated prices: every unit costs the price of the tier it falls in; each tier is rounded.

    Tiers must rise; usage beyond the last one is `Invalid`, because nobody agreed its price.
    """
    ends = [Decimal(0), *(tier.up_to for tier in tiers)]
    if any(end is None or (after is not None and after <= end) for end, after in pairwise(ends)):
        raise Invalid("Each tier ends above the one before.", field="tiers", rule="tiers_rise")
    amounts: list[Decimal] = []
    below = Decimal(0)
    for tier in tiers:
        if quantity <= below:
            break
        top = quantity if tier.up_to is None else min(quantity, tier.up_to)
        amounts.append(round_money(Fraction(top - below) * Fraction(tier.price), currency))
        below = top
    if quantity > below:
        raise Invalid(f"No tier has a price for {quantity} units.", field="tiers", rule="tiers_cover_usage")
    return TieredUsage(tuple(amounts), sum(amounts, zero(currency)))


def meet(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Whether two scopes of runs may hold the same contracts: no limit of theirs keeps them apart."""
    return all(other.get(name, key) == key for name, key in one.items())


class UnderWay(NamedTuple):
    """Why a scope is not planned twice at a time, and what to do about the run that is under way."""

    message: str
    mend: str


def under_way(run: str, state: str) -> UnderWay:
    """What to say of a run of the same contracts that is `planning`, `planned`, `approved` or `running`."""
    match state:
        case "planning":
            return UnderWay(f"{run} of the same contracts is being planned.", f"Look at {run}, or stop it.")
        case "planned":
            return UnderWay(
                f"{run} of the same contracts waits for approval.", f"Have {run} decided, or discard it."
            )
        case _:
            return UnderWay(f"{run} bills the same contracts now.", f"Wait until {run} is over, or stop it.")


def _days(start: date, end: date) -> int:
    if end < start:
        raise Invalid("The period ends before it starts.", field="period_end", rule="period_is_in_order")
    return (end - start).days + 1
