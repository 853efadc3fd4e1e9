"""Interest on late money: simple at a dated reference rate plus a margin, or compound by months (India).

Rates are inputs with dates, never constants here. Sources: Directive 2011/7/EU art. 2, 3 and 6; UK Late
Payment of Commercial Debts (Interest) Act 1998; Indian MSMED Act 2006 s.15-16. Interest is summed unrounded
and rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from core.dates import add_months
from core.errors import Invalid
from core.money import round_money

DatedRate = tuple[date, Decimal]
RateMode = Literal["floating", "fixed"]
FixedSum = Literal["EU", "UK"]
_DAY = timedelta(days=1)
# UK 1998 Act s.5A: 40 below 1,000, 70 below 10,000, 100 from there.
_UK_BANDS = ((Decimal(1000), Decimal(40)), (Decimal(10000), Decimal(70)))
_UK_TOP = Decimal(100)
_EU_FIXED = Decimal(40)


@dataclass(frozen=True)
class LateInterest:
    """What a late payer owes besides the debt; amounts in the debt's currency."""

    days_late: int
    interest: Decimal
    compensation: Decimal
    total: Decimal


@dataclass(frozen=True)
class Piece:
    """Days of one rate and one principal, both ends included: `percent` a year, `amount` unrounded."""

    start: date
    end: date
    principal: Decimal
    percent: Fraction
    amount: Fraction

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class MsmedInterest:
    """Compound interest with monthly rests: the full months, the days of the broken one, the sum."""

    full_months: int
    stub_days: int
    interest: Decimal


def rate_on(rates: Sequence[DatedRate], day: date) -> Decimal:
    """The rate in force on a day: the last one whose date is not after it. None entered: `Invalid`."""
    valid = [pair for pair in rates if pair[0] <= day]
    if not valid:
        raise Invalid(
            f"No reference rate is entered for {day.isoformat()}.",
            field="reference_rates",
            rule="reference_rate_is_entered",
            mend="Enter the published rate and the day it applies from.",
        )
    return max(valid, key=lambda pair: pair[0])[1]


def reference_rate(rates: Sequence[DatedRate], day: date) -> Decimal:
    """The rate of the half-year: the one in force on 1 January or 1 July (Directive 2011/7/EU art. 2(7))."""
    start = date(day.year, 7 if day.month > 6 else 1, 1)
    known = any(since <= start for since, _ in rates)
    return rate_on(rates, start if known else day)


def late_interest(
    *,
    principal: Decimal,
    due: date,
    until: date,
    reference_rates: Sequence[DatedRate],
    currency: str,
    margin: Decimal = Decimal(8),
    rate_mode: RateMode = "floating",
    basis: int = 365,
    compensation: FixedSum | None = None,
    payments: Sequence[tuple[date, Decimal]] = (),
) -> LateInterest:
    """Simple interest from the day after `due` to `until` inclusive, at reference + `margin` percent a year.

    `floating` follows the half-years, `fixed` keeps the rate of the first late day (UK). A payment lowers the
    principal from the day after it; no interest on interest. `basis` is days per year. `compensation` adds
    the fixed sum of the law once the debt is late.
    """
    if principal < 0 or basis <= 0:
        raise Invalid(
            "Principal and day basis are not negative.", field="principal", rule="principal_not_negative"
        )
    pieces = interest_pieces(
        principal=principal,
        due=due,
        until=until,
        reference_rates=reference_rates,
        margin=margin,
        rate_mode=rate_mode,
        basis=basis,
        payments=payments,
    )
    days_late = max(0, (until - due).days)
    late = principal - sum(value for on, value in payments if on <= due)
    fixed = fixed_sum(compensation, late) if days_late and late > 0 else Decimal(0)
    interest = round_money(sum((piece.amount for piece in pieces), Fraction(0)), currency)
    fixed = round_money(fixed, currency)
    return LateInterest(days_late, interest, fixed, interest + fixed)


def interest_pieces(
    *,
    principal: Decimal,
    due: date,
    until: date,
    reference_rates: Sequence[DatedRate],
    margin: Decimal = Decimal(8),
    rate_mode: RateMode = "floating",
    basis: int = 365,
    payments: Sequence[tuple[date, Decimal]] = (),
) -> list[Piece]:
    """The working of `late_interest`, one piece for each stretch in which rate and principal stand still.

    A rate below nothing (a negative base rate) asks for nothing.
    """
    if until <= due:
        return []
    frozen = reference_rate(reference_rates, due + _DAY) if rate_mode == "fixed" else None
    pieces = []
    for start, end in _spans(due + _DAY, until, [on for on, _ in payments]):
        owed = max(Decimal(0), principal - sum(value for on, value in payments if on < start))
        if not owed:
            break
        reference = frozen if frozen is not None else reference_rate(reference_rates, start)
        percent = max(Fraction(0), Fraction(reference) + Fraction(margin))
        days = (end - start).days + 1
        pieces.append(Piece(start, end, owed, percent, Fraction(owed) * percent / 100 * days / basis))
    return pieces


def _spans(first: date, last: date, payments: Sequence[date]) -> list[tuple[date, date]]:
    """The days from first to last, cut at half-years and after payments: nothing changes within a span."""
    cuts = {date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 7)}
    cuts |= {on + _DAY for on in payments}
    starts = sorted({first, *(cut for cut in cuts if first < cut <= last)}) if first <= last else []
    ends = [*(start - _DAY for start in starts[1:]), last]
    return list(zip(starts, ends[: len(starts)], strict=True))


def fixed_sum(kind: FixedSum | None, debt: Decimal) -> Decimal:
    """The fixed sum of the law for one late debt, in euros (EU) or pounds (UK)."""
    if kind == "EU":
        return _EU_FIXED
    if kind == "UK":
        return next((fixed for below, fixed in _UK_BANDS if debt < below), _UK_TOP)
    return Decimal(0)


def msmed_interest(
    *, principal: Decimal, due: date, until: date, bank_rates: Sequence[DatedRate], currency: str = "INR"
) -> MsmedInterest:
    """Compound interest at three times the bank rate with monthly rests, counted from the day after `due`.

    The bank rate at the start of each rest holds for it; the broken last month is simple, days/365. Only for
    debts to micro and small enterprises.
    """
    pieces = msmed_pieces(principal=principal, due=due, until=until, bank_rates=bank_rates)
    months = sum(1 for piece in pieces if _is_whole_month(piece, due))
    stub = sum(piece.days for piece in pieces if not _is_whole_month(piece, due))
    total = sum((piece.amount for piece in pieces), Fraction(0))
    return MsmedInterest(months, stub, round_money(total, currency))


def msmed_pieces(
    *,
    principal: Decimal,
    due: date,
    until: date,
    bank_rates: Sequence[DatedRate],
    payments: Sequence[tuple[date, Decimal]] = (),
) -> list[Piece]:
    """The working of `msmed_interest`: a piece for each month, cut where a payment lowered the debt.

    What has accrued by a rest bears interest after it. In a month with a payment its interest is shared by
    days; `principal` of a piece includes what accrued before. When the debt is paid, interest stands still.
    """
    first, number = due + _DAY, 0
    accrued = Fraction(0)
    pieces: list[Piece] = []
    while add_months(first, number) <= until:
        start = add_months(first, number)
        end = add_months(first, number + 1) - _DAY
        percent = _three_times(bank_rates, start) * 100
        year = Fraction((end - start).days + 1) * 12 if end <= until else Fraction(365)
        month = _month(
            (start, min(end, until)),
            principal=Fraction(principal),
            accrued=accrued,
            percent=percent,
            year=year,
            payments=payments,
        )
        accrued += sum((piece.amount for piece in month), Fraction(0))
        pieces += month
        number += 1
    return pieces


def _month(
    days: tuple[date, date],
    *,
    principal: Fraction,
    accrued: Fraction,
    percent: Fraction,
    year: Fraction,
    payments: Sequence[tuple[date, Decimal]],
) -> list[Piece]:
    """The pieces between two rests; `year` is how many such days make one."""
    start, end = days
    cuts = sorted({start, *(on + _DAY for on, _ in payments if start < on + _DAY <= end)})
    found = []
    for begin, last in zip(cuts, [*(cut - _DAY for cut in cuts[1:]), end], strict=True):
        paid = sum((Fraction(value) for on, value in payments if on < begin), Fraction(0))
        if paid >= principal:
            break
        owed = principal - paid + accrued
        amount = owed * percent / 100 * ((last - begin).days + 1) / year
        found.append(Piece(begin, last, round_money(owed, "INR"), percent, amount))
    return found


def _is_whole_month(piece: Piece, due: date) -> bool:
    first = due + _DAY
    months = (piece.start.year - first.year) * 12 + piece.start.month - first.month
    return any(
        piece.start == add_months(first, n) and piece.end == add_months(first, n + 1) - _DAY
        for n in (months - 1, months, months + 1)
    )


def _three_times(rates: Sequence[DatedRate], day: date) -> Fraction:
    return 3 * Fraction(rate_on(rates, day)) / 100
