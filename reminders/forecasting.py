"""What will be sent: the rule of every day, carried forward dry."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from reminders.deciding import MESSAGES, SEND, Decision, Facts
from reminders.judging import Judge
from reminders.reading import Around, Standing


class Coming(NamedTuple):
    """A step that will be taken, if nothing happens until then."""

    on: date
    row: Standing
    decision: Decision
    asked: Decimal


def forecast(judge: Judge, rows: Sequence[Standing], first: date, last: date) -> list[Coming]:
    """Every step from `first` to `last`, in order, when all of it is sent and nobody pays or asks for more.

    `rows` are all open items of each customer in question: what one is sent holds back the others.
    """
    around = Around(judge.entity, rows, first)
    customers: dict[int, list[tuple[Standing, Facts]]] = defaultdict(list)
    for row in rows:
        customers[row.customer].append((row, around.facts(row)))
    found = [coming for known in customers.values() for coming in _of_customer(judge, known, first, last)]
    return sorted(found, key=lambda one: (one.on, one.row.customer, one.row.due, one.row.item))


def _of_customer(
    judge: Judge, known: Iterable[tuple[Standing, Facts]], first: date, last: date
) -> Iterator[Coming]:
    order = count()
    # What was decided for today already is not decided again.
    waiting = [
        (first + timedelta(days=row.decision is not None and row.last_on >= first), next(order), row, facts)
        for row, facts in known
    ]
    heapq.heapify(waiting)
    while waiting and waiting[0][0] <= last:
        day = waiting[0][0]
        today = []
        while waiting and waiting[0][0] == day:
            _, _, row, facts = heapq.heappop(waiting)
            today.append((row, facts, judge.one(row, facts, day)))
        # The day's items are decided together, then sent together.
        written = False
        for row, facts, decision in today:
            again = _again(facts, decision, day)
            if decision.outcome == SEND and decision.step and decision.said:
                yield Coming(day, row, decision, facts.asked)
                facts.last_step, facts.taken_on = decision.step.day, day
                facts.last_tone = max(facts.last_tone, decision.said.tone)
                written = written or decision.step.channel in MESSAGES
            if again is not None:
                heapq.heappush(waiting, (again, next(order), row, facts))
        if written:
            for _, facts, _ in today:
                facts.last_message = day
            for _, _, _, facts in waiting:
                facts.last_message = day


def _again(facts: Facts, decision: Decision, day: date) -> date | None:
    """The next day on which the item's decision can differ; None when only an event can change it."""
    if decision.outcome == SEND:
        return day + timedelta(days=1)
    ends = [stop.until + timedelta(days=1) for stop in facts.stops if stop.until and stop.until >= day]
    days = [on for on in (decision.next_on, *ends) if on is not None and on > day]
    return min(days, default=None)
