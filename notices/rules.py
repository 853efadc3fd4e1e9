"""When somebody must have been told, and what changed between two texts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from core.calendars import Calendar
from core.clocks import sla_deadline

OPENS, CLOSES = time(9), time(17)
# What happened longer ago is history, like an import or a restored outbox: nobody is told of it any more.
HISTORY = timedelta(days=7)
# How often a failed telling is tried again before a person has to look.
MOST_ATTEMPTS = 8

Diff = list[list[str]]


@dataclass(frozen=True)
class Line:
    """One line of the protocol as it is shipped: see `models.Rule`. `once`: at most once per recipient."""

    code: str
    fact: str
    audience: str
    within: int = 15
    unit: str = "minutes"
    roles: tuple[str, ...] = field(default=())
    situation: str = ""
    words: str = ""
    must_read: bool = False
    reason: str = ""


def deadline(happened: datetime, within: int, unit: str, calendar: Calendar) -> datetime:
    """By when it must be told: minutes run on, business hours from 9 to 17 on working days.

    `happened` is in the company's zone where the unit is business hours.
    """
    if unit == "minutes":
        return happened + timedelta(minutes=within)
    return sla_deadline(start=happened, minutes=within * 60, opens=OPENS, closes=CLOSES, calendar=calendar)


def text_diff(before: str, after: str, name: str) -> Diff:
    """[[name, before, after]] where they differ, paragraph by paragraph where both have as many."""
    if before == after:
        return []
    old, new = before.split("\n\n"), after.split("\n\n")
    if len(old) != len(new):
        return [[name, before, after]]
    return [
        [f"{name}, paragraph {at}" if len(old) > 1 else name, was, now]
        for at, (was, now) in enumerate(zip(old, new, strict=True), start=1)
        if was != now
    ]


def uncovered(facts: Iterable[str], covered: Iterable[str]) -> list[str]:
    """Facts that no line of the protocol names, in order."""
    return sorted(set(facts) - set(covered))


def filled(words: str, values: Mapping[str, object]) -> str:
    """The words of a notice with {names} replaced; a name without a value is left out."""
    for name, value in values.items():
        words = words.replace("{" + name + "}", str(value))
    return words
