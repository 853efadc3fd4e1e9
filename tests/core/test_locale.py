"""Reading numbers as people type them, and refusing what could mean two numbers."""

from decimal import Decimal

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from core.locale import UnreadableNumber, editable, parse_number

EN, DE, CH, FR, IN = (Locale.parse(tag) for tag in ("en_GB", "de_DE", "de_CH", "fr_FR", "en_IN"))


@pytest.mark.parametrize(
    ("text", "locale", "value"),
    [
        ("1.234,56", DE, "1234.56"),
        ("1,234.56", EN, "1234.56"),
        ("1'234.56", CH, "1234.56"),
        ("1’234.56", CH, "1234.56"),
        ("12,34,567.50", IN, "1234567.50"),
        ("12,34,567.50", EN, "1234567.50"),
        ("1 234,56", FR, "1234.56"),
        ("1\N{NARROW NO-BREAK SPACE}234,56", FR, "1234.56"),
        ("1.234", DE, "1234"),
        ("1.234", EN, "1.234"),
        (" € 850.00 ", EN, "850.00"),
        ("850,00 €", DE, "850.00"),
        ("-12", EN, "-12"),
        ("\N{MINUS SIGN}12", EN, "-12"),
        (".5", EN, "0.5"),
        ("१२३.५", EN, "123.5"),
        ("9" * 40, EN, "9" * 40),
    ],
)
def test_numbers_are_read_as_the_locale_writes_them(text, locale, value):
    assert parse_number(text, locale=locale) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "locale", "mend"),
    [
        ("1.234,56", EN, "Write 1,234.56."),
        ("1,234.56", DE, "Write 1.234,56."),
        ("1.5", DE, "Write 1,5."),
        ("1,5", EN, "Write 1.5."),
    ],
)
def test_the_other_convention_is_refused_with_the_way_it_is_written_here(text, locale, mend):
    with pytest.raises(UnreadableNumber) as refusal:
        parse_number(text, locale=locale)
    assert refusal.value.mend == mend


@pytest.mark.parametrize(
    "text", ["", "abc", "1,2,3", "1.2.3", "--5", "1e5", "12,3456.00", "NaN", ".", "5-", "½"]
)
def test_what_is_not_a_number_is_refused(text):
    with pytest.raises(UnreadableNumber):
        parse_number(text, locale=EN)


def test_more_decimals_than_allowed_are_refused_but_zeros_do_not_count():
    assert parse_number("1.500", locale=EN, places=1) == Decimal("1.5")
    with pytest.raises(UnreadableNumber, match="At most 2"):
        parse_number("1.555", locale=EN, places=2)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4), st.sampled_from([EN, DE, CH, FR, IN]))
def test_what_is_echoed_is_read_again_as_the_same_number(value, locale):
    assert parse_number(editable(value, decimals=2, locale=locale), locale=locale) == value
