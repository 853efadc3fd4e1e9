"""What the pages of reminders send: cleaned values for the operations, which check them once more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from core.errors import DomainError
from core.fields import DayField
from policies.clauses import CHANNELS, RECIPIENTS, STATUTORY, TONES
from policies.fields import FeeField
from reminders.models import Decision, Pause
from reminders.queries import Filters
from reminders.words import RULES

CHANNEL_WORDS = {"email": "E-mail", "post": "Letter", "phone": "Phone call", "task": "Work for a colleague"}


def take_fault(form: forms.Form, fault: DomainError) -> None:
    """Show a refusal at the field it names."""
    for one in fault.problems:
        field = one["field"] if one["field"] in form.fields else None
        form.add_error(field, f"{one['message']} {one['mend']}".strip())


class ListForm(forms.Form):
    """What the list of decisions is narrowed to; what cannot be read is left out."""

    on = DayField(required=False)
    outcome = forms.ChoiceField(choices=Decision.Outcome.choices, required=False)
    rule = forms.ChoiceField(choices=[(rule, rule) for rule in RULES], required=False)
    entity = forms.IntegerField(required=False)
    customer = forms.IntegerField(required=False)

    def filters(self, today: date) -> Filters:
        """The readable part; without a day it is today."""
        self.is_valid()
        data = self.cleaned_data
        return Filters(
            day=data.get("on") or today,
            outcome=data.get("outcome") or "",
            rule=data.get("rule") or "",
            entity=data.get("entity"),
            customer=data.get("customer"),
        )


class PauseForm(forms.Form):
    """Pause reminders by hand: why, and best until when."""

    kind = forms.ChoiceField(
        label="What it is",
        choices=[
            choice for choice in Pause.Kind.choices if choice[0] not in (Pause.Kind.PROMISE, Pause.Kind.PLAN)
        ],
        initial=Pause.Kind.MANUAL,
    )
    reason = forms.CharField(
        label="Reason", max_length=300, widget=forms.Textarea(attrs={"rows": 2}), help_text="For colleagues"
    )
    until = DayField(
        label="Until",
        required=False,
        help_text="The last day without reminders. Empty: until somebody ends it.",
    )
    whole = forms.BooleanField(label="Everything of this customer, not only this invoice", required=False)


class NamesField(forms.MultipleChoiceField):
    """Several names, chosen from a list or typed between commas, as the editor of a policy has them."""

    def to_python(self, value: Any) -> list[str]:
        """The names as the rules know them; unknown ones are refused by `validate`."""
        typed = [part for text in super().to_python(value) for part in text.split(",")]
        return [_name(part) for part in typed if part.strip()]


class StepForm(forms.Form):
    """One row of the ladder editor. A row without a day is left out."""

    day = forms.IntegerField(required=False, min_value=-60, max_value=400)
    tone = forms.ChoiceField(choices=[(str(tone), str(tone)) for tone in TONES], required=False)
    channel = forms.ChoiceField(choices=[(name, CHANNEL_WORDS[name]) for name in CHANNELS], required=False)
    situation = forms.CharField(max_length=40, required=False)
    recipients = NamesField(
        choices=[(name, name.replace("_", " ").capitalize()) for name in RECIPIENTS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    fee = FeeField(required=False, minimum=Decimal(0), places=4)
    interest = forms.BooleanField(required=False)
    remove = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            if name not in {"interest", "remove", "recipients"}:
                field.widget.attrs["class"] = "in n" if name in {"day", "fee"} else "in"


Steps = forms.formset_factory(StepForm, extra=1, max_num=30, absolute_max=40)


class LadderForm(forms.Form):
    """Whose ladder it is to be, from when, and why."""

    reason = forms.CharField(label="Reason", max_length=300, help_text="The agreement, or who asked for it")
    valid_from = DayField(label="From")
    valid_to = DayField(label="Last day", required=False, help_text="Empty: until another one begins")


class ExampleForm(forms.Form):
    """The example invoice the timeline is drawn for."""

    due = DayField(required=False)
    region = forms.CharField(max_length=12, required=False)
    currency = forms.CharField(max_length=3, required=False)


def steps_of(formset: Any) -> list[dict[str, Any]]:
    """The rows somebody filled in and did not remove, as a policy has them, in order of their day."""
    formset.is_valid()
    rows = [row.cleaned_data for row in formset.forms]
    used = [row for row in rows if row.get("day") is not None and not row.get("remove")]
    return [
        {
            "day": row["day"],
            "tone": int(row.get("tone") or 1),
            "channel": row.get("channel") or "email",
            "situation": _name(row.get("situation") or "") or "reminder",
            "recipients": row.get("recipients") or ["billing"],
            "fee": str(row.get("fee") or 0),
            "interest": bool(row.get("interest")),
        }
        for row in sorted(used, key=lambda row: row["day"])
    ]


def rows_of(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps as the formset shows them."""
    return [
        {
            **step,
            "situation": step["situation"].replace("_", " "),
            "tone": str(step["tone"]),
            "fee": step["fee"] if step["fee"] == STATUTORY else Decimal(step["fee"]) or None,
        }
        for step in steps
    ]


def _name(text: str) -> str:
    return re.sub(r"\W+", "_", text.strip().lower())
