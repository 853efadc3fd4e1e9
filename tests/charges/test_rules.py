"""What a late payer owes: the tables of the law, and that pieces add up to the whole."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charges.reference import reference_rates
from charges.rules import (
    Debt,
    NotChargeable,
    Terms,
    fixed_sum_of,
    still_to_charge,
    terms_for,
    working,
)
from core.errors import Invalid
from core.interest import late_interest, msmed_interest, msmed_pieces

EU = Terms("EU", Decimal(8), 365, "EU")
UK = Terms("UK", Decimal(8), 365, "UK")
MSMED = Terms("MSMED", Decimal(0), 365, "")
CONTRACT = Terms("contract", Decimal(12), 365, "")
DE = Terms("DE", Decimal(9), 365, "EU")


def rates(source):
    return [(row.valid_from, row.rate) for row in reference_rates() if row.source == source]


def debt(amount="1000", due=date(2025, 1, 31), **values):
    return Debt(1, due, Decimal(amount), **values)


def total(rows):
    return sum((row.amount for row in rows), Decimal(0))


def test_1000_at_11_15_percent_for_30_days():
    [row] = working(EU, debt(), date(2025, 3, 2), rates("ECB"), "EUR")

    assert (row.start, row.end, row.days) == (date(2025, 2, 1), date(2025, 3, 2), 30)
    assert (row.percent, row.principal, row.amount) == (Decimal("11.15"), 1000, Decimal("9.16"))
    assert fixed_sum_of(EU, debt(), date(2025, 3, 2)) == (40, "EUR")


def test_the_rate_floats_with_the_half_years_and_is_frozen_in_the_uk():
    floating = working(EU, debt(), date(2025, 7, 31), rates("ECB"), "EUR")
    frozen = working(UK, debt(), date(2025, 7, 31), rates("BOE"), "GBP")

    assert [str(row.percent) for row in floating] == ["11.15", "10.15"]
    assert [str(row.percent) for row in frozen] == ["12.75", "12.75"]


@pytest.mark.parametrize(("amount", "fixed"), [("999.99", 40), ("1000", 70), ("9999.99", 70), ("10000", 100)])
def test_the_uks_sums_follow_the_debt(amount, fixed):
    assert fixed_sum_of(UK, debt(amount), date(2025, 3, 1)) == (fixed, "GBP")


def test_two_months_of_compound_interest_in_india():
    at = [(date(2020, 1, 1), Decimal("6.75"))]
    rows = working(MSMED, debt("100000"), date(2025, 3, 31), at, "INR")

    assert [row.days for row in rows] == [28, 31]
    assert total(rows) == Decimal("3403.48")
    assert all(row.percent == Decimal("20.25") for row in rows)


def test_a_part_payment_lowers_the_debt_from_the_day_after():
    paid = debt(payments=((date(2025, 2, 10), Decimal(400)),))

    rows = working(EU, paid, date(2025, 2, 20), rates("ECB"), "EUR")

    assert [(row.principal, row.days) for row in rows] == [(1000, 10), (600, 10)]


def test_principal_paid_first_loses_no_interest():
    paid = debt(payments=((date(2025, 3, 2), Decimal(1000)),))

    assert total(working(EU, paid, date(2025, 6, 30), rates("ECB"), "EUR")) == Decimal("9.16")


def test_what_is_disputed_bears_nothing_while_it_is():
    disputed = debt(excluded=Decimal(200))

    [row] = working(EU, disputed, date(2025, 3, 2), rates("ECB"), "EUR")

    assert (row.principal, row.amount) == (800, Decimal("7.33"))
    assert working(EU, debt(excluded=Decimal(1000)), date(2025, 3, 2), rates("ECB"), "EUR") == []


def test_nothing_is_owed_up_to_the_due_day_or_when_paid_in_time():
    in_time = debt(payments=((date(2025, 1, 31), Decimal(1000)),))

    assert working(EU, debt(), date(2025, 1, 31), rates("ECB"), "EUR") == []
    assert working(EU, in_time, date(2025, 3, 2), rates("ECB"), "EUR") == []
    assert fixed_sum_of(EU, in_time, date(2025, 3, 2))[0] == 0


@pytest.mark.parametrize(
    ("terms", "source", "due", "until"),
    [
        (EU, "ECB", date(2025, 12, 31), date(2026, 7, 1)),
        (DE, "DE", date(2026, 7, 5), date(2026, 7, 20)),
        (UK, "BOE", date(2021, 6, 1), date(2021, 6, 20)),
    ],
)
def test_a_half_year_nobody_entered_is_refused_not_guessed(terms, source, due, until):
    with pytest.raises(Invalid) as refusal:
        working(terms, debt(due=due), until, rates(source), "EUR")

    assert refusal.value.rule == "reference_rate_is_entered"


def test_a_consumer_pays_only_what_the_law_names():
    consumer = terms_for(DE, consumer=True)

    assert (consumer.margin, consumer.fixed) == (5, "")
    assert fixed_sum_of(consumer, debt(), date(2025, 3, 1))[0] == 0
    for terms in (EU, UK, MSMED, CONTRACT):
        with pytest.raises(NotChargeable):
            terms_for(terms, consumer=True)


def test_a_negative_base_rate_lowers_the_margin():
    [row] = working(DE, debt(due=date(2022, 1, 31)), date(2022, 3, 2), rates("DE"), "EUR")

    assert row.percent == Decimal("8.12")


def test_days_charged_before_are_not_charged_again_and_the_past_is_corrected():
    first = working(EU, debt(), date(2025, 2, 20), rates("ECB"), "EUR")
    later = working(EU, debt(), date(2025, 3, 2), rates("ECB"), "EUR")

    fresh, correction = still_to_charge(later, total(first), date(2025, 2, 20))

    assert [(row.start, row.days) for row in fresh] == [(date(2025, 2, 21), 10)]
    assert total(first) + total(fresh) + correction == total(later) == Decimal("9.16")
    late = debt(payments=((date(2025, 2, 10), Decimal(900)),))
    known = working(EU, late, date(2025, 3, 2), rates("ECB"), "EUR")
    fresh, correction = still_to_charge(known, total(first), date(2025, 2, 20))
    assert correction < 0
    assert total(first) + total(fresh) + correction == total(known)


days = st.dates(min_value=date(2025, 2, 1), max_value=date(2026, 6, 30))
cents = st.integers(min_value=1, max_value=10_000_000).map(lambda n: Decimal(n) / 100)
payments = st.lists(st.tuples(days, cents), max_size=4).map(tuple)


@given(cents, days, payments, st.sampled_from([(EU, "ECB"), (DE, "DE"), (UK, "BOE"), (CONTRACT, "")]))
def test_rows_add_up_to_the_sum_rounded_once(amount, until, paid, regime):
    terms, source = regime
    known = rates(source) if source else []

    rows = working(terms, debt(str(amount), payments=paid), until, known, "EUR")

    whole = late_interest(
        principal=amount,
        due=date(2025, 1, 31),
        until=until,
        reference_rates=known or [(date.min, Decimal(0))],
        currency="EUR",
        margin=terms.margin,
        rate_mode="fixed" if terms.regime == "UK" else "floating",
        payments=paid,
    )
    assert total(rows) == whole.interest
    assert all(row.amount >= 0 for row in rows)
    assert sum(row.days for row in rows) <= (until - date(2025, 1, 31)).days


@given(cents, st.lists(days, min_size=1, max_size=5, unique=True), payments)
def test_charging_in_pieces_comes_to_the_same_as_charging_at_once(amount, ends, paid):
    charged, until = Decimal(0), None
    for end in sorted(ends):
        rows = working(EU, debt(str(amount), payments=paid), end, rates("ECB"), "EUR")
        fresh, correction = still_to_charge(rows, charged, until)
        charged, until = charged + total(fresh) + correction, end

    assert charged == total(working(EU, debt(str(amount), payments=paid), max(ends), rates("ECB"), "EUR"))


@given(cents, days)
def test_the_working_of_india_is_its_sum(amount, until):
    at = [(date(2020, 1, 1), Decimal("6.75")), (date(2025, 6, 6), Decimal("5.75"))]
    pieces = msmed_pieces(principal=amount, due=date(2025, 1, 31), until=until, bank_rates=at)
    whole = msmed_interest(principal=amount, due=date(2025, 1, 31), until=until, bank_rates=at)

    assert abs(sum((p.amount for p in pieces), Fraction(0)) - Fraction(whole.interest)) <= Fraction(1, 200)
    assert sum(piece.days for piece in pieces) == (until - date(2025, 1, 31)).days
    assert pieces[0].start == date(2025, 2, 1)
    assert all(after.start == piece.end + timedelta(days=1) for piece, after in pairwise(pieces))
