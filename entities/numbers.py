"""Document numbers: fiscal years, patterns, and what a country lets a number look like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from core.errors import Invalid

# CGST Rules 46(b); the invoice portal refuses a leading 0, / or - and ignores case (compare upper-cased).
_SCHEMES: dict[str, re.Pattern[str]] = {"IN": re.compile(r"[A-Za-z1-9][A-Za-z0-9/-]{0,15}")}
# Elsewhere the law asks for a unique sequential number only; this keeps it printable and findable.
_ANY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/#-]{0,38}[A-Za-z0-9])?")
_FIELD = re.compile(r"\{([^{}]*)\}")
_COUNTER = re.compile(r"N(?::0?([1-9]))?")
HIGHEST = 99_999


@dataclass(frozen=True)
class NumberCheck:
    """Whether a number may be used; `reason` is format or duplicate when not."""

    valid: bool
    reason: str | None = None


def invoice_number(scheme: str, number: str, existing_same_fy: Iterable[str] = ()) -> NumberCheck:
    """Check a document number against the country's pattern and the numbers used in the same fiscal year.

    `scheme` is a country code; numbers that differ only in case are the same number.
    """
    if not _SCHEMES.get(scheme.upper(), _ANY).fullmatch(number):
        return NumberCheck(valid=False, reason="format")
    if number.upper() in {used.upper() for used in existing_same_fy}:
        return NumberCheck(valid=False, reason="duplicate")
    return NumberCheck(valid=True)


def fiscal_year(on: date, start_month: int = 1) -> str:
    """The label of the fiscal year a day is in: '2026' when it is the calendar year, else '2025-26'."""
    if not 1 <= start_month <= 12:
        raise Invalid(
            "A fiscal year starts in month 1 to 12.", field="start_month", rule="fiscal_year_has_a_month"
        )
    first = on.year if on.month >= start_month else on.year - 1
    return str(first) if start_month == 1 else f"{first}-{(first + 1) % 100:02}"


@dataclass(frozen=True)
class IndiaYear:
    """An Indian financial year and the last day to declare a credit note with tax for its invoices."""

    financial_year: str
    credit_note_cutoff: date


# CGST Act s.34(2): day and month after the year's end; 30 November since the Finance Act 2022.
CREDIT_NOTE_CUTOFF = (11, 30)


def india_fy(on: date) -> IndiaYear:
    """The financial year (1 April to 31 March) of a day. An annual return filed earlier ends it earlier."""
    label = fiscal_year(on, 4)
    return IndiaYear(label, date(int(label[:4]) + 1, *CREDIT_NOTE_CUTOFF))


def format_number(pattern: str, fiscal_year: str, number: int) -> str:
    """The document number: 'INV-{FY}-{N:05}' with '2026' and 7 is 'INV-2026-00007'.

    {FY} is the fiscal year's label, {YY} its last two digits, {N} or {N:05} the counter, which grows wider
    when it must. A pattern without exactly one counter, or with other fields, is `Invalid`.
    """
    counters = 0

    def fill(match: re.Match[str]) -> str:
        nonlocal counters
        field = match.group(1)
        if field in ("FY", "YY"):
            return fiscal_year if field == "FY" else fiscal_year[-2:]
        counter = _COUNTER.fullmatch(field)
        if counter is None:
            raise _bad_pattern(f"“{{{field}}}” in “{pattern}” is not known.")
        counters += 1
        return f"{number:0{counter.group(1) or 1}d}"

    if number < 1:
        raise Invalid("Numbers start at 1.", field="number", rule="number_is_positive")
    result = _FIELD.sub(fill, pattern)
    if counters != 1 or "{" in result or "}" in result:
        raise _bad_pattern(f"“{pattern}” needs exactly one counter.")
    return result


def longest_number(pattern: str, fiscal_year: str, highest: int = HIGHEST) -> str:
    """The number of the last document expected in a fiscal year: the longest there will be."""
    return format_number(pattern, fiscal_year, highest)


def check_pattern(
    pattern: str, fiscal_year: str, *, scheme: str, highest: int = HIGHEST, restarts: bool = True
) -> str:
    """Check a series when it is set up; gives its longest number, or refuses with `Invalid`.

    `highest` is the most documents expected in a year. A series that `restarts` every year needs the year in
    its numbers, else they would repeat.
    """
    longest = longest_number(pattern, fiscal_year, highest)
    if not invoice_number(scheme, longest).valid:
        raise Invalid(
            f"“{longest}”, number {highest:,} of “{pattern}”, is not allowed in {scheme}.",
            field="pattern",
            rule="longest_number_fits",
            mend="Use at most 16 letters, digits, - and /, not 0, - or / first, for example {YY}/{N:05}."
            if scheme.upper() in _SCHEMES
            else "Use at most 40 letters, digits and - / . _ #.",
        )
    if restarts and not re.search(r"\{(FY|YY)\}", pattern):
        raise Invalid(
            f"“{pattern}” would give the same numbers again next year.",
            field="pattern",
            rule="number_is_unique_over_years",
            mend="Put {FY} or {YY} into it, for example INV-{FY}-{N:05}.",
        )
    return longest


def _bad_pattern(message: str) -> Invalid:
    return Invalid(
        message,
        field="pattern",
        rule="pattern_is_understood",
        mend="Use {FY} or {YY} for the year and one {N} or {N:05} for the counter, like INV-{FY}-{N:05}.",
    )
