"""What the pages of collection work send; the operations check it once more."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet

from cases import rules
from cases.models import Action, Call, Case, HandOver, Plan
from cases.queries import WORKLIST_TABS, Filters, colleagues
from core import locale
from core.errors import DomainError
from core.fields import DayField, NumberField
from customers.models import Contact
from entities.models import Entity
from entities.queries import calendar_of, local_day
from invoices.models import Invoice


def take_fault(form: forms.Form, fault: DomainError) -> None:
    """Show a refusal at the field it names."""
    for one in fault.problems:
        field = one["field"] if one["field"] in form.fields else None
        form.add_error(field, f"{one['message']} {one['mend']}".strip())


class WorklistForm(forms.Form):
    """The address of the worklist."""

    tab = forms.ChoiceField(choices=list(WORKLIST_TABS.items()), required=False)
    q = forms.CharField(required=False, max_length=100)
    entity = forms.ModelChoiceField(Entity.objects.all(), required=False)
    stage = forms.ChoiceField(choices=Case.Stage.choices, required=False)

    def filters(self) -> Filters:
        """What is asked for; what cannot be read is left out."""
        self.is_valid()
        data = self.cleaned_data
        entity = data.get("entity")
        return Filters(
            tab=data.get("tab") or "",
            q=data.get("q") or "",
            entity=entity.pk if entity else None,
            stage=data.get("stage") or "",
        )


class CallForm(forms.Form):
    """A call note: what came of it, and what is next and when."""

    channel = forms.ChoiceField(label="By", choices=Call.Channel.choices)
    outcome = forms.ChoiceField(label="What came of it", choices=Call.Outcome.choices)
    contact = forms.ModelChoiceField(Contact.objects.none(), label="With", required=False, empty_label="—")
    note = forms.CharField(
        label="What was said", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_private = forms.BooleanField(label="Keep this note here when the case is handed over", required=False)
    next_action = forms.ChoiceField(label="Next", choices=Action.choices)
    next_on = DayField(label="On")

    def __init__(self, *args: Any, case: Case, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["contact"].queryset = Contact.objects.filter(  # type: ignore[attr-defined]
            customer=case.customer_id, is_active=True
        )


def next_working_day(case: Case, now: datetime, days: int = 3) -> date:
    """The day proposed for the next step."""
    return calendar_of(case.entity).add_business_days(local_day(case.entity, now), days)


class SkipForm(forms.Form):
    """Not today."""

    reason = forms.CharField(label="Why not today", max_length=300)


class SnoozeForm(forms.Form):
    """Out of sight until a day."""

    until = DayField(label="Until")
    reason = forms.CharField(label="Why", max_length=300)


class DelegateForm(forms.Form):
    """To a colleague."""

    to = forms.ChoiceField(label="To")
    reason = forms.CharField(label="Why", max_length=300)

    def __init__(self, *args: Any, case: Case, **options: Any) -> None:
        super().__init__(*args, **options)
        others = [person for person in colleagues() if person.pk != case.owner_id]
        self.people = {str(person.pk): person for person in others}
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            (pk, str(person)) for pk, person in self.people.items()
        ]


class NextForm(forms.Form):
    """Another next step."""

    next_action = forms.ChoiceField(label="Next", choices=Action.choices)
    next_on = DayField(label="On")
    note = forms.CharField(label="Note", required=False, max_length=300)


class HardshipForm(forms.Form):
    """They cannot pay now, or can again."""

    on = forms.TypedChoiceField(
        label="The customer",
        choices=[("1", "cannot pay now"), ("0", "can pay again")],
        coerce=lambda value: value == "1",
    )
    note = forms.CharField(label="What you know", required=False, max_length=300)


_STOPS = [("insolvency", "Insolvent"), ("deceased", "Deceased"), ("", "Neither any more")]


class StopForm(forms.Form):
    """Only the legal way is open."""

    stop = forms.ChoiceField(label="Because", choices=_STOPS, required=False)
    note = forms.CharField(label="How do you know", max_length=300)


class ReasonForm(forms.Form):
    """One reason."""

    reason = forms.CharField(label="Reason", max_length=500)


class _InvoicesForm(forms.Form):
    """Chosen invoices of one customer, in one currency."""

    invoices = forms.ModelMultipleChoiceField(
        Invoice.objects.none(), label="For", widget=forms.CheckboxSelectMultiple
    )

    def offer(self, invoices: QuerySet[Invoice]) -> None:
        """Set what can be chosen, with what is open of each."""
        field: Any = self.fields["invoices"]
        field.queryset = invoices
        field.label_from_instance = _with_due_day


def _with_balance(invoice: Invoice) -> str:
    return f"{invoice.number} · {locale.money(invoice.balance, invoice.currency)}"


def _with_due_day(invoice: Invoice) -> str:
    due = invoice.next_due_on or invoice.due_on
    return f"{_with_balance(invoice)} · due {locale.day(due)}" if due else _with_balance(invoice)


class PromiseForm(_InvoicesForm):
    """A promise by phone or mail."""

    amount = NumberField(label="Amount", places=4)
    promised_on = DayField(label="By")
    channel = forms.ChoiceField(label="Said by", choices=Call.Channel.choices)
    contact = forms.ModelChoiceField(
        Contact.objects.none(), label="Who said it", required=False, empty_label="—"
    )
    note = forms.CharField(label="Note", required=False, max_length=500)

    def __init__(self, *args: Any, case: Case, invoices: QuerySet[Invoice], **options: Any) -> None:
        super().__init__(*args, **options)
        self.offer(invoices)
        self.fields["contact"].queryset = Contact.objects.filter(  # type: ignore[attr-defined]
            customer=case.customer_id, is_active=True
        )


class PlanForm(_InvoicesForm):
    """Parts and rhythm of a plan."""

    parts = forms.IntegerField(label="Instalments", min_value=2, max_value=rules.MOST_PARTS)
    rhythm = forms.ChoiceField(label="Rhythm", choices=Plan.Rhythm.choices)
    first_on = DayField(label="First instalment")
    yearly_rate = NumberField(label="Interest, % a year", places=4)
    note = forms.CharField(label="Note", required=False, max_length=500)

    def __init__(self, *args: Any, invoices: QuerySet[Invoice], **options: Any) -> None:
        super().__init__(*args, **options)
        self.offer(invoices)

    def clean_yearly_rate(self) -> Decimal:
        """No rate is no interest."""
        value: Decimal | None = self.cleaned_data["yearly_rate"]
        return Decimal(0) if value is None else value


class AcceptForm(forms.Form):
    """The customer agreed to a plan, to us."""

    contact = forms.ModelChoiceField(
        Contact.objects.none(), label="Who agreed", required=False, empty_label="—"
    )
    evidence = forms.CharField(
        label="How, and when", max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, customer_id: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["contact"].queryset = Contact.objects.filter(  # type: ignore[attr-defined]
            customer=customer_id, is_active=True
        )


class HandOverForm(forms.Form):
    """To whom, and why."""

    kind = forms.ChoiceField(label="To", choices=HandOver.Kind.choices)
    recipient = forms.CharField(label="Name of the agency or lawyer", max_length=160)
    reason = forms.CharField(label="Why now", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class WriteOffForm(forms.Form):
    """Which invoice is given up, how much, why."""

    invoice = forms.ModelChoiceField(Invoice.objects.none(), label="Invoice", empty_label=None)
    amount = NumberField(label="Amount", places=4)
    reason = forms.CharField(label="What was tried, and why it failed", max_length=300)

    def __init__(self, *args: Any, invoices: QuerySet[Invoice], **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["invoice"]
        field.queryset = invoices
        field.label_from_instance = _with_balance


def first_day_of_plan(case: Case, now: datetime) -> date:
    """Two weeks from now, on a working day."""
    return calendar_of(case.entity).following(local_day(case.entity, now) + timedelta(days=14))
