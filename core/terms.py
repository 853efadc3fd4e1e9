"""Payment terms: a small language that turns a base date into a due date; and instalments.

terms := step+ ["/" adjustment]           steps work from left to right, starting from the base date
NET n, +nD   n calendar days later        +nM      n months later, clamped to the month's end
+nBD         n working days later         EOM      the last day of the month
DAYd         day d of the month (clamped; may be earlier)
NEXTd1,d2    the next of these days of a month, the day itself included (clamped)
CUTd         after day d of the month: the 1st of the next month
/F following working day    /MF following, but never into another month    /P preceding working day
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from core.calendars import Calendar, MissingCalendarYear
from core.dates import add_days, add_months, day_of_month, in_words, month_end
from core.errors import Invalid
from core.money import amount, split, unit

MOST_DAYS = 3660
MOST_MONTHS = 120
LONGEST = 120
EXAMPLES = "NET 30, +1M EOM, CUT12 +1M DAY20, NET 30/MF"


@dataclass(frozen=True)
class Step:
    """One step: `kind` NET, D, M, BD, EOM, DAY, NEXT or CUT, with its numbers."""

    kind: str
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        digits = ",".join(str(number) for number in self.numbers)
        if self.kind == "NET":
            return f"NET {digits}"
        return f"+{digits}{self.kind}" if self.kind in ("D", "M", "BD") else f"{self.kind}{digits}"


@dataclass(frozen=True)
class Terms:
    """Parsed payment terms. `str()` writes them in their one canonical form."""

    steps: tuple[Step, ...]
    adjustment: str = ""

    def __str__(self) -> str:
        words = " ".join(str(step) for step in self.steps)
        return f"{words}/{self.adjustment}" if self.adjustment else words

    @property
    def needs_calendar(self) -> bool:
        """Whether working days matter for the result."""
        return bool(self.adjustment) or any(step.kind == "BD" for step in self.steps)


_STEP = re.compile(
    r"NET\s*(?P<NET>\d+)|\+(?P<D>\d+)D|\+(?P<M>\d+)M|\+(?P<BD>\d+)BD|(?P<EOM>EOM)"
    r"|DAY(?P<DAY>\d+)|NEXT(?P<NEXT>\d+(?:,\d+)*)|CUT(?P<CUT>\d+)",
    re.ASCII,
)
_ADJUSTMENT = re.compile(r"/\s*(MF|F|P)\s*$", re.ASCII)
_END_OF_MONTH = re.compile(
    r"(\d+)\s*(?:DAYS?|D)?\s*(?:FROM |AFTER )?\s*(?:THE )?(?:END OF (?:THE )?MONTH|EOM)$"
)
_PLAIN_DAYS = re.compile(r"(?:NET\s*)?(\d+)\s*(?:DAYS?|D)?(?:\s*NET)?$")


def parse_terms(text: str) -> Terms:
    """Read payment terms; case does not matter. `Invalid` names the step, its position and the mend."""
    if len(text) > LONGEST:
        raise Invalid(
            f"Payment terms are at most {LONGEST} characters long.",
            field="terms",
            rule="terms_are_short",
            mend=f"For example {EXAMPLES}.",
        )
    source = text.upper().rstrip()
    steps: list[Step] = []
    at = _skip_spaces(source, 0)
    while at < len(source) and source[at] != "/":
        match = _STEP.match(source, at)
        if match is None or (match.end() < len(source) and source[match.end()] not in " \t/"):
            raise _unreadable(text, source, at, len(steps) + 1)
        steps.append(_checked(match, text, at, len(steps) + 1))
        at = _skip_spaces(source, match.end())
    if not steps:
        raise Invalid(
            "Payment terms need at least one step.",
            field="terms",
            rule="terms_have_a_step",
            mend=f"For example {EXAMPLES}.",
        )
    if at == len(source):
        return Terms(tuple(steps))
    adjustment = _ADJUSTMENT.match(source, at)
    if adjustment is None:
        raise Invalid(
            f"“{text[at:].strip()}” at position {at + 1} of “{text}” is no adjustment for days off.",
            field="terms",
            rule="terms_adjustment_is_known",
            mend="End with /F (following working day), /MF (following, same month) or /P (preceding).",
        )
    return Terms(tuple(steps), adjustment.group(1))


def readings(phrase: str) -> tuple[str, ...]:
    """The terms a phrase of plain language can mean. More than one: a person must choose.

    “30 days end of month” has two readings and both are used (French Code de commerce L441-10 allows either).
    """
    words = " ".join(phrase.upper().split())
    if found := _END_OF_MONTH.match(words):
        return (f"+{int(found.group(1))}D EOM", f"EOM +{int(found.group(1))}D")
    if found := _PLAIN_DAYS.match(words):
        return (f"NET {int(found.group(1))}",)
    if words in ("DUE ON RECEIPT", "ON RECEIPT", "IMMEDIATE", "IMMEDIATELY", "CASH"):
        return ("NET 0",)
    return ()


def due_on(base: date, terms: Terms | str, *, calendar: Calendar | None = None) -> date:
    """The day money is due, counted from `base`.

    `calendar` is needed for working days (+nBD, /F, /MF, /P); without it, or without the year's holidays,
    `MissingCalendarYear` is raised, because a guess would be a wrong due date.
    """
    return _walk(base, terms, calendar)[0]


def explain(base: date, terms: Terms | str, *, calendar: Calendar | None = None) -> str:
    """Why the due date is what it is, step by step in words with weekdays. Errors as in `due_on`."""
    due, reasons = _walk(base, terms, calendar)
    return f"{in_words(due)}: counted from {in_words(base)}, {'; '.join(reasons)}."


# Many documents of a day have the same terms.
@lru_cache(maxsize=1024)
def _walk(base: date, terms: Terms | str, calendar: Calendar | None) -> tuple[date, tuple[str, ...]]:
    terms = parse_terms(terms) if isinstance(terms, str) else terms
    if terms.needs_calendar and calendar is None:
        raise MissingCalendarYear(
            f"The terms “{terms}” ask for working days, but no holiday calendar was given.",
            field="calendar",
            rule="calendar_is_given",
            mend="Choose the holiday calendar of the selling company.",
        )
    day, reasons = base, []
    for step in terms.steps:
        day, words = _STEPS[step.kind](day, step.numbers, calendar)
        reasons.append(f"{words} is {in_words(day)}")
    if terms.adjustment and calendar is not None:
        move, words = _ADJUSTMENTS[terms.adjustment]
        moved = move(calendar, day)
        if moved != day:
            reasons.append(f"that is not a working day, so {words}, {in_words(moved)}")
        day = moved
    return day, tuple(reasons)


_StepFunction = Callable[[date, tuple[int, ...], Calendar | None], tuple[date, str]]


def _days(day: date, numbers: tuple[int, ...], _: Calendar | None) -> tuple[date, str]:
    return add_days(day, numbers[0]), _count(numbers[0], "day") + " later"


def _months(day: date, numbers: tuple[int, ...], _: Calendar | None) -> tuple[date, str]:
    return add_months(day, numbers[0]), _count(numbers[0], "month") + " later"


def _business_days(day: date, numbers: tuple[int, ...], calendar: Calendar | None) -> tuple[date, str]:
    if calendar is None:
        raise AssertionError("the caller has checked that there is a calendar")
    return calendar.add_business_days(day, numbers[0]), _count(numbers[0], "working day") + " later"


def _end_of_month(day: date, _: tuple[int, ...], __: Calendar | None) -> tuple[date, str]:
    return month_end(day), "the end of that month"


def _day(day: date, numbers: tuple[int, ...], _: Calendar | None) -> tuple[date, str]:
    return day_of_month(day, numbers[0]), f"day {numbers[0]} of that month"


def _next_day(day: date, numbers: tuple[int, ...], _: Calendar | None) -> tuple[date, str]:
    first = add_months(day.replace(day=1), 1)
    here = [day_of_month(day, number) for number in numbers]
    later = [day_of_month(first, number) for number in numbers]
    listed = " or ".join(str(number) for number in numbers)
    return min(found for found in here + later if found >= day), f"the next day {listed} of a month"


def _cut(day: date, numbers: tuple[int, ...], _: Calendar | None) -> tuple[date, str]:
    if day.day <= numbers[0]:
        return day, f"not after the cut-off on day {numbers[0]}, the date kept"
    return add_months(
        day.replace(day=1), 1
    ), f"after the cut-off on day {numbers[0]}, the 1st of the next month"


_STEPS: dict[str, _StepFunction] = {
    "NET": _days,
    "D": _days,
    "M": _months,
    "BD": _business_days,
    "EOM": _end_of_month,
    "DAY": _day,
    "NEXT": _next_day,
    "CUT": _cut,
}
_ADJUSTMENTS: dict[str, tuple[Callable[[Calendar, date], date], str]] = {
    "F": (Calendar.following, "the following working day"),
    "MF": (Calendar.modified_following, "the nearest working day in the same month"),
    "P": (Calendar.preceding, "the preceding working day"),
}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _skip_spaces(source: str, at: int) -> int:
    while at < len(source) and source[at] in " \t":
        at += 1
    return at


def _checked(match: re.Match[str], text: str, at: int, position: int) -> Step:
    kind = str(match.lastgroup)
    found = match.group(kind)
    numbers = () if kind == "EOM" else tuple(int(number) for number in found.split(","))
    if kind in ("DAY", "NEXT", "CUT"):
        low, high, what = 1, 31, "a day of the month"
    else:
        low, high, what = 0, MOST_MONTHS if kind == "M" else MOST_DAYS, "a number"
    if any(not low <= number <= high for number in numbers):
        raise Invalid(
            f"Step {position} “{match.group(0)}” at position {at + 1} of “{text}” is out of range.",
            field="terms",
            rule="terms_number_in_range",
            mend=f"Give {what} from {low} to {high}.",
        )
    if kind == "NEXT":
        numbers = tuple(sorted(set(numbers)))
    return Step(kind, numbers)


def _unreadable(text: str, source: str, at: int, position: int) -> Invalid:
    wrong = re.split(r"[\s/]", source[at:], maxsplit=1)[0]
    meant = readings(text)
    if len(meant) > 1:
        mend = f"“{text.strip()}” can be read in two ways: choose {' or '.join(meant)}."
    elif meant:
        mend = f"Write {meant[0]}."
    else:
        mend = f"Steps are NET n, +nD, +nM, +nBD, EOM, DAYd, NEXTd,d and CUTd; for example {EXAMPLES}."
    return Invalid(
        f"Step {position} “{wrong}” at position {at + 1} of “{text}” is not understood.",
        field="terms",
        rule="terms_step_is_known",
        mend=mend,
    )


@dataclass(frozen=True)
class Instalment:
    """Part `number` (from 1) of a total: its due day and its amount in the document's currency."""

    number: int
    due_on: date
    amount: Decimal


def check_percentages(percentages: Sequence[Decimal]) -> None:
    """Refuse instalments that are not each above zero and together exactly 100 percent."""
    total = sum(percentages, Decimal(0))
    if total != 100 or any(percentage <= 0 for percentage in percentages):
        raise Invalid(
            f"The instalments add up to {total} %, not to 100 %."
            if total != 100
            else "An instalment is 0 % or less.",
            field="instalments",
            rule="percentages_must_sum_to_100",
            mend="For three equal parts use 33.33, 33.33 and 33.34.",
        )


def instalments(
    total: Decimal,
    base: date,
    schedule: Sequence[tuple[Decimal, Terms | str]],
    currency: str,
    *,
    calendar: Calendar | None = None,
) -> list[Instalment]:
    """Split `total` over (percent, terms) pairs, losing no cent (largest remainder).

    Percentages must be above 0 and add up to exactly 100 (`Invalid`, rule percentages_must_sum_to_100).
    """
    check_percentages([percentage for percentage, _ in schedule])
    total = amount(total, currency, field="total")
    parts = split(total, [percentage for percentage, _ in schedule], unit=unit(currency))
    return [
        Instalment(number, due_on(base, terms, calendar=calendar), part)
        for number, ((_, terms), part) in enumerate(zip(schedule, parts, strict=True), start=1)
    ]
