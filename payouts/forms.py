"""What the pages of payouts send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.fields import DayField
from payments.models import Refund


class PlanForm(forms.Form):
    """Which refunds a file pays, and when."""

    execute_on = DayField(label=_("The bank pays on"))

    def __init__(self, *args: Any, refunds: QuerySet[Refund], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["refunds"] = forms.ModelMultipleChoiceField(
            refunds, label=_("Refunds"), error_messages={"required": _("Choose what it pays.")}
        )


class ExecutedForm(forms.Form):
    """The day the bank paid."""

    on = DayField(label=_("Paid by the bank on"))
