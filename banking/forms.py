"""What the pages of bank statements send."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from banking import queries, reading
from core.cells import ORDERS
from core.fields import NumberField
from entities import queries as entities
from payments.forms import CustomerText
from payments.models import Payment
from team.models import User

_PREFIX = "column_"


class AccountChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not a generic when it runs
    """One of our accounts, named with its company."""

    def label_from_instance(self, obj: Any) -> str:
        """As people call it."""
        return f"{obj.entity.name}: {obj}"


class StatementForm(forms.Form):
    """The file, the account where the file does not name it, and why a difference is accepted."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CAMT.053, MT940, OFX or CSV, at most %(size)s MB")
        % {"size": reading.MOST_BYTES // 1024 // 1024},
    )
    because = forms.CharField(
        label=_("Accept a difference, because"),
        required=False,
        max_length=300,
        help_text=_("Leave it empty first: a statement whose balances do not agree is refused."),
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["account"] = AccountChoice(
            queries.accounts_for(user),
            label=_("Account"),
            required=False,
            empty_label=_("As the file says"),
            help_text=_("Only a CSV does not say it."),
        )

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > reading.MOST_BYTES:
            raise forms.ValidationError(_("The file is too large. Split it by month."))
        return file


class LayoutForm(forms.Form):
    """Which heading of a bank's table is what."""

    day_order = forms.ChoiceField(
        label=_("Days are written as"), choices=[("", _("Choose")), *ORDERS.items()]
    )
    decimal = forms.ChoiceField(
        label=_("Decimal mark"), choices=[(".", _("Point, like 1234.50")), (",", _("Comma, like 1234,50"))]
    )

    def __init__(self, *args: Any, headings: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        for name, (label, _need) in reading.FIELDS.items():
            self.fields[f"{_PREFIX}{name}"] = (
                forms.ChoiceField(
                    label=label, required=False, choices=[("", "–"), *((one, one) for one in headings)]
                )
                if headings
                else forms.CharField(label=label, required=False, max_length=100)
            )

    @property
    def column_fields(self) -> list[forms.BoundField]:
        """The fields that name columns."""
        return [bound for bound in self if bound.name.startswith(_PREFIX)]

    def columns(self) -> dict[str, str]:
        """Field of a line -> heading."""
        return {
            name.removeprefix(_PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(_PREFIX) and value
        }


class RemittanceForm(forms.Form):
    """A payer's advice; the columns only where their headings are unusual."""

    file = forms.FileField(label=_("File"), help_text=_("CSV, one line per invoice"))
    decimal = forms.ChoiceField(
        label=_("Decimal mark"),
        required=False,
        choices=[
            ("", _("As the file shows")),
            (".", _("Point, like 1234.50")),
            (",", _("Comma, like 1234,50")),
        ],
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["entity"] = forms.ModelChoiceField(
            entities.visible_to(user).filter(is_active=True), label=_("Company"), empty_label=None
        )
        for name, (label, _needed, _known) in reading.ADVICE_FIELDS.items():
            self.fields[f"{_PREFIX}{name}"] = forms.CharField(label=label, required=False, max_length=100)

    @property
    def column_fields(self) -> list[forms.BoundField]:
        """The fields that name columns."""
        return [bound for bound in self if bound.name.startswith(_PREFIX)]

    def columns(self) -> dict[str, str]:
        """Field of a line -> heading."""
        return {
            name.removeprefix(_PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(_PREFIX) and value
        }


class MatchingForm(forms.Form):
    """How sure a match must be, and what a bank may keep."""

    automatic = forms.IntegerField(
        label=_("Booked without asking from"),
        help_text=_("The sum of the terms of a match: 80 to 150. What is below is proposed."),
    )
    most_fee = NumberField(
        label=_("A bank keeps at most"),
        minimum=Decimal(0),
        help_text=_("A shortfall up to this is booked as the bank's fee; 0 for never."),
    )


class PayerForm(forms.Form):
    """Whose money it is; empty: nobody knows yet."""

    def __init__(self, *args: Any, user: User, address: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["customer"] = CustomerText(user, address=address, label=_("Customer"), required=False)


class AsideForm(forms.Form):
    """What a line is that is no receipt."""

    reason = forms.CharField(label=_("What it is"), max_length=300)


class ReceiptForm(forms.Form):
    """The receipt a line is, or takes back."""

    def __init__(self, *args: Any, receipts: QuerySet[Payment], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["payment"] = forms.ModelChoiceField(receipts, label=_("Receipt"), empty_label=None)
