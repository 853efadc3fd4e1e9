"""Form fields for numbers and days as people of the reader's locale write them, echoed formatted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.dates import EARLIEST, LATEST, is_plausible
from core.locale import UnreadableNumber, editable, parse_number
from core.money import LARGEST


class NumberField(forms.CharField):
    """A Decimal typed in the reader's locale. `places` limits the decimals, `least` pads the echo."""

    def __init__(
        self,
        *,
        places: int | None = None,
        least: int = 0,
        minimum: Decimal | None = None,
        maximum: Decimal | None = None,
        **options: Any,
    ) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**options)
        self.places, self.least, self.minimum, self.maximum = places, least, minimum, maximum

    def to_python(self, value: Any) -> Any:
        """Decimal, or None when nothing was typed. A fault says what to write instead."""
        if isinstance(value, Decimal):
            return value
        text = super().to_python(value)
        if not text:
            return None
        try:
            return parse_number(text, places=self.places)
        except UnreadableNumber as fault:
            raise ValidationError(f"{fault.message} {fault.mend or ''}".strip(), code=fault.rule) from fault

    def validate(self, value: Any) -> None:
        super().validate("" if value is None else value)
        if value is None:
            return
        if abs(value) >= LARGEST:
            raise ValidationError(
                "This has more than fifteen digits before the point. Check it and enter less.",
                code="too_large",
            )
        if self.minimum is not None and value < self.minimum:
            raise self._out_of_range("{} is too little. Enter {} or more.", value, self.minimum, "too_small")
        if self.maximum is not None and value > self.maximum:
            raise self._out_of_range("{} is too much. Enter {} or less.", value, self.maximum, "too_large")

    def _out_of_range(self, words: str, value: Decimal, limit: Decimal, code: str) -> ValidationError:
        shown, allowed = (editable(number, decimals=self.least) for number in (value, limit))
        return ValidationError(words.format(shown, allowed), code=code)

    def prepare_value(self, value: Any) -> Any:
        return editable(value, decimals=self.least) if isinstance(value, Decimal) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class DayField(forms.DateField):
    """A day, picked with the browser's own calendar; ISO on the wire."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        options.setdefault("input_formats", ["%Y-%m-%d"])
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and not is_plausible(value):
            raise forms.ValidationError(
                f"{value.isoformat()} cannot be meant. Use a day from {EARLIEST.year} to {LATEST.year}."
            )
