"""What the pages of statements send: cleaned values, nothing written."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.fields import DayField
from customers.models import Customer, Segment
from customers.queries import matching
from customers.queries import visible_to as visible_customers
from entities.models import Entity
from statements.bulk import Wanted
from statements.models import Schedule, Statement
from statements.queries import Filters
from statements.rules import MONTHLY, last_period
from team.models import User


class ListForm(forms.Form):
    """The filters of the list. What cannot be read narrows nothing."""

    q = forms.CharField(required=False, max_length=100)
    entity = forms.IntegerField(required=False, min_value=1, max_value=2**53)
    customer = forms.IntegerField(required=False, min_value=1, max_value=2**53)
    currency = forms.CharField(required=False, max_length=3)
    since = DayField(required=False)
    until = DayField(required=False)

    def filters(self) -> Filters:
        """The readable values of the address."""
        self.is_valid()
        return Filters(**{name: value for name, value in self.cleaned_data.items() if value})


class MakeForm(forms.Form):
    """Which account, as of when, and what is to stand on the paper."""

    account = forms.ChoiceField()
    form = forms.ChoiceField(choices=Statement.Form.choices)
    since = DayField()
    as_of = DayField()

    def __init__(self, *args: Any, accounts: list[tuple[Entity, str]], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._accounts = {f"{entity.pk}-{currency}": (entity, currency) for entity, currency in accounts}
        self.fields["account"].choices = [  # type: ignore[attr-defined]
            (key, f"{entity.name} · {currency}") for key, (entity, currency) in self._accounts.items()
        ]
        self.fields["as_of"].initial = today
        self.fields["since"].initial = today.replace(day=1)

    @property
    def chosen(self) -> tuple[Entity, str]:
        """The company and currency of the account."""
        return self._accounts[self.cleaned_data["account"]]


class BulkForm(forms.Form):
    """Which customers, and what is to stand on their paper."""

    q = forms.CharField(required=False, max_length=100, label=_("Name or number"))
    entity = forms.ChoiceField(required=False, label=_("Company"))
    segment = forms.ModelChoiceField(
        Segment.objects.all(), required=False, label=_("Segment"), empty_label=_("All")
    )
    form = forms.ChoiceField(choices=Statement.Form.choices, label=_("Shows"))
    since = DayField(label=_("From"), required=False, help_text=_("Not used for open items"))
    as_of = DayField(label=_("As of"))

    def __init__(self, *args: Any, companies: list[Entity], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._companies = companies
        choice: Any = self.fields["entity"]
        choice.choices = [("", _("All")), *((str(one.pk), one.name) for one in companies)]
        last = last_period(MONTHLY, today)
        if last is not None:
            self.fields["since"].initial, self.fields["as_of"].initial = last.since, last.until

    @property
    def chosen_companies(self) -> list[Entity]:
        """The company asked for, or all the reader sees."""
        pk = self.cleaned_data["entity"]
        return [one for one in self._companies if not pk or str(one.pk) == pk]

    @property
    def wanted(self) -> Wanted:
        """The form and the days."""
        given = self.cleaned_data
        return Wanted(given["form"], given["since"] or given["as_of"], given["as_of"])

    def customers(self, user: User) -> QuerySet[Customer]:
        """The customers it names, of those the reader sees."""
        given = self.cleaned_data
        rows = visible_customers(user)
        if words := given["q"].replace("\0", "").strip():
            rows = matching(rows, words)
        if given["segment"]:
            rows = rows.filter(segment=given["segment"])
        if given["entity"]:
            rows = rows.filter(entity=given["entity"])
        return rows


class ScheduleForm(forms.Form):
    """How often, and in which form."""

    often = forms.ChoiceField(label=_("How often"))
    form = forms.ChoiceField(choices=Statement.Form.choices, label=_("Shows"))

    def __init__(self, *args: Any, row: Schedule | None, of_customer: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["often"]
        own = [("segment", _("As the segment"))] if of_customer else []
        choice.choices = [*own, ("never", _("Never")), *Schedule.Frequency.choices[1:]]
        choice.initial = (row.frequency or "never") if row else ("segment" if of_customer else "never")
        self.fields["form"].initial = row.form if row else Statement.Form.MOVEMENTS

    @property
    def follows_segment(self) -> bool:
        """No choice of the customer's own."""
        return bool(self.cleaned_data["often"] == "segment")

    @property
    def frequency(self) -> str:
        """As the schedule keeps it."""
        often = self.cleaned_data["often"]
        return "" if often == "never" else str(often)


def take_fault(form: forms.Form, fault: DomainError) -> None:
    """Show a refusal at the field it names."""
    form.add_error(
        fault.field if fault.field in form.fields else None, f"{fault.message} {fault.mend or ''}".strip()
    )
