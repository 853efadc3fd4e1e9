"""What the pages of one document send: typed values, nothing is written here."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core import locale
from core.fields import DayField, NumberField
from core.money import exponent
from invoices.models import Invoice, Line
from invoices.operations import REASONS


class HoldForm(forms.Form):
    """How much is not asked for, why and until when."""

    amount = NumberField(label="Amount on hold")
    line = forms.ModelChoiceField(
        Line.objects.none(), label="Line", required=False, empty_label="The whole document"
    )
    until = DayField(label="Until", required=False)
    reason = forms.CharField(label="Reason", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, invoice: Invoice, **options: Any) -> None:
        super().__init__(*args, **options)
        amount, line = self.fields["amount"], self.fields["line"]
        amount.places = exponent(invoice.currency)  # type: ignore[attr-defined]
        line.queryset = invoice.lines.all()  # type: ignore[attr-defined]


class _DepositChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A deposit with what it was billed for, and what of it is not paid."""

    def label_from_instance(self, obj: Invoice) -> str:
        day = locale.day(obj.issued_on, weekday=False) if obj.issued_on else ""
        said = f"{obj.number} · {day} · {locale.money(obj.payable, obj.currency)}"
        if not obj.balance:
            return said
        return f"{said} · {_('not paid: %(amount)s') % {'amount': locale.money(obj.balance, obj.currency)}}"


class DepositsForm(forms.Form):
    """Which deposits an invoice takes off."""

    deposits = _DepositChoice(
        Invoice.objects.none(),
        required=False,
        label=_("Deposits of this customer"),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, rows: QuerySet[Invoice], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["deposits"].queryset = rows.order_by("issued_on", "pk")  # type: ignore[attr-defined]


class DueDateForm(forms.Form):
    """The later day, and who agreed to it."""

    to = DayField(label="Due on")
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Who agreed, and what for. The customer is told.",
    )


class AnnotationForm(forms.Form):
    """A note beside an issued document."""

    annotation = forms.CharField(
        label="Note beside the document",
        max_length=300,
        required=False,
        help_text="A purchase order that came late, for example. It is not printed.",
    )


class CreditForm(forms.Form):
    """How much of which line is credited, and why."""

    reason_code = forms.ChoiceField(label="Reason", choices=[("", "Choose a reason"), *REASONS.items()])
    reason = forms.CharField(
        label="In words for the customer", max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, left: dict[int, Decimal], currency: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.left = left
        for position, amount in left.items():
            self.fields[f"net_{position}"] = NumberField(
                label=f"Line {position}",
                required=False,
                places=exponent(currency),
                minimum=Decimal(0),
                maximum=amount,
            )

    def wanted(self) -> dict[int, Decimal]:
        """{line position: net amount} of the lines with an amount."""
        values = {position: self.cleaned_data.get(f"net_{position}") for position in self.left}
        return {position: value for position, value in values.items() if value}

    def clean(self) -> dict[str, Any]:
        """At least one line is credited."""
        data = super().clean() or {}
        if not self.errors and not self.wanted():
            raise forms.ValidationError(
                "Enter an amount on at least one line, or choose everything that is left."
            )
        return data


class ListForm(forms.Form):
    """The filters of the list, as they stand in the address. What cannot be read is left out."""

    q = forms.CharField(required=False, max_length=100)
    entity = forms.IntegerField(required=False, min_value=1)
    customer = forms.IntegerField(required=False, min_value=1)
    owner = forms.IntegerField(required=False, min_value=1)
    currency = forms.RegexField(r"^[A-Z]{3}$", required=False)
    issued_from = DayField(label="Issued from", required=False)
    issued_to = DayField(label="Issued to", required=False)
    due_from = DayField(label="Due from", required=False)
    due_to = DayField(label="Due to", required=False)
    least = NumberField(label="Amount from", required=False)
    most = NumberField(label="Amount to", required=False)

    def values(self) -> dict[str, Any]:
        """The readable filters that are set."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class SavedViewForm(forms.Form):
    """A name for the filters one sees."""

    name = forms.CharField(label="Name of the view", max_length=60)
    shared = forms.BooleanField(label="Share it with everybody", required=False)
