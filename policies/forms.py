"""What the pages about policies send, and its translation into clauses."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.urls import reverse_lazy

from core.errors import DomainError
from core.fields import DayField, NumberField
from entities.models import Entity
from policies.fields import FeeField
from policies.models import Policy
from policies.rules import CHANNELS, METHODS, ORDERS, PROSE, REGIMES, STATUTORY, TITLES
from team.models import User

METHOD_NAMES = [(name, name.replace("_", " ").capitalize().replace("Upi", "UPI")) for name in METHODS]
ORDER_NAMES = [
    ("remittance", "What the customer's advice says"),
    ("reference", "Invoices named in the reference"),
    ("exact_amount", "The one invoice with this amount"),
    ("oldest", "Oldest due date first"),
]
REGIME_NAMES = [("", "No interest"), *((key, f"{key} ({regime.source})") for key, regime in REGIMES.items())]


class PolicyForm(forms.Form):
    """What a policy is called, who owns it, how changes are announced."""

    name = forms.CharField(max_length=120)
    code = forms.SlugField(max_length=40, help_text="Short and lasting, like eu-business")
    owner = forms.ModelChoiceField(queryset=User.objects.filter(is_active=True, is_machine=False))
    default_for = forms.ModelChoiceField(
        queryset=Entity.objects.all(),
        required=False,
        help_text="Its customers are under this policy unless they have another.",
    )
    notice_days = forms.IntegerField(
        min_value=0,
        max_value=365,
        initial=30,
        label="Days of notice",
        help_text="Before a change takes effect",
    )
    review_months = forms.IntegerField(min_value=1, max_value=60, initial=12, label="Review every … months")

    def __init__(self, *args: Any, policy: Policy | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if policy is not None:
            del self.fields["code"]


class ClausesForm(forms.Form):
    """The clauses of a draft, one typed field each."""

    change_note = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="What changes and why",
        help_text="One or two sentences for readers of the version before.",
    )
    effective_from = DayField(required=False, label="Takes effect on")
    currency = forms.CharField(max_length=3, help_text="Of fees and limits in this policy")
    terms = forms.CharField(
        max_length=120, label="Payment terms", help_text="Like NET 30/F, +1M EOM, CUT12 +1M DAY20"
    )
    discount_pct = NumberField(places=4, required=False, label="Discount in %")
    discount_days = forms.IntegerField(
        min_value=0, max_value=365, required=False, label="When paid within … days"
    )
    regime = forms.ChoiceField(choices=REGIME_NAMES, required=False, label="Late interest")
    margin = NumberField(places=4, required=False, label="Points above the reference rate")
    fixed_sum = forms.ChoiceField(
        choices=[("", "None"), ("EU", "EU: 40 EUR for each late payment"), ("UK", "UK: 40, 70 or 100 GBP")],
        required=False,
    )
    tolerance_absolute = NumberField(places=4, required=False, label="Small difference up to")
    tolerance_pct = NumberField(places=4, required=False, label="and at most % of what is open")
    absorb_over = forms.BooleanField(required=False, label="Small overpayments are not paid back")
    dispute_window_days = forms.IntegerField(min_value=0, max_value=365, label="Days to raise a dispute")
    notice_days = forms.IntegerField(min_value=0, max_value=365, label="Days of notice promised in the text")
    methods = forms.MultipleChoiceField(
        choices=METHOD_NAMES, widget=forms.CheckboxSelectMultiple, label="Ways to pay"
    )
    order_1 = forms.ChoiceField(choices=ORDER_NAMES, label="A payment settles first")
    order_2 = forms.ChoiceField(choices=[("", "–"), *ORDER_NAMES], required=False, label="then")
    order_3 = forms.ChoiceField(choices=[("", "–"), *ORDER_NAMES], required=False, label="then ")
    order_4 = forms.ChoiceField(choices=[("", "–"), *ORDER_NAMES], required=False, label="then  ")
    lock_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for key in PROSE:
            self.fields[f"text_{key}"] = forms.CharField(
                label=TITLES[key], required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
            )
        self.fields["terms"].widget.attrs |= {
            "hx-get": reverse_lazy("policies:terms"),
            "hx-trigger": "input changed delay:400ms, change",
            "hx-target": "#terms-meaning",
            "hx-swap": "outerHTML",
        }

    @property
    def prose(self) -> list[forms.BoundField]:
        """The clauses only people can write."""
        return [self[f"text_{key}"] for key in PROSE]


class StepForm(forms.Form):
    """One reminder step."""

    day = forms.IntegerField(min_value=-60, max_value=365, required=False)
    tone = forms.TypedChoiceField(
        choices=[(1, "1 courtesy"), (2, "2 friendly"), (3, "3 firm"), (4, "4 formal"), (5, "5 final")],
        coerce=int,
        required=False,
    )
    channel = forms.ChoiceField(choices=[(name, name.capitalize()) for name in CHANNELS], required=False)
    situation = forms.CharField(max_length=40, required=False)
    recipients = forms.CharField(max_length=120, required=False)
    fee = FeeField(places=4, required=False)
    interest = forms.BooleanField(required=False)
    remove = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            if name not in {"interest", "remove"}:
                field.widget.attrs["class"] = "in n" if name in {"day", "fee"} else "in"


class PartForm(forms.Form):
    """One instalment."""

    pct = NumberField(places=4, required=False, label="%")
    terms = forms.CharField(max_length=120, required=False)


Steps = formset_factory(StepForm, extra=2)
Parts = formset_factory(PartForm, extra=2)


def initial(clauses: dict[str, Any]) -> dict[str, Any]:
    """The form's values for stored clauses."""
    offer, interest = clauses.get("early_discount") or {}, clauses.get("late_interest") or {}
    allowance = clauses.get("tolerance") or {}
    values: dict[str, Any] = {
        "currency": clauses.get("currency", "EUR"),
        "terms": clauses.get("terms", "NET 30"),
        "discount_pct": _number(offer.get("pct")),
        "discount_days": offer.get("days"),
        "regime": interest.get("regime", ""),
        "margin": _number(interest.get("margin")),
        "fixed_sum": interest.get("fixed_sum", ""),
        "tolerance_absolute": _number(allowance.get("absolute")),
        "tolerance_pct": _number(allowance.get("pct")),
        "absorb_over": allowance.get("absorb_over", False),
        "dispute_window_days": clauses.get("dispute_window_days", 15),
        "notice_days": clauses.get("notice_days", 30),
        "methods": clauses.get("methods", ["bank_transfer"]),
    }
    for at, name in enumerate(clauses.get("allocation_order", ORDERS), start=1):
        values[f"order_{at}"] = name
    return values | {f"text_{key}": text for key, text in (clauses.get("texts") or {}).items()}


def step_rows(clauses: dict[str, Any]) -> list[dict[str, Any]]:
    """The ladder for its formset."""
    return [
        {
            **row,
            "situation": row["situation"].replace("_", " "),
            "recipients": ", ".join(name.replace("_", " ") for name in row.get("recipients", ())),
            "fee": STATUTORY if row.get("fee") == STATUTORY else _number(row.get("fee")),
        }
        for row in clauses.get("ladder") or []
    ]


def part_rows(clauses: dict[str, Any]) -> list[dict[str, Any]]:
    """The instalments for their formset."""
    return [{**row, "pct": _number(row.get("pct"))} for row in clauses.get("instalments") or []]


def clauses_from(form: ClausesForm, steps: Sequence[StepForm], parts: Sequence[PartForm]) -> dict[str, Any]:
    """The typed fields as clauses. Rules of meaning are not asked here: the operation does."""
    data = form.cleaned_data
    order = [data[f"order_{at}"] for at in range(1, 5) if data.get(f"order_{at}")]
    clauses: dict[str, Any] = {
        "currency": data["currency"].upper(),
        "terms": data["terms"],
        "early_discount": None,
        "late_interest": None,
        "tolerance": {
            "absolute": _text(data["tolerance_absolute"]),
            "pct": _text(data["tolerance_pct"]),
            "absorb_over": data["absorb_over"],
        },
        "dispute_window_days": data["dispute_window_days"],
        "notice_days": data["notice_days"],
        "methods": data["methods"],
        "allocation_order": list(dict.fromkeys(order)),
        "texts": {key: data[f"text_{key}"] for key in PROSE if data[f"text_{key}"]},
        "ladder": [_step(step.cleaned_data) for step in steps],
        "instalments": [
            {"pct": _text(part.cleaned_data["pct"]), "terms": part.cleaned_data["terms"]} for part in parts
        ],
    }
    if data["discount_pct"]:
        clauses["early_discount"] = {"pct": _text(data["discount_pct"]), "days": data["discount_days"] or 0}
    if data["regime"]:
        clauses["late_interest"] = {
            "regime": data["regime"],
            "margin": _text(data["margin"]),
            "fixed_sum": data["fixed_sum"],
        }
    return clauses


def used_steps(formset: "BaseFormSet[Any]") -> list[StepForm]:
    """The rows of the ladder somebody filled in and did not remove, in order of their day."""
    rows = [
        row
        for row in formset.forms
        if row.cleaned_data.get("situation") and not row.cleaned_data.get("remove")
    ]
    return sorted(rows, key=lambda row: row.cleaned_data.get("day") or 0)


def used_parts(formset: "BaseFormSet[Any]") -> list[PartForm]:
    """The instalments somebody filled in."""
    return [row for row in formset.forms if row.cleaned_data.get("pct") or row.cleaned_data.get("terms")]


_FIELDS = {
    "early_discount.pct": "discount_pct",
    "early_discount.days": "discount_days",
    "late_interest.regime": "regime",
    "late_interest.margin": "margin",
    "late_interest.fixed_sum": "fixed_sum",
    "tolerance.absolute": "tolerance_absolute",
    "tolerance.pct": "tolerance_pct",
    "allocation_order": "order_1",
}


def show_faults(
    form: ClausesForm, fault: DomainError, steps: Iterable[StepForm], parts: Iterable[PartForm]
) -> None:
    """Put each problem at the field it names; what has no field stands above the form."""
    rows: dict[str, list[forms.Form]] = {"ladder": list(steps), "instalments": list(parts)}
    for one in fault.problems:
        words = f"{one['message']} {one['mend']}".strip()
        indexed = re.fullmatch(r"(ladder|instalments)\[(\d+)\]\.(\w+)", one["field"])
        if indexed and int(indexed[2]) < len(rows[indexed[1]]):
            rows[indexed[1]][int(indexed[2])].add_error(indexed[3], words)
            form.add_error(None, f"{indexed[1].capitalize()}, row {int(indexed[2]) + 1}: {words}")
            continue
        name = _FIELDS.get(one["field"], one["field"].replace("texts.", "text_"))
        form.add_error(name if name in form.fields else None, words)


def _step(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "day": row["day"] or 0,
        "tone": row["tone"] or 1,
        "channel": row["channel"] or "email",
        "situation": _name(row["situation"]),
        "recipients": _names(row["recipients"]) or ["billing"],
        "fee": _text(row["fee"]),
        "interest": row["interest"],
    }


def _names(text: str) -> list[str]:
    """What was typed between commas, as the rules name it; unknown names are theirs to refuse."""
    return [_name(part) for part in text.split(",") if part.strip()]


def _name(text: str) -> str:
    return re.sub(r"\W+", "_", text.strip().lower())


def _number(value: Any) -> Decimal | None:
    found = Decimal(value) if value not in (None, "") else None
    return found or None


def _text(value: Decimal | date | str | None) -> str:
    return "0" if value is None else str(value)
