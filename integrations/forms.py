"""What the pages of imports send."""

from collections.abc import Sequence
from typing import Any

from django import forms

from core.cells import ORDERS
from core.money import EXPONENTS
from core.sheets import LARGEST
from entities.models import Entity
from integrations.receivables import FIELDS, Reading

_CURRENCIES = [(code, code) for code in sorted(EXPONENTS)]
_PREFIX = "column_"


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label="File", help_text=f"CSV with headings in its first line, at most {LARGEST // 1024 // 1024} MB"
    )

    def clean_file(self) -> Any:
        """Refuse what is too large before it is kept."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError("The file is too large. Split it by year.")
        return file


class ReadingForm(forms.Form):
    """Which column is what, and how days and amounts are written."""

    entity = forms.ModelChoiceField(Entity.objects.none(), label="Selling company", empty_label=None)
    currency = forms.ChoiceField(
        choices=_CURRENCIES, label="Currency", help_text="Of rows that name none themselves"
    )
    day_order = forms.ChoiceField(
        choices=[("", "Choose"), *((code, words) for code, words in ORDERS.items())],
        label="Days are written as",
        error_messages={"required": "Its days can be read in two ways. Say which is right."},
    )
    decimal = forms.ChoiceField(
        choices=[(".", "Point, like 1234.50"), (",", "Comma, like 1234,50")], label="Decimal mark"
    )

    def __init__(self, *args: Any, columns: Sequence[str], entities: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["entity"].queryset = entities  # type: ignore[attr-defined]
        choices = [("", "Not in the file"), *((name, name) for name in columns if name)]
        for field, (label, needed, _) in FIELDS.items():
            self.fields[_PREFIX + field] = forms.ChoiceField(choices=choices, label=label, required=needed)

    @staticmethod
    def first(reading: Reading, entity: Entity | None) -> dict[str, Any]:
        """The values to begin with."""
        guessed = {_PREFIX + field: column for field, column in reading.columns.items()}
        return guessed | {
            "entity": entity,
            "currency": reading.currency,
            "day_order": reading.day_order,
            "decimal": reading.decimal,
        }

    def column_fields(self) -> list[forms.BoundField]:
        """The choices of columns, in the order of FIELDS."""
        return [self[_PREFIX + field] for field in FIELDS]

    def reading(self) -> Reading:
        """What was chosen."""
        chosen = {field: self.cleaned_data[_PREFIX + field] for field in FIELDS}
        return Reading(
            columns={field: column for field, column in chosen.items() if column},
            day_order=self.cleaned_data["day_order"],
            currency=self.cleaned_data["currency"],
            decimal=self.cleaned_data["decimal"],
        )
