"""Money is exact: rounding mirrors, splitting loses nothing, currencies are known."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.money import (
    EXPONENTS,
    amount,
    apportion,
    exact,
    exponent,
    is_exact,
    plain,
    round_money,
    round_to,
    split,
    times,
    unit,
)

currencies = st.sampled_from(["EUR", "JPY", "BHD", "CLF", "INR"])
numbers = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=6)
weights = st.lists(st.decimals(min_value=0, max_value=10**9, places=4), min_size=1, max_size=12)
cents = st.integers(min_value=-(10**11), max_value=10**11)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("EUR", 2), ("JPY", 0), ("KRW", 0), ("UGX", 0), ("BHD", 3), ("TND", 3), ("CLF", 4), ("UYW", 4)],
)
def test_a_currency_has_its_own_decimals(currency, digits):
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["XXX", "eur", "", "EURO", None])
def test_an_unknown_currency_is_refused_not_taken_as_two_decimals(currency):
    with pytest.raises(Invalid) as refusal:
        exponent(currency)

    assert refusal.value.rule == "currency_is_known"
    assert refusal.value.mend


def test_the_list_of_currencies_is_that_of_the_standard():
    assert len(EXPONENTS) > 160
    assert set(EXPONENTS.values()) == {0, 2, 3, 4}


@given(numbers, currencies)
def test_rounding_is_at_most_half_a_unit_off_and_mirrors(value, currency):
    rounded = round_money(value, currency)

    assert abs(rounded - value) * 2 <= unit(currency)
    assert round_money(-value, currency) == -rounded
    assert is_exact(rounded, currency)
    assert round_money(rounded, currency) == rounded


@given(numbers)
def test_half_even_differs_from_half_up_only_on_ties(value):
    up, even = round_money(value, "EUR"), round_money(value, "EUR", mode="half_even")

    assert up == even or abs(value - up) == Decimal("0.005")


@pytest.mark.parametrize("wrong", [1.1, float("nan"), "NaN", "Infinity", "1,5", "", None, True])
def test_what_is_no_exact_number_is_refused(wrong):
    with pytest.raises(Invalid):
        round_money(wrong, "EUR")


def test_an_amount_given_with_too_many_decimals_is_refused_not_rounded():
    assert amount("1.10", "EUR") == Decimal("1.10")
    with pytest.raises(Invalid, match="more than 2 decimals"):
        amount("1.101", "EUR")
    with pytest.raises(Invalid, match="more than 0 decimals"):
        amount("1.5", "JPY")


def test_nothing_is_written_without_a_minus():
    assert plain(Decimal("-0.001"), "EUR") == "0.00"
    assert plain(Decimal("1E+3"), "JPY") == "1000"


@given(numbers, st.sampled_from(["0.05", "0.10", "1", "5"]))
def test_cash_rounding_gives_the_nearest_multiple(value, step):
    rounded = round_to(value, Decimal(step))

    assert rounded % Decimal(step) == 0
    assert abs(rounded - value) * 2 <= Decimal(step)


@given(cents, weights, currencies)
def test_a_split_loses_nothing_and_is_fair(units, shares, currency):
    total = units * unit(currency)
    parts = split(total, shares, unit=unit(currency))
    whole = sum(shares)

    assert sum(parts) == total
    assert all(is_exact(part, currency) for part in parts)
    for part, share in zip(parts, shares, strict=True):
        fair = total * share / whole if whole else total / len(shares)
        assert abs(part - fair) <= unit(currency)
        assert share != 0 or not whole or part == 0


@given(cents, weights)
def test_a_negative_total_is_split_as_the_mirror_of_the_positive(units, shares):
    total = units * unit("EUR")

    assert split(-total, shares, unit=unit("EUR")) == [
        -part for part in split(total, shares, unit=unit("EUR"))
    ]


@given(cents, st.integers(min_value=1, max_value=20))
def test_equal_shares_differ_by_one_unit_and_earlier_ones_are_larger(units, count):
    parts = split(abs(units) * unit("EUR"), [Decimal(1)] * count, unit=unit("EUR"))

    assert parts == sorted(parts, reverse=True)
    assert max(parts) - min(parts) <= unit("EUR")


def test_what_cannot_be_split_is_refused():
    cent = unit("EUR")
    for total, shares in (
        (Decimal(1), []),
        (Decimal(1), [Decimal(-1), Decimal(2)]),
        (Decimal("0.001"), [Decimal(1)]),
    ):
        with pytest.raises(Invalid):
            split(total, shares, unit=cent)
    assert split(Decimal(0), [], unit=cent) == []


@given(st.lists(numbers, min_size=1, max_size=10))
def test_rounded_shares_add_up_to_the_rounded_sum(shares):
    total = round_money(sum(shares), "EUR")

    parts = apportion(shares, total, unit=unit("EUR"))

    assert sum(parts) == total
    assert all(abs(part - share) < unit("EUR") for part, share in zip(parts, shares, strict=True))


@pytest.mark.parametrize("value", ["1e99999999", "1e-99999999", "9" * 52, "-1E+60"])
def test_a_number_that_would_never_end_is_refused_at_once(value):
    with pytest.raises(Invalid, match="number"):
        exact(value)


long_numbers = st.decimals(min_value=-(10**40), max_value=10**40, allow_nan=False, places=9)


@given(long_numbers, currencies, st.sampled_from(["half_up", "half_even"]))
def test_a_decimal_is_rounded_like_its_fraction(value, currency, mode):
    rounded = round_money(value, currency, mode=mode)

    assert rounded == round_money(Fraction(value), currency, mode=mode)
    assert str(rounded) == str(round_money(Fraction(value), currency, mode=mode))


@given(long_numbers, long_numbers)
def test_a_product_loses_no_digit(value, factor):
    assert Fraction(times(value, factor)) == Fraction(value) * Fraction(factor)


@given(long_numbers, currencies)
def test_an_amount_is_exact_when_it_is_a_number_of_units(value, currency):
    assert is_exact(value, currency) == ((Fraction(value) / Fraction(unit(currency))).denominator == 1)


@given(cents, weights.map(lambda given: given[:1]))
def test_one_part_is_the_whole(count, given):
    total = count * unit("EUR")

    assert split(total, given, unit=unit("EUR")) == [total]
