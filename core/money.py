"""Exact money: exponents, rounding and splitting. No float ever; currencies by ISO 4217 code.

Sources: ISO 4217 list one (minor units); rounding half up as EU Reg. 1103/97, UK VATREC12030 and the Indian
CGST Act s.170 have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Literal, cast

from core.errors import Invalid

Mode = Literal["half_up", "half_even"]
Number = Decimal | Fraction | int

# Everything in ISO 4217 not listed under another exponent has two minor digits.
_TWO = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR
SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU
UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

EXPONENTS: dict[str, int] = {
    code: digits
    for digits, codes in ((0, _ZERO), (2, _TWO), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}


LARGEST = Decimal(10) ** 15
"""Every amount is below it: what our columns hold, and more than anybody bills."""

# No amount, price, quantity or rate of this world has more digits.
LONGEST = 50
# Wide enough that no product or rounding of two of them loses a digit.
_EXACT = Context(prec=4 * LONGEST)
_ROUNDING = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
_UNITS = {digits: Decimal(1).scaleb(-digits) for digits in set(EXPONENTS.values())}


def exponent(currency: str) -> int:
    """How many minor-unit digits the currency has. An unknown code is refused, never taken as 2."""
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise Invalid(
            f"“{currency}” is not an ISO 4217 currency this system knows.",
            field="currency",
            rule="currency_is_known",
            mend="Use the three capital letters of the currency, for example EUR.",
        ) from None


def unit(currency: str) -> Decimal:
    """The smallest amount of the currency: Decimal('0.01') for EUR, Decimal('1') for JPY."""
    return _UNITS[exponent(currency)]


def times(value: Decimal, factor: Decimal) -> Decimal:
    """The exact product: an amount at a rate, before it is rounded once."""
    return _EXACT.multiply(value, factor)


def added(values: Iterable[Decimal]) -> Decimal:
    """The exact sum, however many digits it has."""
    return reduce(_EXACT.add, values, Decimal(0))


def exact(value: Number | str) -> Fraction:
    """The number as an exact fraction. Floats, NaN and infinities are refused with `Invalid`."""
    if isinstance(value, bool) or not isinstance(value, Decimal | Fraction | int | str):
        raise Invalid(
            f"{value!r} is not an exact number.", rule="money_is_exact", mend="Give a decimal string."
        )
    try:
        number = Decimal(value) if isinstance(value, str) else value
        # 1e99999999 is short to write and takes forever to reckon with.
        endless = isinstance(number, Decimal) and not _is_short(number)
        found = None if endless else Fraction(number)
    except (ArithmeticError, ValueError):
        found = None
    if found is None:
        raise Invalid(
            f"“{str(value)[:LONGEST]}” is not a number to reckon with.",
            rule="money_is_exact",
            mend="Write it like 1234.50.",
        )
    return found


def _is_short(value: Decimal) -> bool:
    return value.is_finite() and (not value or abs(value.adjusted()) <= LONGEST)


def _whole(numerator: int, denominator: int, mode: Mode) -> int:
    """The whole number nearest to the quotient; a tie goes away from zero (half_up) or to the even one."""
    doubled, twice = abs(numerator) * 2 + denominator, denominator * 2
    size = doubled // twice
    if mode == "half_even" and size % 2 and not doubled % twice:
        size -= 1
    return size if numerator >= 0 else -size


def round_to(value: Number | str, step: Decimal, *, mode: Mode = "half_up") -> Decimal:
    """The multiple of `step` (> 0) nearest to `value`, with the digits of `step`: 54.32 to 0.05 is 54.30."""
    if step <= 0:
        raise Invalid("Amounts are rounded to a step above zero.", field="step", rule="step_is_positive")
    digits = _places(step)
    if digits is not None:
        # A power of ten: a tenth of the price of dividing fractions, and as exact.
        if isinstance(value, Decimal) and _is_short(value):
            rounded = value.quantize(step, rounding=_ROUNDING[mode], context=_EXACT)
            return rounded or rounded.copy_abs()
        if isinstance(value, Fraction):
            return _digits(_whole(value.numerator * 10**digits, value.denominator, mode), digits)
    steps = exact(value) / Fraction(step)
    shown = max(0, -int(step.as_tuple().exponent))
    return _decimal(_whole(steps.numerator, steps.denominator, mode) * Fraction(step), shown)


def _places(step: Decimal) -> int | None:
    """The decimals of a step that is 1, 0.1, 0.01 and so on; None of any other."""
    _, figures, power = step.as_tuple()
    return -int(power) if figures == (1,) and -LONGEST <= int(power) <= 0 else None


def round_money(value: Number | str, currency: str, *, mode: Mode = "half_up") -> Decimal:
    """`value` in the currency's minor units, rounded once; -2.345 EUR is -2.35: a credit mirrors."""
    return round_to(value, unit(currency), mode=mode)


def is_exact(value: Decimal, currency: str) -> bool:
    """Whether the amount can be written in the currency without rounding."""
    if not value.is_finite():
        return False
    _, digits, power = value.as_tuple()
    beyond = -int(power) - exponent(currency)
    return beyond <= 0 or not any(digits[-beyond:])


def amount(value: Number | str, currency: str, *, field: str = "amount") -> Decimal:
    """An amount someone gave, at the currency's exponent. One with more digits is refused, not rounded."""
    given = value if isinstance(value, Decimal) else exact(value)
    result = round_to(given, unit(currency))
    if result != given:
        raise Invalid(
            f"{value} has more than {exponent(currency)} decimals, which {currency} does not have.",
            field=field,
            rule="amount_fits_currency",
            mend=f"For example {plain(result, currency)}.",
        )
    return result


def plain(value: Decimal, currency: str) -> str:
    """The amount as JSON and snapshots carry it: '1234.50', at the currency's exponent, never '-0.00'."""
    return f"{round_to(value, unit(currency)):f}"


def named(value: Decimal, currency: str) -> str:
    """The amount with its currency for a sentence: '1234.50 EUR'."""
    return f"{plain(value, currency)} {currency}"


def zero(currency: str) -> Decimal:
    """Nothing, at the currency's exponent."""
    return Decimal(0).scaleb(-exponent(currency))


def apportion(shares: Sequence[Number], total: Decimal, *, unit: Decimal) -> list[Decimal]:
    """Round exact `shares`, which add up to about `total`, so that they add up to exactly `total`.

    Each share is rounded down; the units left over go to the largest remainders, earlier shares first on
    a tie. A negative total is the mirror of the positive one. Refused with `Invalid` when `total` is no
    multiple of `unit` or lies a unit per share or more away from the sum of the shares.
    """
    sign = -1 if total < 0 else 1
    counts, one = _in_parts([sign * value for value in (*shares, total)], unit)
    target = counts.pop()
    floors = [count // one for count in counts]
    left = target - sum(floors) * one
    if left % one or not 0 <= left <= len(floors) * one:
        raise Invalid(
            f"{total} cannot be made of these shares in steps of {unit}.", rule="split_loses_nothing"
        )
    order = sorted(range(len(floors)), key=lambda index: (floors[index] * one - counts[index], index))
    for index in order[: left // one]:
        floors[index] += 1
    digits = _places(unit)
    if digits is not None:
        return [_digits(sign * count, digits) for count in floors]
    shown = max(0, -int(unit.as_tuple().exponent))
    return [_decimal(sign * count * Fraction(unit), shown) for count in floors]


def _in_parts(values: Sequence[Number], unit: Decimal) -> tuple[list[int], int]:
    """The values as whole numbers of one small part, and how many of these make a unit."""
    digits = _places(unit)
    if digits is not None and all(isinstance(value, Decimal) and _is_short(value) for value in values):
        # The point is moved: a tenth of the price of dividing fractions, and as exact.
        decimals = cast("Sequence[Decimal]", values)
        most = max(digits, *(-int(value.as_tuple().exponent) for value in decimals))
        return [int(value.scaleb(most, _EXACT)) for value in decimals], 10 ** (most - digits)
    exact_units = [Fraction(value) / Fraction(unit) for value in values]
    one = lcm(*(value.denominator for value in exact_units))
    return [value.numerator * (one // value.denominator) for value in exact_units], one


def split(total: Decimal, weights: Sequence[Decimal], *, unit: Decimal) -> list[Decimal]:
    """Split `total` in proportion to `weights` (none negative), losing no `unit`.

    Each share is rounded towards zero; what is left over goes to the largest remainders, earlier shares
    first on a tie, so every run gives one answer (Hamilton's method). All weights zero: equal parts.
    A weight of 0 among others gets 0. A negative total is the mirror of the positive one.
    """
    if any(weight < 0 for weight in weights):
        raise Invalid(
            "Shares are weighed by numbers of zero or more.", field="weights", rule="weights_not_negative"
        )
    if not weights and total != 0:
        raise Invalid(f"There is nothing to split {total} over.", field="weights", rule="split_loses_nothing")
    if len(weights) == 1 and (whole_total := round_to(total, unit)) == total:
        return [whole_total]
    heavy = [Fraction(weight) for weight in weights]
    if not any(heavy):
        heavy = [Fraction(1)] * len(heavy)
    whole = sum(heavy, Fraction(0))
    return apportion([Fraction(total) * weight / whole for weight in heavy], total, unit=unit)


def _decimal(value: Fraction, digits: int) -> Decimal:
    """A fraction that has at most `digits` decimals, as a Decimal of exactly so many."""
    return _digits((value * 10**digits).numerator, digits)


def _digits(count: int, digits: int) -> Decimal:
    """`count` units of the last of so many decimals: (5432, 2) is 54.32."""
    # Through the text, because scaleb and quantize would round at the context's precision.
    return Decimal(f"{count}E-{digits}")
