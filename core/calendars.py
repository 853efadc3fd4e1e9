"""Working days: weekends and dated holidays. A year nobody entered is an error, not one without holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.dates import add_days
from core.errors import Invalid


class MissingCalendarYear(Invalid):
    """The holidays of a year are needed, and nobody has entered them."""


@dataclass(frozen=True)
class Calendar:
    """Holidays of a country or region, for the years that have been entered.

    `weekend` holds weekday numbers, Monday = 0. `name` is for messages. Every question about a day in a
    year not in `years` raises `MissingCalendarYear`.
    """

    holidays: frozenset[date]
    years: frozenset[int]
    weekend: tuple[int, ...] = (5, 6)
    name: str = ""

    def __post_init__(self) -> None:
        if not set(self.weekend) <= set(range(7)) or len(set(self.weekend)) > 6:
            raise Invalid(
                "A weekend is some of the weekdays 0 (Monday) to 6 (Sunday), never all of them.",
                field="weekend",
                rule="calendar_has_working_days",
                mend="For example 5 and 6 for Saturday and Sunday.",
            )

    def is_business_day(self, day: date) -> bool:
        """Whether people work on that day."""
        if day.year not in self.years:
            raise missing_year(day.year, self.name)
        return day.weekday() not in self.weekend and day not in self.holidays

    def following(self, day: date) -> date:
        """The day itself if it is a working day, else the next one."""
        while not self.is_business_day(day):
            day = add_days(day, 1)
        return day

    def preceding(self, day: date) -> date:
        """The day itself if it is a working day, else the last one before it."""
        while not self.is_business_day(day):
            day = add_days(day, -1)
        return day

    def modified_following(self, day: date) -> date:
        """The following working day, unless that is in another month: then the preceding one."""
        after = self.following(day)
        return after if after.month == day.month else self.preceding(day)

    def add_business_days(self, day: date, count: int) -> date:
        """So many working days later (earlier if negative). 0 leaves the day as it is, working or not."""
        step = 1 if count >= 0 else -1
        for _ in range(abs(count)):
            day = add_days(day, step)
            day = self.following(day) if step > 0 else self.preceding(day)
        return day


def missing_year(year: int, name: str = "") -> MissingCalendarYear:
    """The refusal for a year without entered holidays."""
    which = f"calendar “{name}”" if name else "holiday calendar"
    return MissingCalendarYear(
        f"The {which} has no holidays entered for {year}, so working days in {year} are not known.",
        field="calendar",
        rule="calendar_year_is_entered",
        mend=f"Enter the public holidays of {year} and their source.",
    )
