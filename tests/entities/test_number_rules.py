"""Document numbers: years, patterns, and the longest number of a series."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from entities.rules import check_pattern, fiscal_year, format_number, india_fy, invoice_number, longest_number

days = st.dates(min_value=date(1990, 1, 1), max_value=date(2098, 12, 31))


@pytest.mark.parametrize(
    ("on", "month", "label"),
    [
        (date(2026, 12, 31), 1, "2026"),
        (date(2026, 3, 31), 4, "2025-26"),
        (date(2026, 4, 1), 4, "2026-27"),
        (date(1999, 7, 1), 7, "1999-00"),
    ],
)
def test_a_fiscal_year_has_its_label(on, month, label):
    assert fiscal_year(on, month) == label


@given(days, st.integers(min_value=1, max_value=12))
def test_the_label_changes_once_a_year_on_the_first_day(on, month):
    changes = fiscal_year(on, month) != fiscal_year(on - timedelta(days=1), month)

    assert changes == (on.day == 1 and on.month == month)


@given(days)
def test_an_indian_credit_note_has_until_30_november_after_the_year(on):
    year = india_fy(on)

    assert year.credit_note_cutoff > on
    assert (year.credit_note_cutoff.month, year.credit_note_cutoff.day) == (11, 30)
    assert year.credit_note_cutoff.year == int(year.financial_year[:4]) + 1


@pytest.mark.parametrize(
    ("pattern", "number", "text"),
    [
        ("INV-{FY}-{N:05}", 7, "INV-2025-26-00007"),
        ("{YY}/{N:05}", 12, "26/00012"),
        ("R{N}", 123456, "R123456"),
        ("CN{FY}{N:03}", 1234, "CN2025-261234"),
    ],
)
def test_a_pattern_makes_the_number(pattern, number, text):
    assert format_number(pattern, "2025-26", number) == text


@given(st.integers(min_value=1, max_value=10**6), st.integers(min_value=1, max_value=10**6))
def test_different_counts_make_different_numbers(first, second):
    pattern = "INV-{FY}-{N:05}"

    same = format_number(pattern, "2026", first) == format_number(pattern, "2026", second)
    assert same == (first == second)


@pytest.mark.parametrize(
    "pattern", ["INV", "INV-{FY}", "{N}{N}", "{X}{N}", "{N:x}", "{N", "N}", "{N:05}}", "{N!r}"]
)
def test_a_pattern_that_is_not_understood_is_refused(pattern):
    with pytest.raises(Invalid) as refusal:
        format_number(pattern, "2026", 1)

    assert refusal.value.rule == "pattern_is_understood"


def test_the_longest_number_of_the_year_must_fit_when_the_series_is_set_up():
    assert check_pattern("INV/{FY}/{N:04}", "2025-26", scheme="IN", highest=9999) == "INV/2025-26/9999"
    with pytest.raises(Invalid, match="INV/2025-26/10000") as refusal:
        check_pattern("INV/{FY}/{N:04}", "2025-26", scheme="IN", highest=10000)
    assert refusal.value.rule == "longest_number_fits"
    assert check_pattern("{YY}/{N:05}", "2025-26", scheme="IN") == longest_number("{YY}/{N:05}", "2025-26")


def test_a_series_that_restarts_needs_the_year():
    with pytest.raises(Invalid) as refusal:
        check_pattern("INV-{N:05}", "2026", scheme="DE")
    assert refusal.value.rule == "number_is_unique_over_years"
    assert check_pattern("INV-{N:05}", "2026", scheme="DE", restarts=False) == "INV-99999"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("INV/2025-26/0001", None),
        ("0NV/1", "format"),
        ("/1", "format"),
        ("-1", "format"),
        ("A_1", "format"),
        ("A 1", "format"),
        ("A1\n", "format"),
        ("Ä1", "format"),
        ("", "format"),
        ("inv/7", "duplicate"),
    ],
)
def test_the_indian_pattern_and_its_blindness_to_case(number, reason):
    assert invoice_number("IN", number, ["INV/7"]).reason == reason


def test_elsewhere_a_number_must_only_be_unique_and_printable():
    assert invoice_number("DE", "2026.05 #17").valid
    assert invoice_number("DE", "re-1", ["RE-1"]).reason == "duplicate"
    assert invoice_number("DE", " 1").reason == "format"
