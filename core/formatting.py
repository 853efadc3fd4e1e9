"""Money, numbers and dates as a reader of one language writes them.

Amounts keep the decimals they arrive with: the currency's exponent is decided where the amount is made
(`core.money`), and CLDR's own digits differ from ISO 4217 for some currencies.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval
from babel.lists import format_list
from babel.numbers import NumberPattern

MINUS = "−"

# Countries whose own way of writing a language is used for a company there. Others write the language's
# common form: CLDR has "English as written in Germany" with a decimal comma, which no English reader expects.
_HOME = {
    "en": frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "SG", "US", "ZA"}),
    "de": frozenset({"AT", "CH", "DE", "LI", "LU"}),
    "fr": frozenset({"BE", "CA", "CH", "FR", "LU"}),
    "es": frozenset({"ES", "MX", "US"}),
    "hi": frozenset({"IN"}),
}
_COMMON = {"en": "en_GB"}
_CODE_BEFORE_DIGIT = re.compile(r"(?<=[A-Za-z])(?=[0-9])")


@lru_cache(maxsize=256)
def reader_locale(language: str, country: str = "") -> Locale:
    """The locale for a text in `language` ("de", "pt-BR") sent by a company in `country` ("AT").

    A language nobody knows reads as British English rather than failing: the document must be legible.
    """
    base, _, region = language.replace("_", "-").partition("-")
    base, region = base.lower() or "en", region.upper()
    home = country.upper() if country.upper() in _HOME.get(base, ()) else ""
    for tag in (
        f"{base}_{region}" if region else "",
        f"{base}_{home}" if home else "",
        _COMMON.get(base, base),
    ):
        try:
            if tag:
                return Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en_GB")


def money(amount: Decimal | str, currency: str, locale: Locale) -> str:
    """ "€12,840.50": with the currency's symbol, the decimals of `amount` and a true minus sign."""
    value = Decimal(amount)
    pattern = _currency_pattern(str(locale), _decimals(value))
    written = str(pattern.apply(value, locale, currency=currency, currency_digits=False))
    return _true_minus(_CODE_BEFORE_DIGIT.sub("\N{NO-BREAK SPACE}", written))


def number(amount: Decimal | str, locale: Locale) -> str:
    """ "12,840.50": the same without a symbol, for tables whose head names the currency."""
    value = Decimal(amount)
    return _true_minus(str(_decimal_pattern(str(locale), _decimals(value)).apply(value, locale)))


def quantity(amount: Decimal | str, locale: Locale) -> str:
    """ "2.5" for 2.500000: a quantity or a rate, without the zeros its column stores."""
    value = Decimal(amount)
    plain = value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
    return number(plain, locale)


def percent(rate: Decimal | str, locale: Locale) -> str:
    """ "13.5%" for a rate in percent; where the language sets a space before the sign, so does this."""
    space = "\N{NO-BREAK SPACE}" if locale.language in {"de", "fr", "es"} else ""
    return f"{quantity(rate, locale)}{space}%"


def long_date(day: date, locale: Locale) -> str:
    """ "9 November 2026"."""
    return _day(day, "long", str(locale))


def weekday_date(day: date, locale: Locale) -> str:
    """ "Monday 9 November 2026"."""
    return _day(day, "full", str(locale))


def medium_date(day: date, locale: Locale) -> str:
    """ "9 Nov 2026", for narrow columns."""
    return _day(day, "medium", str(locale))


def period(start: date, end: date, locale: Locale) -> str:
    """ "September 2026" for a whole month, "9 – 30 September 2026" otherwise; both ends belong to it."""
    if start == end:
        return long_date(start, locale)
    if start.day == 1 and (start.year, start.month) == (end.year, end.month) and _is_month_end(end):
        return str(format_date(start, "LLLL y" if locale.language != "es" else "LLLL 'de' y", locale))
    return str(format_interval(start, end, "yMMMMd", locale=locale))


def join(words: Iterable[str], locale: Locale) -> str:
    """ "a, b and c" in the language's way."""
    known = [word for word in words if word]
    return str(format_list(known, locale=locale)) if known else ""


def country_name(code: str, locale: Locale) -> str:
    """ "Ireland" for "IE"; the code itself when nobody knows it."""
    return str(locale.territories.get(code.upper(), code))


def _is_month_end(day: date) -> bool:
    return day.month != date.fromordinal(day.toordinal() + 1).month


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@lru_cache(maxsize=4096)
def _day(day: date, style: str, locale: str) -> str:
    """Lists and messages name the same days over and over."""
    return str(format_date(day, style, Locale.parse(locale)))


@lru_cache(maxsize=256)
def _currency_pattern(locale: str, decimals: int) -> NumberPattern:
    return _with_decimals(Locale.parse(locale).currency_formats["standard"], decimals)


@lru_cache(maxsize=256)
def _decimal_pattern(locale: str, decimals: int) -> NumberPattern:
    return _with_decimals(Locale.parse(locale).decimal_formats[None], decimals)


def _with_decimals(pattern: NumberPattern, decimals: int) -> NumberPattern:
    exact = copy.copy(pattern)
    exact.frac_prec = (decimals, decimals)
    return exact


def _true_minus(text: str) -> str:
    return text.replace("-", MINUS)
