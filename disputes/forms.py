"""What the pages of disputes send; the operations check it once more."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import locale
from core.fields import NumberField
from customers.models import Contact, Segment
from disputes import rules
from disputes.models import Dispute, Outcome
from disputes.operations import Claim
from disputes.queries import people_who_own
from entities.models import Entity
from invoices.models import Invoice
from team.models import User
from team.roles import ROLES

REASONS = [(code, f"{reason.name}") for code, reason in rules.REASONS.items()]
CAUSES = list(rules.CAUSES.items())


def _text(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ListForm(forms.Form):
    """The address of the list."""

    q = forms.CharField(required=False, max_length=100)
    reason = forms.ChoiceField(choices=[("", ""), *REASONS], required=False)
    customer = forms.IntegerField(required=False, min_value=1, max_value=2**53)


class RaiseForm(forms.Form):
    """A dispute told to a colleague: why, and how much of which line with its tax."""

    reason = forms.ChoiceField(choices=[("", "—"), *REASONS], label=_("Reason"))
    detail = forms.CharField(widget=_text(4), max_length=5000, label=_("What the customer says is wrong"))
    contact = forms.ModelChoiceField(
        Contact.objects.none(), required=False, label=_("Who says it"), empty_label=_("Nobody by name")
    )

    def __init__(self, *args: Any, invoice: Invoice, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lines = list(invoice.lines.all())
        contact: Any = self.fields["contact"]
        contact.queryset = Contact.objects.filter(customer=invoice.customer_id, is_active=True)
        for line in self.lines:
            gross = rules.gross_of(line.taxable, line.rate, invoice.currency)
            self.fields[f"line_{line.position}"] = NumberField(
                required=False,
                label=f"{line.position}. {line.description[:80]}",
                help_text=_("All of it with tax: %(amount)s")
                % {"amount": locale.money(gross, invoice.currency)},
            )
        self.fields["whole"] = NumberField(
            required=False,
            label=_("Of the invoice as a whole"),
            help_text=_("Where no line says it; with tax"),
        )

    def claims(self) -> list[Claim]:
        """What is disputed of which line."""
        data = self.cleaned_data
        found = [
            Claim(line.position, amount)
            for line in self.lines
            if (amount := data.get(f"line_{line.position}")) is not None
        ]
        return [*found, Claim(None, data["whole"])] if data.get("whole") is not None else found

    def line_fields(self) -> list[Any]:
        """The amounts, for the template."""
        return [self[name] for name in self.fields if name.startswith("line_") or name == "whole"]


class StepForm(forms.Form):
    """An act without words."""


class ReplyForm(forms.Form):
    """An answer, or a question that stops our clock."""

    body = forms.CharField(widget=_text(5), max_length=8000, label=_("Your answer"), strip=False)
    ask = forms.BooleanField(
        required=False, label=_("This is a question: our clock stands still until they answer")
    )


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=300, label=_("Why"))


class AdviceForm(forms.Form):
    """What the legal adviser said."""

    advice = forms.CharField(max_length=300, label=_("Who was asked, and what they advise"))


class AssignForm(forms.Form):
    """Who works on it."""

    to = forms.ModelChoiceField(User.objects.none(), label=_("New owner"), empty_label="—")
    reason = forms.CharField(max_length=300, label=_("Why"))

    def __init__(self, data: Any = None, *, dispute: Dispute) -> None:
        super().__init__(data)
        people = [one.pk for one in people_who_own(dispute.entity) if one.pk != dispute.owner_id]
        chosen: Any = self.fields["to"]
        chosen.queryset = User.objects.filter(pk__in=people).order_by("name")


class ProposeForm(forms.Form):
    """How it is to end."""

    outcome = forms.ChoiceField(
        choices=[one for one in Outcome.choices if one[0] in rules.PROPOSABLE],
        widget=forms.RadioSelect,
        label=_("How it ends"),
    )
    root_cause = forms.ChoiceField(choices=[("", "—"), *CAUSES], label=_("Where it went wrong"))
    answer = forms.CharField(widget=_text(5), max_length=5000, label=_("Answer to the customer"))
    evidence = forms.CharField(
        widget=_text(3),
        max_length=5000,
        required=False,
        label=_("What proves it"),
        help_text=_("Needed for a rejection; the customer reads it"),
    )

    def __init__(
        self, data: Any = None, *, credit: dict[int, Decimal], currency: str, **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.positions = sorted(credit)
        for position in self.positions:
            self.fields[f"credit_{position}"] = NumberField(
                required=False,
                initial=credit[position],
                label=_("Credit of line %(n)s before tax") % {"n": position},
                help_text=_("At most %(amount)s is in dispute")
                % {"amount": locale.money(credit[position], currency)},
            )

    def credit(self) -> dict[int, Decimal]:
        """{line: net} of what is credited."""
        data = self.cleaned_data
        return {n: data[f"credit_{n}"] for n in self.positions if data.get(f"credit_{n}")}

    def credit_fields(self) -> list[Any]:
        """The amounts, for the template."""
        return [self[f"credit_{n}"] for n in self.positions]


class MatrixRowForm(forms.Form):
    """One line of the escalation matrix: which disputes it is for, then to whose level after how long."""

    at_least = NumberField(minimum=Decimal(0), required=False, label=_("Amount from"))
    reasons = forms.CharField(
        max_length=80,
        required=False,
        label=_("Reasons"),
        widget=forms.TextInput(attrs={"placeholder": _("all"), "autocomplete": "off"}),
    )
    segment = forms.ModelChoiceField(
        Segment.objects.order_by("name"), required=False, empty_label=_("all"), label=_("Segment")
    )
    entity = forms.ModelChoiceField(
        Entity.objects.order_by("name"), required=False, empty_label=_("all"), label=_("Company")
    )
    level = forms.TypedChoiceField(
        choices=[("", "—"), *((n, str(n)) for n in range(2, rules.TOP + 1))], coerce=int, label=_("Level")
    )
    role = forms.ChoiceField(
        choices=[(role.code, role.name) for role in ROLES if "disputes.view_dispute" in role.acts],
        initial="lead",
        label=_("Goes to"),
    )
    hours = forms.IntegerField(
        min_value=0,
        max_value=2000,
        label=_("Business hours"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    counted_from = forms.ChoiceField(
        choices=[
            (rules.FROM_BREACH, _("after a missed deadline")),
            (rules.FROM_RAISED, _("after it was raised")),
        ],
        initial=rules.FROM_BREACH,
        label=_("Counted"),
    )

    def clean_reasons(self) -> frozenset[str]:
        """The codes, however they are set apart."""
        codes = frozenset(self.cleaned_data["reasons"].replace(",", " ").upper().split())
        if unknown := sorted(codes - rules.REASONS.keys()):
            raise forms.ValidationError(
                _("%(code)s is no reason. Use codes of the list below.") % {"code": ", ".join(unknown)}
            )
        return codes

    def step(self) -> rules.Step | None:
        """The line, or None where nothing was filled in."""
        data = self.cleaned_data
        if not data:
            return None
        return rules.Step(
            level=data["level"],
            role=data["role"],
            counted_from=data["counted_from"],
            hours=data["hours"],
            at_least=data["at_least"] or Decimal(0),
            reasons=data["reasons"],
            segment=data["segment"].pk if data["segment"] else None,
            entity=data["entity"].pk if data["entity"] else None,
        )

    @classmethod
    def edited(cls, data: Mapping[str, str], act: str, most: int) -> tuple[dict[str, str], int]:
        """What was typed with a line added ("add") or taken out ("remove:2"), and the line to go on at."""
        sent = data.get("form-TOTAL_FORMS", "")
        count = min(int(sent), most) if sent.isdecimal() else 0
        rows = [{name: data.get(f"form-{n}-{name}", "") for name in cls.base_fields} for n in range(count)]
        wanted = act.removeprefix("remove:")
        at = int(wanted) if wanted.isdecimal() else len(rows)
        if at < len(rows):
            rows.pop(at)
        elif len(rows) < most:
            rows.append({"role": "lead", "counted_from": rules.FROM_BREACH})
        typed = {f"form-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}
        counts = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0"}
        return typed | counts, min(at, len(rows) - 1)


class LimitsForm(forms.Form):
    """A company's amounts, in its functional currency."""

    large = NumberField(minimum=Decimal(0), label=_("Answered sooner above"))
    legal = NumberField(minimum=Decimal(0), label=_("Legal adviser from"))
    goodwill = NumberField(minimum=Decimal(0), label=_("Goodwill in a quarter"))
    small = NumberField(minimum=Decimal(0), label=_("Written off as small up to"))
    disputes_short_payments = forms.BooleanField(
        required=False, label=_("A rest that a payer deducts for a reason we know is disputed without asking")
    )


class ShortForm(forms.Form):
    """What a receipt left open of an invoice, disputed in one step: whose rest, and why."""

    invoice = forms.IntegerField(min_value=1, max_value=2**53, widget=forms.HiddenInput)
    reason = forms.ChoiceField(choices=REASONS, label=_("Reason"))


class PlaybookForm(forms.Form):
    """A new version: one step or question in each line, replies apart by an empty line."""

    steps = forms.CharField(widget=_text(6), label=_("Steps"), help_text=_("One in each line"))
    questions = forms.CharField(
        widget=_text(4), required=False, label=_("Questions to the customer"), help_text=_("One in each line")
    )
    replies = forms.CharField(
        widget=_text(8),
        required=False,
        label=_("Model replies"),
        help_text=_("Empathy first; an empty line begins the next one"),
    )
    consults = forms.CharField(max_length=80, label=_("Whom to ask"))

    def parts(self) -> dict[str, Any]:
        """The lists the operation takes."""
        data = self.cleaned_data
        return {
            "steps": data["steps"].splitlines(),
            "questions": data["questions"].splitlines(),
            "replies": [one for one in data["replies"].replace("\r\n", "\n").split("\n\n") if one.strip()],
            "consults": data["consults"],
        }
