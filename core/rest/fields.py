"""What comes in is checked strictly: text is text, money is a string, a field nobody knows is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from core.dates import EARLIEST, LATEST, is_plausible
from core.money import exponent, plain

_DECIMAL = re.compile(r"-?\d{1,13}(\.\d{1,6})?", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII | re.IGNORECASE
)
_SCHEMA = {"type": "string", "format": "decimal", "pattern": r"^-?\d{1,13}(\.\d{1,6})?$"}


class Input(serializers.Serializer[Any]):
    """The body of a request. A field that is not declared is refused by name, on every level.

    Input serializers only check shapes; what is decided about the values, the operations decide.
    """

    def to_internal_value(self, data: Any) -> Any:
        """The checked values; every fault of this level at once."""
        faults: dict[str, Any] = {}
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in data if name not in self.fields)
            faults = {
                name[:80]: [ErrorDetail(f"“{name[:80]}” is not a field here.", "field_is_known")]
                for name in unknown
            }
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            if not isinstance(error.detail, Mapping):
                raise
            raise ValidationError({**faults, **error.detail}) from None
        if faults:
            raise ValidationError(faults)
        return values


def many(
    kind: type[Input], *, most: int, least: int = 0, required: bool = True
) -> serializers.ListSerializer[Any]:
    """A list of objects, of at least `least` and at most `most`."""
    return serializers.ListSerializer(
        child=kind(), required=required, min_length=least or None, max_length=most
    )


class Query(Input):
    """The query of an address. Cursors and the page size are read by the paging itself."""

    def to_internal_value(self, data: Any) -> Any:
        """One value per name; a name given twice is refused by taking none of them silently."""
        if hasattr(data, "lists"):
            twice = [name for name, values in data.lists() if len(values) > 1]
            if twice:
                raise ValidationError({twice[0]: [ErrorDetail("Give it once.", "parameter_is_given_once")]})
            data = {name: value for name, value in data.items() if name not in ("after", "before", "limit")}
        return super().to_internal_value(data)


class Nothing(Input):
    """An empty object: the act needs no values."""


class Text(serializers.CharField):
    """A string. Numbers and booleans are not turned into text."""

    default_error_messages = {"invalid": "Not a string."}

    def to_internal_value(self, data: Any) -> str:
        """The text without blanks at its ends."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Choice(serializers.ChoiceField):
    """One of the listed strings."""

    def to_internal_value(self, data: Any) -> Any:
        """The choice; numbers that look like one are refused."""
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number, as a JSON number."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**({"min_value": 1, "max_value": 2**53 - 1} | given))

    def to_internal_value(self, data: Any) -> int:
        """The number; texts, fractions and booleans are refused."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false, nothing that looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        """The flag."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field({"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"})
class Day(serializers.DateField):
    """A day as YYYY-MM-DD."""

    def to_internal_value(self, data: Any) -> Any:
        """The date."""
        if not isinstance(data, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", data, re.ASCII):
            self.fail("invalid", format="YYYY-MM-DD")
        day = super().to_internal_value(data)
        if not is_plausible(day):
            raise ValidationError(
                f"{day.isoformat()} cannot be meant. Use a day from {EARLIEST.year} to {LATEST.year}.",
                "day_is_plausible",
            )
        return day


class Moment(serializers.DateTimeField):
    """A moment with its time zone. Without one it would be read by the caller's own clock: refused."""

    def to_internal_value(self, data: Any) -> Any:
        """The moment."""
        if not isinstance(data, str) or not _MOMENT.fullmatch(data):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ssZ")
        return super().to_internal_value(data)


@extend_schema_field(_SCHEMA)
class Amount(serializers.Field[Any, Any, Any, Any]):
    """A decimal as a string. A JSON number would pass through binary floats in most clients: refused.

    Going out it stands at the exponent of the currency at `currency`, a path from the row ("currency",
    "invoice.currency") or a function of the row; without one it stands as it is, without trailing zeros.
    """

    default_error_messages = {
        "number": "Money is sent as a string; a JSON number may lose digits.",
        "invalid": "“{input}” is not a plain decimal like 1234.50.",
    }

    def __init__(self, *, currency: str | Callable[[Any], str] = "", **given: Any) -> None:
        self.currency = currency
        super().__init__(**given)

    def to_internal_value(self, data: Any) -> Decimal:
        """The exact value."""
        if not isinstance(data, str):
            message = str(self.error_messages["number"])
            raise ValidationError([ErrorDetail(message, "money_is_text")])
        if not _DECIMAL.fullmatch(data):
            message = self.error_messages["invalid"].format(input=data[:40])
            raise ValidationError([ErrorDetail(message, "amount_is_decimal")])
        return Decimal(data)

    def get_attribute(self, instance: Any) -> Any:
        """(value, currency code or "")."""
        value = super().get_attribute(instance)
        if value is None:
            return None
        code: Any = ""
        if callable(self.currency):
            code = self.currency(instance)
        elif self.currency:
            code = instance
            for name in self.currency.split("."):
                code = code[name] if isinstance(code, Mapping) else getattr(code, name)
        return value, code

    def to_representation(self, value: Any) -> str:
        """The text that goes out."""
        number, code = value if isinstance(value, tuple) else (value, "")
        if code:
            return self.at(number, code)
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def at(self, number: Decimal, currency: str) -> str:
        """The number as it is written in a currency."""
        return plain(number, currency)


UNIT_PRICE = "Before tax, with up to six decimals; zeros at its end stop at the exponent of the currency."


@extend_schema_field(_SCHEMA)
class UnitPrice(Amount):
    """A price going out: up to six decimals, never fewer than its currency has ("48.00", "0.1234")."""

    def __init__(self, *, currency: str, **given: Any) -> None:
        super().__init__(currency=currency, **({"help_text": UNIT_PRICE} | given))

    def at(self, number: Decimal, currency: str) -> str:
        """The price, with the decimals it needs."""
        whole, _, decimals = f"{number:f}".partition(".")
        least = exponent(currency)
        decimals = decimals[:least].ljust(least, "0") + decimals[least:].rstrip("0")
        return f"{whole}.{decimals}" if decimals else whole
