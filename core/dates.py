"""Calendar arithmetic that clamps at month ends, and dates in words."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from core.errors import Invalid

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip


EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)


def is_plausible(day: date) -> bool:
    """Whether the day can be one of a document or a payment: not the year 1, not the year 9999."""
    return EARLIEST <= day <= LATEST


def month_end(day: date) -> date:
    """The last day of the month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def day_of_month(day: date, number: int) -> date:
    """Day `number` of the month `day` is in, or its last day when the month is shorter."""
    return day.replace(day=min(number, calendar.monthrange(day.year, day.month)[1]))


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier), clamped to the month's end: 31 Jan + 1 is 28 or 29 Feb."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= years <= date.max.year:
        raise _beyond(day)
    return day_of_month(date(years, month + 1, 1), day.day)


def add_days(day: date, days: int) -> date:
    """So many calendar days later (or earlier). Beyond the year 9999 is refused with `Invalid`."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise _beyond(day) from None


def weekday_name(day: date) -> str:
    """Its weekday in English."""
    return _WEEKDAYS[day.weekday()]


def in_words(day: date) -> str:
    """The day with its weekday: 'Sunday 2 March 2025'."""
    return f"{weekday_name(day)} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _beyond(day: date) -> Invalid:
    return Invalid(
        f"Counting from {day.isoformat()} leaves the years 1 to 9999.",
        field="terms",
        rule="date_is_in_range",
        mend="Use fewer days or months.",
    )
