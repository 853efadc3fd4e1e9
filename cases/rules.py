"""What an overdue account is worth working on, who holds it, and what promises and plans come to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.calendars import Calendar
from core.dates import add_days, add_months
from core.errors import Invalid
from core.money import named, round_money, split, unit, zero

DAYS_AHEAD = 14
"""A promise further ahead than this asks for approval."""
BROKEN_BEFORE_APPROVAL = 2
"""So many broken promises in a year, and the next one asks for approval."""
GRACE_BUSINESS_DAYS = 2
"""Money promised for a day may reach the bank so many working days later."""
DEFAULT_BUSINESS_DAYS = 5
"""So long after a missed instalment a plan still stands."""
QUIET_DAYS = 14
"""An overdue account nobody touched for so long is listed, whatever was planned for later."""
LONGEST_SNOOZE = 30
MOST_PARTS = 60
RHYTHMS = ("weekly", "fortnightly", "monthly")


# ---------------------------------------------------------------------------------------- value at risk
AGES = ("1–30 days late", "31–60 days late", "61–90 days late", "over 90 days late")
LOSS_CHANCE = (Decimal("0.05"), Decimal("0.15"), Decimal("0.30"), Decimal("0.60"))
_PER_BROKEN, _MOST_BROKEN = Decimal("0.25"), 4
_LATENESS = ((30, Decimal("0.50")), (10, Decimal("0.20")))
_UNKNOWN_PAYER = Decimal("0.10")


@dataclass(frozen=True)
class Standing:
    """What is known of an overdue account, in functional currency: overdue by age, and the payer's past.

    `ages` are the amounts 1-30, 31-60, 61-90 and over 90 days late without what is held back by a dispute;
    `unapplied` is money that waits to be used; `usual_delay` the median days late, None without history.
    """

    ages: tuple[Decimal, Decimal, Decimal, Decimal]
    unapplied: Decimal = Decimal(0)
    broken: int = 0
    usual_delay: int | None = None


@dataclass(frozen=True)
class Term:
    """One step of a sum in words; the terms of a risk add up to it exactly."""

    label: str
    amount: Decimal


@dataclass(frozen=True)
class Risk:
    """What is likely lost if nobody acts, and how it comes about."""

    amount: Decimal
    terms: tuple[Term, ...]


def value_at_risk(standing: Standing, currency: str) -> Risk:
    """Amount overdue by the chance of losing it at its age, more for broken promises and late payers.

    Money that waits to be applied is taken off the youngest first, as it would hide the old otherwise. Never
    more than what is overdue.
    """
    left, unapplied = [], standing.unapplied
    for amount in standing.ages:
        used = min(amount, unapplied)
        unapplied -= used
        left.append(amount - used)
    terms = [
        Term(f"{age}: {_percent(chance)} of {amount:,.2f}", round_money(amount * chance, currency))
        for amount, age, chance in zip(left, AGES, LOSS_CHANCE, strict=True)
        if amount
    ]
    base = sum((term.amount for term in terms), zero(currency))
    for label, factor in _reasons(standing):
        terms.append(Term(f"{label}, {_percent(factor)} more", round_money(base * factor, currency)))
    total, most = sum((term.amount for term in terms), zero(currency)), sum(left, Decimal(0))
    if total > most:
        terms.append(Term("not more than what is overdue", round_money(most, currency) - total))
    return Risk(min(total, round_money(most, currency)), tuple(terms))


def _reasons(standing: Standing) -> list[tuple[str, Decimal]]:
    found = []
    if standing.broken:
        broken = min(standing.broken, _MOST_BROKEN)
        words = "1 promise broken" if standing.broken == 1 else f"{standing.broken} promises broken"
        found.append((words, _PER_BROKEN * broken))
    delay = standing.usual_delay
    if delay is None:
        found.append(("no payment history yet", _UNKNOWN_PAYER))
    else:
        late = next((factor for days, factor in _LATENESS if delay > days), None)
        if late:
            found.append((f"usually pays {delay} days late", late))
    return found


def _percent(share: Decimal) -> str:
    return f"{share * 100:.0f} %"


# -------------------------------------------------------------------------------------------- escalation
LEVELS = ("collector", "lead", "controller", "hand-over")
"""Who holds a case: its collector, the team lead, the controller, and the decision to hand it over."""
LEVEL_DAYS = (30, 45, 60)


def level_due(days_late: int, amount: Decimal, limits: Mapping[str, Decimal | None]) -> int:
    """The level a case belongs to: 0 collector, 1 lead, 2 controller, 3 hand-over to be decided.

    By the age of its oldest item, and by amount where it is above the `limits` of collector and lead in
    functional currency (None = any). The last level comes by age alone.
    """
    by_age = sum(days_late >= days for days in LEVEL_DAYS)
    by_amount = 0
    for level, role in enumerate(("specialist", "lead"), start=1):
        limit = limits.get(role)
        if limit is not None and amount > limit:
            by_amount = level
    return max(by_age, by_amount)


# ----------------------------------------------------------------------------------------------- promises
def why_promise_needs_approval(*, made_on: date, promised_on: date, broken: int) -> list[str]:
    """The reasons in words for a second person to look at a promise; none means it stands at once."""
    reasons = []
    ahead = (promised_on - made_on).days
    if ahead > DAYS_AHEAD:
        reasons.append(f"it is {ahead} days ahead, {DAYS_AHEAD} are free")
    if broken >= BROKEN_BEFORE_APPROVAL:
        reasons.append(f"{broken} promises were broken in the last year")
    return reasons


@dataclass(frozen=True)
class Judgement:
    """Until when a promise may be kept, what came in by then, and open, kept, partly_kept or broken."""

    evaluate_after: date
    received: Decimal
    status: str


def judge_promise(
    *,
    promised_on: date,
    made_on: date,
    amount: Decimal,
    payments: Sequence[tuple[date, Decimal]],
    as_of: date,
    calendar: Calendar,
    currency: str,
    grace_business_days: int = 0,
) -> Judgement:
    """Judge a promise to pay `amount` by `promised_on` plus working days of grace.

    Payments dated from the day it was made to the end of the grace count, as far as they are known `as_of`.
    """
    last = calendar.add_business_days(promised_on, grace_business_days)
    counted = (value for on, value in payments if made_on <= on <= min(last, as_of))
    received = sum(counted, zero(currency))
    if received >= amount:
        status = "kept"
    elif as_of <= last:
        status = "open"
    else:
        status = "partly_kept" if received > 0 else "broken"
    return Judgement(last, received, status)


# -------------------------------------------------------------------------------------------------- plans
@dataclass(frozen=True)
class Part:
    """One instalment: principal and interest, due on a working day."""

    number: int
    due_on: date
    principal: Decimal
    interest: Decimal

    @property
    def amount(self) -> Decimal:
        return self.principal + self.interest


def plan_parts(
    principal: Decimal,
    *,
    parts: int,
    rhythm: str,
    start: date,
    first_on: date,
    calendar: Calendar,
    currency: str,
    yearly_rate: Decimal = Decimal(0),
) -> list[Part]:
    """Split what is owed into instalments whose principal adds up exactly.

    The first is due on `first_on`, the others a week, two weeks or a month apart, each moved to the working
    day after when it falls on a day off. Interest is simple, actual/365, on what is still owed from `start`
    or the due day before; every instalment carries its own.
    """
    if not 2 <= parts <= MOST_PARTS:
        raise Invalid(
            f"A plan has 2 to {MOST_PARTS} instalments, not {parts}.", field="parts", rule="a_plan_has_parts"
        )
    if rhythm not in RHYTHMS:
        raise Invalid("Choose weekly, fortnightly or monthly.", field="rhythm", rule="a_plan_has_a_rhythm")
    if principal < unit(currency) * parts:
        raise Invalid(
            f"{named(principal, currency)} cannot be split into {parts} parts.",
            field="parts",
            rule="every_part_has_an_amount",
            mend="Choose fewer parts.",
        )
    shares = split(principal, [Decimal(1)] * parts, unit=unit(currency))
    owed, since, found = principal, start, []
    for number, share in enumerate(shares):
        due = calendar.following(_step(first_on, rhythm, number))
        days = max(0, (due - since).days)
        exact = Fraction(owed) * Fraction(yearly_rate) / 100 * days / 365
        found.append(Part(number + 1, due, share, round_money(exact, currency)))
        owed, since = owed - share, due
    return found


def _step(first: date, rhythm: str, number: int) -> date:
    if rhythm == "monthly":
        return add_months(first, number)
    return add_days(first, number * (7 if rhythm == "weekly" else 14))


def months_of(start: date, last: date) -> int:
    """Begun months from the offer to the last instalment: what the right to approve a plan is measured in."""
    whole = (last.year - start.year) * 12 + last.month - start.month
    return max(1, whole + (add_months(start, whole) < last))


@dataclass(frozen=True)
class Followed:
    """How a plan stands: what came in for each instalment, the first one missed, and the state."""

    received: tuple[Decimal, ...]
    missed: int | None
    state: str


def follow_plan(
    due: Sequence[tuple[date, Decimal]], *, received: Decimal, as_of: date, calendar: Calendar
) -> Followed:
    """Judge a plan by the money received for it: completed, current, or defaulted.

    Money fills the instalments in their order. One that is not full on the fifth working day after its due
    day is missed, judged on the day after: then the plan is in default and the whole balance is due.
    """
    shares, left = [], received
    for _, amount in due:
        shares.append(min(amount, left))
        left -= shares[-1]
    missed = next(
        (
            number
            for number, ((day, amount), share) in enumerate(zip(due, shares, strict=True), start=1)
            if share < amount and as_of > calendar.add_business_days(day, DEFAULT_BUSINESS_DAYS)
        ),
        None,
    )
    full = all(share == amount for (_, amount), share in zip(due, shares, strict=True))
    return Followed(tuple(shares), missed, "completed" if full else "defaulted" if missed else "current")
