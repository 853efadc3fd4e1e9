"""The editor's form: head, lines and charges of a draft, read in the writer's locale."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import formset_factory

from catalogue.models import TaxClass
from core.errors import DomainError
from core.fields import DayField, NumberField
from core.terms import parse_terms, readings
from entities.models import Entity

MOST_LINES = 500
LANGUAGES = (("en", "English"), ("de", "German"), ("fr", "French"), ("es", "Spanish"), ("hi", "Hindi"))
TEXTS = ("po_number", "buyer_reference", "cost_centre", "contract_reference", "notes", "backdate_reason")
DAYS = ("planned_on", "tax_point_on", "supply_from", "supply_to")


class DraftForm(forms.Form):
    """The head of a document."""

    entity = forms.ModelChoiceField(Entity.objects.none(), label="Billed by", empty_label=None)
    currency = forms.ChoiceField(label="Currency")
    language = forms.ChoiceField(label="Language", choices=LANGUAGES, required=False)
    planned_on = DayField(label="Issue day", required=False, help_text="Empty: the day it is issued")
    backdate_reason = forms.CharField(label="Why dated back", max_length=200, required=False)
    terms = forms.CharField(label="Payment terms", max_length=60, required=False)
    terms_reading = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    tax_point_on = DayField(label="Tax point", required=False)
    supply_from = DayField(label="Supplied from", required=False)
    supply_to = DayField(label="Supplied to", required=False)
    po_number = forms.CharField(label="Purchase order", max_length=60, required=False)
    buyer_reference = forms.CharField(label="Buyer reference", max_length=60, required=False)
    cost_centre = forms.CharField(label="Cost centre", max_length=60, required=False)
    contract_reference = forms.CharField(label="Contract", max_length=60, required=False)
    notes = forms.CharField(
        label="Note to the customer",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    discount_pct = NumberField(
        label="Discount %", required=False, places=4, minimum=Decimal(0), maximum=Decimal(100)
    )
    discount_amount = NumberField(label="Discount amount", required=False, places=4, minimum=Decimal(0))
    discount_reason = forms.CharField(label="Why discounted", max_length=120, required=False)

    def __init__(self, *args: Any, companies: Any, currencies: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            # A browser cuts what is too long without a word; we say so and keep it.
            field.widget.attrs.pop("maxlength", None)
        self.fields["entity"].queryset = companies  # type: ignore[attr-defined]
        self.fields["entity"].choices = [(one.pk, one.name) for one in companies]  # type: ignore[attr-defined]
        self.fields["currency"].choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]

    def clean_terms(self) -> str:
        """Terms as the engine reads them. Words with two readings need a choice."""
        text = str(self.cleaned_data.get("terms") or "").strip()
        if not text:
            return ""
        try:
            parse_terms(text)
        except DomainError as unreadable:
            meant = readings(text)
            chosen = self.data.get("terms_reading", "")
            if len(meant) == 1 or chosen in meant:
                return chosen if chosen in meant else meant[0]
            if meant:
                raise forms.ValidationError(
                    "This can mean two things. Choose one below.", code="two_readings"
                ) from None
            words = f"{unreadable.message} {unreadable.mend or ''}".strip()
            raise forms.ValidationError(words, code="terms") from None
        return text.upper()

    def meanings(self) -> tuple[str, ...]:
        """The readings of the terms typed, where there are several."""
        found = readings(str(self.data.get("terms", "") if self.is_bound else ""))
        return found if len(found) > 1 else ()


class LineForm(forms.Form):
    """One line of the grid. An empty line is no line."""

    item = forms.IntegerField(required=False, widget=forms.HiddenInput)
    description = forms.CharField(max_length=300, required=False)
    quantity = NumberField(label="Quantity", required=False, places=6)
    unit_price = NumberField(label="Price", required=False, places=6, minimum=Decimal(0))
    tax = forms.ChoiceField(choices=TaxClass.choices, required=False, initial="standard")
    discount_pct = NumberField(
        label="Discount in percent", required=False, places=4, minimum=Decimal(0), maximum=Decimal(100)
    )
    unit = forms.CharField(max_length=12, required=False)
    detail = forms.CharField(max_length=300, required=False)
    base_quantity = NumberField(required=False, places=6, minimum=Decimal("0.000001"))
    period_from = DayField(required=False)
    period_to = DayField(required=False)
    exemption_reason = forms.CharField(max_length=120, required=False)

    def has_changed(self) -> bool:
        """Whether anything of the line was written; the tax alone is the grid's default."""
        return any(name != "tax" for name in self.changed_data)


class ChargeForm(forms.Form):
    """A charge on the whole document."""

    reason = forms.CharField(max_length=120, required=False)
    amount = NumberField(required=False, places=4, minimum=Decimal(0))
    tax = forms.ChoiceField(choices=TaxClass.choices, required=False, initial="standard")

    def has_changed(self) -> bool:
        """Whether a charge was written; the tax alone is the row's default."""
        return any(name != "tax" for name in self.changed_data)


LineSet = formset_factory(
    LineForm, extra=0, max_num=MOST_LINES, validate_max=True, absolute_max=MOST_LINES + 1
)
ChargeSet = formset_factory(ChargeForm, extra=0, max_num=10, validate_max=True, absolute_max=11)
