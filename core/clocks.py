"""Clocks that run in business hours only: when an inquiry or a dispute must be answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from core.calendars import Calendar
from core.errors import Invalid

_DAY = timedelta(days=1)


def sla_deadline(
    *,
    start: datetime,
    minutes: int,
    opens: time,
    closes: time,
    calendar: Calendar,
    pauses: Sequence[tuple[datetime, datetime]] = (),
) -> datetime:
    """The moment `minutes` of business time after `start` have passed.

    Time counts in [opens, closes) on working days and outside `pauses` ([from, to]). A deadline may be the
    closing time itself. All moments are in the owner's local time, without a zone or all in one.
    """
    if closes <= opens or minutes < 0:
        raise Invalid("Business hours end after they begin.", field="hours", rule="business_hours_in_order")
    left = timedelta(minutes=minutes)
    day, moment = start.date(), start
    while True:
        if calendar.is_business_day(day):
            opening = datetime.combine(day, opens, start.tzinfo)
            closing = datetime.combine(day, closes, start.tzinfo)
            for begin, end in _running(max(moment, opening), closing, pauses):
                if end - begin >= left:
                    return begin + left
                left -= end - begin
        day += _DAY
        moment = datetime.combine(day, time.min, start.tzinfo)


def business_minutes(
    *,
    start: datetime,
    end: datetime,
    opens: time,
    closes: time,
    calendar: Calendar,
    pauses: Sequence[tuple[datetime, datetime]] = (),
) -> int:
    """Minutes of business time between two moments, outside `pauses`; 0 when `end` is earlier."""
    total, day = timedelta(0), start.date()
    while day <= end.date():
        if calendar.is_business_day(day):
            opening = max(start, datetime.combine(day, opens, start.tzinfo))
            closing = min(end, datetime.combine(day, closes, start.tzinfo))
            total += sum((until - begin for begin, until in _running(opening, closing, pauses)), timedelta(0))
        day += _DAY
    return int(total.total_seconds() // 60)


def _running(
    begin: datetime, end: datetime, pauses: Sequence[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    """The stretches of [begin, end) outside the pauses."""
    stretches = []
    for paused_from, paused_to in sorted(pauses):
        if paused_to <= begin or paused_from >= end:
            continue
        if paused_from > begin:
            stretches.append((begin, paused_from))
        begin = max(begin, paused_to)
    return [*stretches, (begin, end)] if begin < end else stretches
