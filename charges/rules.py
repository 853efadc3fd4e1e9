"""What a late payer may be charged: by which regime, from which debt, for which days. Pure.

Sources: Directive 2011/7/EU art. 3 and 6 and CJEU C-78/22 (a fixed sum for each late instalment); § 288 BGB;
UK Late Payment of Commercial Debts (Interest) Act 1998; MSMED Act 2006 s. 15-16. Consumers are charged only
where the law names a rate for them (§ 288 (1) BGB: five points), never a fixed sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from core.errors import Invalid, Refused
from core.interest import DatedRate, Piece, RateMode, fixed_sum, interest_pieces, msmed_pieces
from core.money import apportion, round_money, unit

INTEREST, FIXED_SUM, FEE = "interest", "fixed_sum", "fee"
KINDS = (INTEREST, FIXED_SUM)
"""What a person may charge; a fee belongs to a reminder step."""

SOURCES = {
    "ECB": "European Central Bank, main refinancing operations",
    "DE": "Deutsche Bundesbank, base rate (§ 247 BGB)",
    "BOE": "Bank of England, bank rate",
    "RBI": "Reserve Bank of India, bank rate",
}
_SOURCE_OF = {"EU": "ECB", "DE": "DE", "UK": "BOE", "MSMED": "RBI", "contract": ""}
# Sources whose rate of 1 January and 1 July holds for the half-year.
HALF_YEARS = frozenset({"ECB", "DE", "BOE"})
_CONSUMER_MARGIN = Decimal(5)
_DAY = timedelta(days=1)

# Below this nothing is charged: asking for it costs more than it brings. By currency, else five.
_SMALLEST = {"INR": Decimal(100), "JPY": Decimal(500), "HUF": Decimal(1500), "CZK": Decimal(100)}
FIXED_CURRENCY = {"EU": "EUR", "UK": "GBP"}
_FIXED_OF = {"EU": "EU", "DE": "EU", "UK": "UK"}


class NotChargeable(Refused):
    """Nothing may be charged here: the law, the policy or the state of the debt forbids it."""


@dataclass(frozen=True)
class Terms:
    """The clause as it is applied: a regime, points above the reference (or the rate itself), days a year."""

    regime: str
    margin: Decimal
    basis: int
    fixed: str
    is_consumer: bool = False

    @property
    def source(self) -> str:
        """The reference rate it needs; "" for an agreed rate."""
        return _SOURCE_OF[self.regime]


@dataclass(frozen=True)
class StepCharge:
    """What a reminder step charges: its `day`, for the instalments of these open items, and the `fee` its
    policy names, in `currency`."""

    day: int
    items: frozenset[int]
    fee: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True)
class Debt:
    """One instalment: what was owed, less what was never rightly owed, and when it was paid down.

    `excluded` is disputed today: while that lasts it bears no interest; rejected, it is caught up.
    """

    key: int
    due: date
    amount: Decimal
    payments: tuple[tuple[date, Decimal], ...] = ()
    excluded: Decimal = Decimal(0)

    @property
    def principal(self) -> Decimal:
        """What bears interest from the day after it was due."""
        return max(Decimal(0), self.amount - self.excluded)


@dataclass(frozen=True)
class Row:
    """One line of the working: days, principal, percent a year, and its share of the rounded sum."""

    start: date
    end: date
    days: int
    principal: Decimal
    percent: Decimal
    amount: Decimal


def terms_for(clause: Terms, *, consumer: bool) -> Terms:
    """The clause for this kind of customer. Consumers outside § 288 (1) BGB are refused."""
    if not consumer:
        return clause
    if clause.regime != "DE":
        raise NotChargeable(
            "A consumer is not charged by rules made for businesses.",
            rule="a_consumer_is_charged_only_where_the_law_says_so",
            mend="Ask the legal adviser what may be agreed with consumers in this country.",
        )
    return Terms("DE", min(clause.margin, _CONSUMER_MARGIN), clause.basis, "", is_consumer=True)


def smallest(currency: str) -> Decimal:
    """The least a charge comes to."""
    return _SMALLEST.get(currency, Decimal(5))


def working(terms: Terms, debt: Debt, until: date, rates: Sequence[DatedRate], currency: str) -> list[Row]:
    """The interest of one instalment from the day after it was due to `until`, row by row.

    The rows add up to the sum rounded once. Refused where a half-year has no rate entered.
    """
    if until <= debt.due or not debt.principal:
        return []
    _refuse_missing_rates(terms.source, debt.due + _DAY, until, rates)
    pieces = _pieces(terms, debt, until, rates)
    total = round_money(sum((piece.amount for piece in pieces), Fraction(0)), currency)
    shares = apportion([piece.amount for piece in pieces], total, unit=unit(currency))
    return [
        Row(piece.start, piece.end, piece.days, piece.principal, _percent(piece.percent), share)
        for piece, share in zip(pieces, shares, strict=True)
    ]


def _pieces(terms: Terms, debt: Debt, until: date, rates: Sequence[DatedRate]) -> list[Piece]:
    if terms.regime == "MSMED":
        return msmed_pieces(
            principal=debt.principal, due=debt.due, until=until, bank_rates=rates, payments=debt.payments
        )
    mode: RateMode = "fixed" if terms.regime == "UK" else "floating"
    return interest_pieces(
        principal=debt.principal,
        due=debt.due,
        until=until,
        reference_rates=rates if terms.source else [(date.min, Decimal(0))],
        margin=terms.margin,
        rate_mode=mode,
        basis=terms.basis,
        payments=debt.payments,
    )


def _refuse_missing_rates(source: str, first: date, last: date, rates: Sequence[DatedRate]) -> None:
    """Every half-year needs its own entry: a rate nobody entered is not the one before."""
    if source not in HALF_YEARS:
        return
    known = {day for day, _ in rates}
    needed = [first] if source == "BOE" else [first, *_half_years(first, last)]
    for day in needed:
        start = date(day.year, 7 if day.month > 6 else 1, 1)
        if start not in known:
            raise Invalid(
                f"The reference rate of {SOURCES[source]} from {start.isoformat()} is not entered.",
                field="reference_rates",
                rule="reference_rate_is_entered",
                mend="Enter it under Late charges, Reference rates, with its source.",
            )


def _half_years(first: date, last: date) -> list[date]:
    starts = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 7)]
    return [start for start in starts if first < start <= last]


def _percent(percent: Fraction) -> Decimal:
    return (Decimal(percent.numerator) / Decimal(percent.denominator)).normalize()


def fixed_sum_of(terms: Terms, debt: Debt, until: date) -> tuple[Decimal, str]:
    """The fixed sum for one late instalment and its currency; nothing when it was paid in time.

    It is due without a reminder, for each late instalment; what is disputed does not count.
    """
    late = _late(debt, until)
    if terms.fixed not in FIXED_CURRENCY or not late:
        return Decimal(0), ""
    return fixed_sum("UK" if terms.fixed == "UK" else "EU", late), FIXED_CURRENCY[terms.fixed]


def fee_limit(terms: Terms, debt: Debt, until: date) -> tuple[Decimal | None, str]:
    """The most that reminder fees and the fixed sum of one instalment come to together, and its currency.

    Where a law fixes a sum, that sum; under an agreed rate what the policy names (None), unless the policy
    names a law's sum. Nothing from consumers, from whom the law of no country here takes a fee without proof
    of the cost, nothing under the MSMED Act, and nothing for what was paid in time.
    """
    late = _late(debt, until)
    fixed = terms.fixed or _FIXED_OF.get(terms.regime, "")
    if terms.is_consumer or terms.regime == "MSMED" or not late:
        return Decimal(0), ""
    if fixed not in FIXED_CURRENCY:
        return None, ""
    return fixed_sum("UK" if fixed == "UK" else "EU", late), FIXED_CURRENCY[fixed]


def _late(debt: Debt, until: date) -> Decimal:
    """What of the principal was not paid by the due day; nothing before it is over."""
    if until <= debt.due:
        return Decimal(0)
    in_time = sum((value for on, value in debt.payments if on <= debt.due), Decimal(0))
    return max(Decimal(0), debt.principal - in_time)


def still_to_charge(
    rows: Sequence[Row], charged: Decimal, charged_until: date | None
) -> tuple[list[Row], Decimal]:
    """(rows for days not charged yet, correction of those that were).

    The correction is what the charged days come to today, less what was charged: more when a payment bounced
    or a dispute was rejected, less (negative) when a payment was entered late.
    """
    if charged_until is None:
        return list(rows), Decimal(0)
    fresh, before = [], Decimal(0)
    for row in rows:
        if row.start > charged_until:
            fresh.append(row)
        elif row.end <= charged_until:
            before += row.amount
        else:
            kept, rest = _cut(row, charged_until)
            before += kept.amount
            fresh.append(rest)
    return fresh, before - charged


def _cut(row: Row, last: date) -> tuple[Row, Row]:
    """The row in two, its amount shared by days without losing a cent."""
    days = (last - row.start).days + 1
    shares = [Fraction(row.amount) * part / row.days for part in (days, row.days - days)]
    first, second = apportion(shares, row.amount, unit=Decimal(1).scaleb(int(row.amount.as_tuple().exponent)))
    return (
        Row(row.start, last, days, row.principal, row.percent, first),
        Row(last + _DAY, row.end, row.days - days, row.principal, row.percent, second),
    )
