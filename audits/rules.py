"""What scheduled checks compute: gaps in number series, and first-digit statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.money import round_to


@dataclass(frozen=True)
class Gaps:
    """Numbers of a series that are missing or were used more than once, ascending."""

    missing: tuple[int, ...]
    duplicates: tuple[int, ...]


def number_gaps(numbers: Sequence[int], *, start: int | None = None, explained: Collection[int] = ()) -> Gaps:
    """Find gaps and repeats in the numbers of one series and fiscal year, in any order.

    `start` is the first number of the series (none: the lowest found); `explained` gaps do not count.
    """
    counts = Counter(numbers)
    first = start if start is not None else min(counts, default=1)
    last = max(counts, default=first - 1)
    known = set(explained)
    missing = tuple(
        number for number in range(first, last + 1) if number not in counts and number not in known
    )
    return Gaps(missing, tuple(sorted(number for number, times in counts.items() if times > 1)))


# log10(1 + 1/d) for d = 1 to 9 to 20 places: Benford's law.
_BENFORD = tuple((1 + Decimal(1) / Decimal(digit)).log10() for digit in range(1, 10))
BENFORD_MINIMUM = 300
# Nigrini's limit for first digits: above it the deviation is called nonconforming.
BENFORD_LIMIT = Decimal("0.015")


@dataclass(frozen=True)
class Benford:
    """`verdict` close, nonconforming or insufficient_data; `mad` (mean absolute deviation) to 4 decimals."""

    n: int
    verdict: str
    mad: Decimal | None


def benford(amounts: Sequence[Decimal]) -> Benford:
    """Compare first digits with Benford's law. A hint for sampling, never an accusation.

    Zeros have no first digit and do not count; below 300 amounts there is no verdict.
    """
    digits = [_first_digit(amount) for amount in amounts if amount]
    if len(digits) < BENFORD_MINIMUM:
        return Benford(len(digits), "insufficient_data", None)
    counts = Counter(digits)
    deviations = [
        abs(Decimal(counts[digit]) / len(digits) - expected)
        for digit, expected in enumerate(_BENFORD, start=1)
    ]
    mad = sum(deviations, Decimal(0)) / 9
    return Benford(
        len(digits),
        "close" if mad <= BENFORD_LIMIT else "nonconforming",
        round_to(mad, Decimal("0.0001")),
    )


def _first_digit(amount: Decimal) -> int:
    return next(digit for digit in amount.as_tuple().digits if digit)
