"""The decision about one open item on one day. Pure: facts in, outcome with its rule out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from core.calendars import Calendar
from policies.clauses import Step

from .words import SENT, STOPS

SEND, SKIP, WAIT = "send", "skip", "wait"
MESSAGES = ("email", "post")
"""Channels that write to the customer: the least gap counts these. Others hand work to a colleague."""


class Stop(NamedTuple):
    """A reason of STOPS that holds from a day until a day inclusive; None: until it is taken away."""

    rule: str
    start: date
    until: date | None


class Planned(NamedTuple):
    """A step and the working day it falls on."""

    on: date
    step: Step


class Decision(NamedTuple):
    """`step` is the step taken (send), `said` the one whose words are used, `next_on` the next one's day."""

    outcome: str
    rule: str
    step: Step | None = None
    said: Step | None = None
    next_step: int | None = None
    next_on: date | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """`gap`: least days between two messages to a customer; `answer`: least days before a firmer step, or the
    ladder's own distance where that is shorter; `small`: balances below it are left alone."""

    gap: int = 3
    answer: int = 7
    small: Decimal = Decimal("5.00")


@dataclass(slots=True)
class Facts:
    """One open item: what is open and held, what stops it, and what was done before.

    `credit`: money and credits of the customer in this currency that wait to be applied. `last_step`,
    `last_tone`, `taken_on`: the highest step taken for this item, its tone and day; `last_message`: the day
    the customer was last written to about anything. Stops that run out drop the steps within them; those
    taken away do not.
    """

    due: date
    issued: date
    open: Decimal
    held: Decimal = Decimal(0)
    stops: Sequence[Stop] = ()
    credit: Decimal = Decimal(0)
    credit_waits: bool = False
    insolvent: bool = False
    last_step: int | None = None
    last_tone: int = 0
    taken_on: date | None = None
    last_message: date | None = None

    @property
    def asked(self) -> Decimal:
        """What a reminder asks for: open less what is disputed or held."""
        return self.open - self.held


def step_day(due: date, step: int, calendar: Calendar) -> date:
    """The working day of a step: before the due day it moves back, from then on forward."""
    day = due + timedelta(days=step)
    return calendar.preceding(day) if step < 0 else calendar.following(day)


def plan_of(due: date, ladder: Iterable[Step], calendar: Calendar) -> tuple[Planned, ...]:
    """The steps of the ladder with the days they fall on, in the order of the ladder."""
    return tuple(Planned(step_day(due, step.day, calendar), step) for step in ladder)


def comes_later(plan: Sequence[Planned], step: int, day: date) -> bool:
    """Whether the step falls on a later day than this one, as it does when the due day was moved."""
    return any(one.step.day == step and one.on > day for one in plan)


def stop_on(
    facts: Facts, ladder: Sequence[Step] | None, day: date, limits: Limits
) -> tuple[str, date | None] | None:
    """The strongest reason not to remind on that day, and until when it holds if that is known.

    `ladder` None: it was agreed not to remind; empty: the policy has no steps.
    """
    if facts.insolvent:
        return "insolvent", None
    running = [stop for stop in facts.stops if stop.start <= day and (not stop.until or day <= stop.until)]
    if running:
        strongest = min(running, key=lambda stop: _STRENGTH[stop.rule])
        return strongest.rule, strongest.until
    if not ladder:
        return ("not_reminded" if ladder is None else "no_ladder"), None
    asked = facts.asked
    if asked <= 0:
        return "disputed", None
    if asked < limits.small:
        return "small_balance", None
    if facts.credit >= asked:
        return "cash_waits", None
    if facts.credit_waits:
        return "credit_waits", None
    return None


def decide(
    facts: Facts,
    ladder: Sequence[Step] | None,
    plan: Sequence[Planned],
    day: date,
    *,
    calendar: Calendar,
    limits: Limits,
) -> Decision:
    """What happens to the item on that day.

    Of the steps that are due and not yet taken only the latest is sent. Its level is at most one above the
    last one taken; the first is at most that of the ladder's first step after the due day.
    """
    if stop := stop_on(facts, ladder, day, limits):
        rule, until = stop
        after = max(day, until) if until else day
        coming = _next(facts, plan, after) if until or rule in _PASSING else None
        return Decision(SKIP, rule, None, None, *_named(coming))
    pending = [one for one in plan if _is_pending(one, facts, day)]
    gone = dropped_through(facts.stops, day)
    due = [one for one in pending if gone is None or one.on > gone]
    if not due:
        coming = _next(facts, plan, day)
        return Decision(WAIT, "no_step" if coming else "ladder_done", None, None, *_named(coming))
    chosen, said = _at_its_level(due, pending, facts, plan)
    if not calendar.is_business_day(day):
        return Decision(WAIT, "day_off", None, None, chosen.day, calendar.following(day))
    if chosen.channel in MESSAGES and facts.last_message is not None:
        free = facts.last_message + timedelta(days=limits.gap)
        if day < free:
            return Decision(WAIT, "too_soon", None, None, chosen.day, calendar.following(free))
    answered = _answered_by(said, chosen, facts, limits)
    if answered is not None and day < answered:
        return Decision(WAIT, "time_to_answer", None, None, chosen.day, calendar.following(answered))
    following = next((one for one in plan if one.step.day > chosen.day), None)
    return Decision(SEND, SENT, chosen, said, *_named(following))


def _answered_by(said: Step, chosen: Step, facts: Facts, limits: Limits) -> date | None:
    """The first day of a firmer step: whoever was reminded late has the same time to answer as the others."""
    if facts.taken_on is None or facts.last_step is None or said.tone <= facts.last_tone:
        return None
    return facts.taken_on + timedelta(days=min(chosen.day - facts.last_step, limits.answer))


def dropped_through(stops: Sequence[Stop], day: date) -> date | None:
    """The last day of the stops that ran out before `day`: steps up to it fell within them."""
    return max((stop.until for stop in stops if stop.until and stop.until < day), default=None)


def _is_pending(one: Planned, facts: Facts, day: date) -> bool:
    on, step = one
    if on > day or on < facts.issued or (facts.last_step is not None and step.day <= facts.last_step):
        return False
    # "Will be due" is not said once it is due, and "is due today" only on its day.
    return step.day > 0 or day <= on or (step.day < 0 and day < facts.due)


def _at_its_level(
    due: Sequence[Planned], pending: Sequence[Planned], facts: Facts, plan: Sequence[Planned]
) -> tuple[Step, Step]:
    """The step to take and the one whose words are used: the latest due, unless its level would jump.

    Then it is the latest open step of a level that is allowed, also one that fell within a pause; where the
    ladder has none, the latest step is taken in the words of the highest level that is allowed.
    """
    latest = due[-1].step
    first = next((one.step.tone for one in plan if one.step.day > 0), latest.tone)
    allowed = max(first, facts.last_tone + 1)
    if latest.tone <= allowed:
        return latest, latest
    lower = [one.step for one in pending if one.step.day > 0 and one.step.tone <= allowed]
    if lower:
        return lower[-1], lower[-1]
    said = [
        one.step
        for one in plan
        if 0 < one.step.day < latest.day and one.step.tone <= allowed and one.step.channel in MESSAGES
    ]
    return latest, said[-1] if said and latest.channel in MESSAGES else latest


def _next(facts: Facts, plan: Sequence[Planned], after: date) -> Planned | None:
    last = facts.last_step
    for one in plan:
        if one.on > after and one.on >= facts.issued and (last is None or one.step.day > last):
            return one
    return None


def _named(one: Planned | None) -> tuple[int | None, date | None]:
    return (one.step.day, one.on) if one else (None, None)


_STRENGTH = {rule: place for place, rule in enumerate(STOPS)}
# They may end any day by themselves, so what would come next is worth saying.
_PASSING = frozenset({"cash_waits", "credit_waits", "disputed"})
