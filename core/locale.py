"""The reader's way of writing numbers and days: reading what people type, showing what is stored.

The reader's locale is the language active for the request (`core.middleware.Reader` sets it from the user).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_skeleton
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core import formatting
from core.errors import Invalid
from core.money import exponent, round_money

SPACES_AND_APOSTROPHES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}'’"
"""Group digits in every locale: nobody takes them for a decimal sign."""

_WESTERN = re.compile(r"\d{1,3}(G\d{3})+")
_INDIAN = re.compile(r"\d{1,2}(G\d{2})*G\d{3}")

# More digits than any amount or quantity has; the database keeps fifteen before the point.
_LONGEST = 60


class UnreadableNumber(Invalid):
    """What was typed is not a number in the reader's locale, or could mean two numbers."""


def current() -> Locale:
    """The reader's locale."""
    return formatting.reader_locale(translation.get_language() or "en")


def parse_number(text: str, *, locale: Locale | None = None, places: int | None = None) -> Decimal:
    """Read a number as the locale writes it: "1.234,56" (de), "1,234.56" (en), "1'234.56" (de-CH).

    Indian grouping ("12,34,567.50"), spaces between groups, a true minus sign, a currency symbol at either
    end and digits of other scripts are understood. A separator that stands where the locale does not put it
    is refused, never guessed. `places` limits the decimals. Raises UnreadableNumber with the fix.
    """
    locale = locale or current()
    point, group = _signs(locale)
    typed = _plain(text)
    negative, digits = typed.startswith("-"), typed[1:] if typed[:1] in {"-", "+"} else typed
    grouped, _point, fraction = digits.partition(point)
    whole = _ungrouped(grouped, group)
    if whole is None or not (whole + fraction).isdecimal() or len(whole) > _LONGEST:
        raise _unreadable(text, digits, locale)
    if places is not None and len(fraction.rstrip("0")) > places:
        raise UnreadableNumber(
            _("At most %(places)s decimals are possible here.") % {"places": places},
            rule="number_has_few_decimals",
            mend=_("Round the amount."),
        )
    value = Decimal(f"{whole or 0}.{fraction}" if fraction else whole)
    return -value if negative else value


def _plain(text: str) -> str:
    """ASCII digits and a hyphen, without outer spaces, currency symbols and invisible marks."""
    digits = "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    kept = "".join(c for c in digits if unicodedata.category(c) not in {"Sc", "Cf"})
    return kept.replace(formatting.MINUS, "-").strip(SPACES_AND_APOSTROPHES + "\t")


def _signs(locale: Locale) -> tuple[str, str]:
    symbols = locale.number_symbols["latn"]
    return str(symbols["decimal"]), str(symbols["group"])


def _ungrouped(whole: str, group: str) -> str | None:
    """The digits before the decimal sign without their grouping; None when the groups are wrong."""
    shape = whole
    for sign in group + SPACES_AND_APOSTROPHES:
        shape = shape.replace(sign, "G")
    if "G" not in shape:
        return whole
    return shape.replace("G", "") if _WESTERN.fullmatch(shape) or _INDIAN.fullmatch(shape) else None


def _unreadable(text: str, digits: str, locale: Locale) -> UnreadableNumber:
    """Say what is wrong, and how the number the person most likely meant is written here."""
    meant = _other_convention(digits)
    example = formatting.number(meant if meant is not None else Decimal("1234.56"), locale)
    words = {"typed": text.strip(), "example": example}
    mend = _("Write %(example)s.") if meant is not None else _("Write it like %(example)s.")
    return UnreadableNumber(
        _("“%(typed)s” is not a number here.") % words, rule="number_is_readable", mend=mend % words
    )


def _other_convention(digits: str) -> Decimal | None:
    """The value if the last comma or point is taken as the decimal sign; None if even that fails."""
    at = max(digits.rfind(","), digits.rfind("."))
    whole, fraction = re.sub(r"[.,\s'’]", "", digits[:at]), digits[at + 1 :]
    return Decimal(f"{whole}.{fraction}") if at > 0 and whole.isdecimal() and fraction.isdecimal() else None


def money(amount: Decimal | str, currency: str, *, locale: Locale | None = None) -> str:
    """ "€12,840.50" at the currency's own decimals."""
    return formatting.money(_at_exponent(amount, currency), currency, locale or current())


def plain_money(amount: Decimal | str, currency: str, *, locale: Locale | None = None) -> str:
    """ "12,840.50": for columns of one currency, whose total carries the symbol."""
    return formatting.number(_at_exponent(amount, currency), locale or current())


def unit_price(price: Decimal | str, currency: str, *, locale: Locale | None = None) -> str:
    """ "0.1234": a price keeps the decimals it needs, but never shows fewer than the currency has."""
    value = Decimal(price).normalize()
    shown = value.as_tuple().exponent
    decimals = max(exponent(currency), -shown if isinstance(shown, int) else 0)
    return formatting.number(value.quantize(Decimal(1).scaleb(-decimals)), locale or current())


def _at_exponent(amount: Decimal | str, currency: str) -> Decimal:
    return round_money(Decimal(amount), currency)


def editable(value: Decimal | None, *, decimals: int = 0, locale: Locale | None = None) -> str:
    """A stored number as the reader would type it again: grouped, at least `decimals` decimals."""
    if value is None:
        return ""
    lean = value.normalize()
    own = lean.as_tuple().exponent
    places = max(decimals, -own if isinstance(own, int) else 0)
    text = formatting.number(lean.quantize(Decimal(1).scaleb(-places)), locale or current())
    return text.replace(formatting.MINUS, "-")


def day(on: date, *, today: date | None = None, weekday: bool = True, locale: Locale | None = None) -> str:
    """ "Mon 9 Nov", with the year when it is not the current one; `weekday=False` leaves "9 Nov"."""
    locale = locale or current()
    year = on.year != (today or timezone.localdate()).year
    if locale.language == "en" and locale.territory != "US":
        pattern = ("EEE " if weekday else "") + "d MMM" + (" y" if year else "")
        return str(format_date(on, pattern, locale))
    skeleton = ("y" if year else "") + "MMM" + ("E" if weekday else "") + "d"
    return str(format_skeleton(skeleton, on, locale=locale))


def clock(at: datetime, *, locale: Locale | None = None) -> str:
    """ "14:03" in the reader's time zone."""
    return str(format_skeleton("Hm", _local(at).replace(tzinfo=None), locale=locale or current()))


def moment(at: datetime, *, now: datetime | None = None, locale: Locale | None = None) -> str:
    """ "Today 09:41", "Yesterday 16:20", "Wed 9 Oct 14:03": an instant in the reader's time zone."""
    local, today = _local(at), _local(now or timezone.now()).date()
    if local.date() == today:
        name = _("Today")
    elif local.date() == today - timedelta(days=1):
        name = _("Yesterday")
    else:
        name = day(local.date(), today=today, locale=locale)
    return f"{name} {clock(at, locale=locale)}"


def _local(at: datetime) -> datetime:
    return timezone.localtime(at) if timezone.is_aware(at) else at
