"""What the pages of late charges send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from charges.rules import SOURCES
from core.fields import DayField, NumberField


class ChargeForm(forms.Form):
    """What to charge, up to which day."""

    kind = forms.ChoiceField(choices=[("interest", _("Late interest")), ("fixed_sum", _("Fixed sum"))])
    on = DayField(label=_("Up to and including"))


class WaiveForm(forms.Form):
    """How much is waived, and why."""

    amount = NumberField(
        label=_("Amount without tax"), required=False, help_text=_("Empty: all that is left")
    )
    reason = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 2}), label=_("Reason"))


class RateForm(forms.Form):
    """A published rate."""

    source = forms.ChoiceField(choices=list(SOURCES.items()), label=_("Published by"))
    valid_from = DayField(label=_("Holds from"))
    rate = NumberField(places=4, label=_("Percent a year"))
    published = forms.CharField(max_length=200, label=_("Where it is published"))


class ReviewForm(forms.Form):
    """Who reviewed a rate, and when."""

    reviewed_on = DayField(label=_("Reviewed on"))
    reviewed_by = forms.CharField(max_length=120, label=_("By legal adviser"))

    def __init__(self, data: Any = None, *, prefix_of: int) -> None:
        super().__init__(data, auto_id=f"review-{prefix_of}-%s")
