"""What the pages of payments send: cleaned values for the operations, which check them once more."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q

from core.dates import EARLIEST
from core.errors import DomainError
from core.fields import DayField, NumberField
from customers import queries as customers
from customers.models import Customer
from entities import queries as entities
from entities.models import BankAccount, Entity
from payments.models import Payment
from payments.operations import Receipt
from payments.queries import TABS, Filters
from team.models import User

SEPARATOR = " · "


def take_fault(form: forms.Form, fault: DomainError) -> None:
    """Show a refusal at the field it names."""
    for one in fault.problems:
        field = one["field"] if one["field"] in form.fields else None
        form.add_error(field, f"{one['message']} {one['mend']}".strip())


class CustomerText(forms.CharField):
    """A customer typed as number or name, or picked from the suggestions ("K-1 · Helios Solar")."""

    def __init__(self, user: User, *, address: str, **options: Any) -> None:
        attrs = {
            "list": "customer-names",
            "autocomplete": "off",
            "hx-get": address,
            "hx-trigger": "input changed delay:200ms, focus once",
            "hx-target": "#customer-names",
            "placeholder": "Name or number",
        }
        super().__init__(widget=forms.TextInput(attrs=attrs), max_length=200, **options)
        self.user = user

    def clean(self, value: Any) -> Customer | None:
        """The one visible customer that is meant; a fault names what was found instead."""
        text = str(super().clean(value)).replace("\0", "").strip()
        if not text:
            return None
        number = text.split(SEPARATOR, 1)[0]
        mine = customers.visible_to(self.user).select_related("entity", "parent")
        found = list(mine.filter(Q(number=number) | Q(name__iexact=text))[:2])
        if not found:
            found = list(customers.matching(mine, text)[:2])
        if len(found) == 1:
            return found[0]
        raise forms.ValidationError(
            "Several customers match. Pick one from the list."
            if found
            else "No customer has this name or number. Leave it empty if nobody knows who paid.",
            code="customer_is_known",
        )

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, Customer) else value


def written(customer: Customer) -> str:
    """A customer as the field shows it."""
    return f"{customer.number}{SEPARATOR}{customer.name}"


class ReceiptForm(forms.Form):
    """A receipt as the bank shows it; the customer is credited with amount + fee + tax withheld."""

    token = forms.CharField(max_length=40, widget=forms.HiddenInput, required=False)
    amount = NumberField(
        label="Amount received",
        least=2,
        minimum=Decimal(0),
        error_messages={"required": "Enter what arrived in the bank."},
    )
    currency = forms.ChoiceField(label="Currency")
    received_on = DayField(label="Received on", error_messages={"required": "Enter the day of the receipt."})
    method = forms.ChoiceField(label="Paid by", choices=Payment.Method.choices)
    reference = forms.CharField(
        label="Reference", max_length=140, required=False, help_text="As the payer wrote it"
    )
    payer_name = forms.CharField(label="Name of the payer", max_length=140, required=False)
    fee = NumberField(
        label="Fee kept by the bank",
        least=2,
        minimum=Decimal(0),
        required=False,
        help_text="Credited to the customer",
    )
    withheld = NumberField(
        label="Tax withheld by the customer",
        least=2,
        minimum=Decimal(0),
        required=False,
        help_text="TDS; it counts as paid",
    )
    note = forms.CharField(label="Note", max_length=300, required=False)

    def __init__(self, *args: Any, user: User, address: str, **options: Any) -> None:
        super().__init__(*args, **options)
        mine = entities.visible_to(user).filter(is_active=True)
        self.companies = list(mine)
        self.fields["entity"] = forms.ModelChoiceField(mine, label="Company", empty_label=None)
        self.fields["customer"] = CustomerText(
            user, address=address, label="Customer", required=False, help_text="Leave empty if nobody knows"
        )
        self.fields["currency"].choices = [(code, code) for code in currencies(self.companies)]  # type: ignore[attr-defined]
        self.fields["token"].initial = uuid.uuid4().hex

    def receipt(self) -> Receipt:
        """What to record."""
        data = self.cleaned_data
        fee, withheld = data["fee"] or Decimal(0), data["withheld"] or Decimal(0)
        return Receipt(
            entity=data["entity"],
            customer=data["customer"],
            received_on=data["received_on"],
            currency=data["currency"],
            amount=data["amount"] + fee + withheld,
            fee=fee,
            withheld=withheld,
            method=data["method"],
            payer_name=data["payer_name"],
            reference=data["reference"],
            note=data["note"],
            external_key=f"form:{data['token']}" if data["token"] else None,
        )


def currencies(companies: list[Entity]) -> list[str]:
    """What the companies keep books in, then what they have accounts or rates for."""
    first = [company.functional_currency for company in companies]
    known = set(BankAccount.objects.filter(is_active=True).order_by().values_list("currency", flat=True))
    known |= set(entities.exchange_rates().order_by().values_list("currency", flat=True).distinct())
    return list(dict.fromkeys([*first, *sorted(known)]))


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(label="Reason", max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class ReturnForm(ReasonForm):
    """The bank took a receipt back."""

    on = DayField(label="Returned on")
    field_order = ("on", "reason")


class LeftForm(forms.Form):
    """The day the money of a refund left."""

    on = DayField(label="Money left on")


class IdentifyForm(forms.Form):
    """Whose a receipt is."""

    def __init__(self, *args: Any, user: User, address: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["customer"] = CustomerText(user, address=address, label="Customer")


class TakeBackForm(ReasonForm):
    """Why a receipt is not whose it was said to be, and whose it is."""

    def __init__(self, *args: Any, user: User, address: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["customer"] = CustomerText(
            user, address=address, label="Whose it is", required=False, help_text="Empty: nobody knows yet"
        )
        self.order_fields(["customer", "reason"])


class AmountReasonForm(forms.Form):
    """How much, and why: a refund, a write-off."""

    amount = NumberField(label="Amount", least=2, minimum=Decimal(0))
    reason = forms.CharField(
        label="Reason", max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )  # fmt: skip


class ListForm(forms.Form):
    """The filters of the list, from its address. What cannot be read counts as not set."""

    q = forms.CharField(required=False, max_length=100, strip=True)
    entity = forms.IntegerField(required=False)
    customer = forms.IntegerField(required=False)
    currency = forms.CharField(required=False, max_length=3)
    method = forms.ChoiceField(required=False, choices=Payment.Method.choices)
    since = DayField(required=False, label="From")
    until = DayField(required=False, label="To")

    def filters(self) -> Filters:
        """The filters that could be read."""
        self.is_valid()
        known = {name: self.cleaned_data.get(name) for name in self.fields}
        tab = self.data.get("tab", "")
        return Filters(
            tab=tab if tab in TABS else "",
            q=known["q"] or "",
            entity=known["entity"],
            customer=known["customer"],
            currency=(known["currency"] or "").upper(),
            method=known["method"] or "",
            since=known["since"],
            until=known["until"],
        )


def day_of(data: Mapping[str, str], name: str, default: date, *, latest: date) -> date:
    """A day from an address, never after `latest`; `default` when it cannot be read."""
    try:
        return max(EARLIEST, min(date.fromisoformat(data.get(name, "")), latest))
    except ValueError:
        return default
