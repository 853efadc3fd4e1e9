"""When customers are reminded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.calendars import Calendar
from core.dates import add_days


@dataclass(frozen=True)
class Reminder:
    """A ladder step (days from the due date) and the day it is sent."""

    step: int
    on: date


def reminder_days(
    *,
    due: date,
    steps: Sequence[int],
    calendar: Calendar,
    stop: str | None = None,
    issued: date | None = None,
    paid_on: date | None = None,
    paused_until: date | None = None,
    min_gap: int = 0,
) -> list[Reminder]:
    """The days on which the ladder sends, if nothing else happens.

    Steps before the due date move to the working day before, others to the one after. None while there is a
    `stop` reason; none before `issued`, from `paid_on` on, or up to and including `paused_until`: those steps
    are dropped. A step less than `min_gap` days after the last one sent waits until then; one send per day,
    the later step wins.
    """
    if stop:
        return []
    sent: list[Reminder] = []
    for step in sorted(steps):
        day = add_days(due, step)
        on = calendar.preceding(day) if step < 0 else calendar.following(day)
        if (issued and on < issued) or (paused_until and on <= paused_until):
            continue
        if sent and (on - sent[-1].on).days < min_gap:
            on = calendar.following(add_days(sent[-1].on, min_gap))
        if paid_on and on >= paid_on:
            break
        if sent and sent[-1].on >= on:
            sent.pop()
        sent.append(Reminder(step, on))
    return sent
