"""Money, numbers and dates as readers of different places write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from babel import Locale

from core import formatting
from core.formatting import reader_locale

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("language", "country", "tag"),
    [
        ("en", "", "en_GB"),
        ("en", "DE", "en_GB"),
        ("en", "IN", "en_IN"),
        ("en-US", "IE", "en_US"),
        ("de", "AT", "de_AT"),
        ("de", "FR", "de"),
        ("fr_CA", "", "fr_CA"),
        ("hi", "IN", "hi_IN"),
        ("xx", "DE", "en_GB"),
        ("", "", "en_GB"),
        ("../etc", "", "en_GB"),
    ],
)
def test_the_locale_follows_language_and_home_country(language, country, tag):
    assert str(reader_locale(language, country)) == tag


@pytest.mark.parametrize(
    ("amount", "currency", "tag", "written"),
    [
        ("12840.50", "EUR", "en_IE", "€12,840.50"),
        ("-12840.50", "EUR", "en_IE", "−€12,840.50"),
        ("12840.50", "EUR", "de_DE", f"12.840,50{NBSP}€"),
        ("1234567.00", "INR", "en_IN", "₹12,34,567.00"),
        ("1234", "JPY", "en_US", "¥1,234"),
        ("1.234", "BHD", "en_GB", f"BHD{NBSP}1.234"),
        ("0.00", "EUR", "en_GB", "€0.00"),
        # The decimals are those of the amount, not those CLDR has for the currency.
        ("5.500", "IQD", "en_GB", f"IQD{NBSP}5.500"),
    ],
)
def test_money(amount, currency, tag, written):
    assert formatting.money(amount, currency, Locale.parse(tag)) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("40.000000", "40"),
        ("2.50", "2.5"),
        ("1000", "1,000"),
        ("0.125000", "0.125"),
        ("-3.0", "−3"),
        ("0.000", "0"),
    ],
)
def test_quantities_lose_the_zeros_of_their_column(value, written):
    assert formatting.quantity(value, reader_locale("en")) == written


def test_very_large_numbers_stay_exact():
    assert (
        formatting.number(Decimal("123456789012345.6789"), reader_locale("en")) == "123,456,789,012,345.6789"
    )


@pytest.mark.parametrize(
    ("start", "end", "language", "written"),
    [
        (date(2026, 9, 1), date(2026, 9, 30), "en", "September 2026"),
        (date(2024, 2, 1), date(2024, 2, 29), "de", "Februar 2024"),
        (date(2026, 9, 1), date(2026, 9, 30), "es", "septiembre de 2026"),
        (date(2026, 9, 9), date(2026, 9, 9), "en", "9 September 2026"),
    ],
)
def test_periods(start, end, language, written):
    assert formatting.period(start, end, reader_locale(language)) == written


def test_a_part_of_a_month_names_both_ends():
    written = formatting.period(date(2026, 9, 9), date(2026, 9, 30), reader_locale("en"))
    assert written.startswith("9")
    assert "30" in written


def test_lists_and_countries():
    assert formatting.join(["a", "", "b", "c"], reader_locale("en")) == "a, b and c"
    assert formatting.join([], reader_locale("en")) == ""
    assert formatting.country_name("IE", reader_locale("de")) == "Irland"
    assert formatting.country_name("XQ", reader_locale("de")) == "XQ"
