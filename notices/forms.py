"""What the pages of notices send: cleaned values for the operations, which check them once more."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.fields import DayField
from correspondence.naming import situation_name
from customers.models import Segment
from entities import queries as entities
from entities.models import Entity
from notices.models import ChangeNotice, Rule
from notices.operations import SPOKEN
from policies import queries as policies
from policies.models import Policy
from team.models import User
from team.roles import ROLES


class RuleForm(forms.Form):
    """One line of the protocol. What does not fit the audience is left out."""

    audience = forms.ChoiceField(choices=Rule.Audience.choices, label=_("Who is told"))
    roles = forms.MultipleChoiceField(
        choices=[(role.code, role.name) for role in ROLES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label=_("Which roles"),
    )
    situation = forms.ChoiceField(
        choices=[("", "—"), *((name, situation_name(name)) for name in SPOKEN)],
        required=False,
        label=_("Text for the customer"),
        help_text=_("The mail is written from the text of this situation."),
    )
    words = forms.CharField(
        max_length=160,
        required=False,
        label=_("Words of the notice"),
        help_text=_("For colleagues. {label}, {customer} and {actor} are filled in."),
    )
    within = forms.IntegerField(min_value=1, max_value=10_000, initial=15, label=_("Within"))
    unit = forms.ChoiceField(choices=Rule.Unit.choices, label=_("Unit"))
    must_read = forms.BooleanField(required=False, label=_("Must be read and confirmed"))
    reason = forms.CharField(max_length=300, label=_("Why it changes"))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @staticmethod
    def values_of(rule: Rule) -> dict[str, Any]:
        """What the form shows of a line; the reason is asked anew."""
        names = ("audience", "roles", "situation", "words", "within", "unit", "must_read", "version")
        return {name: getattr(rule, name) for name in names}


class ChangeForm(forms.Form):
    """A notice of change: what changes, from when, in which words, for whom."""

    title = forms.CharField(max_length=160, label=_("Title"), help_text=_("For colleagues"))
    # Never a new bank account of ours: our mails say that we do not announce one by mail.
    situation = forms.ChoiceField(
        choices=[(ChangeNotice.Situation.POLICY.value, ChangeNotice.Situation.POLICY.label)],
        label=_("What changes"),
    )
    entity = forms.ModelChoiceField(queryset=Entity.objects.none(), label=_("Company"), empty_label=None)
    effective_on = DayField(label=_("Holds from"))
    policy = forms.ModelChoiceField(
        queryset=Policy.objects.none(),
        required=False,
        label=_("Policy"),
        help_text=_("Payment terms: everybody under this policy is told, with its days of notice."),
    )
    changes = forms.CharField(
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=_("What changes, in plain words"),
        help_text=_("Payment terms: one change on each line."),
    )
    segment = forms.ModelChoiceField(
        queryset=Segment.objects.none(), required=False, label=_("Only this segment")
    )
    currency = forms.CharField(max_length=3, required=False, label=_("Only who is billed in"))

    def __init__(self, *args: Any, user: User, notice: ChangeNotice | None = None, **options: Any) -> None:
        if notice is not None:
            options["initial"] = {name: getattr(notice, name) for name in self.base_fields}
        super().__init__(*args, **options)
        choices: dict[str, Any] = {
            "entity": entities.visible_to(user),
            "policy": policies.visible_to(user).order_by("name"),
            "segment": Segment.objects.order_by("name"),
        }
        for name, rows in choices.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        if notice is not None:  # another kind of news for another company is another notice
            del self.fields["situation"], self.fields["entity"]

    def clean_currency(self) -> str:
        """Codes are written in capitals."""
        return str(self.cleaned_data["currency"]).upper()


class ReasonForm(forms.Form):
    """Why something is sent back or not needed."""

    reason = forms.CharField(max_length=300, label=_("Why?"))
