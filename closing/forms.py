"""What the pages of month ends send."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class CloseForm(forms.Form):
    """Why a month is closed although points are open; empty where none is."""

    reason = forms.CharField(
        label=_("Why it is closed with open points"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ReopenForm(forms.Form):
    """Why a closed month takes postings again."""

    reason = forms.CharField(
        label=_("Why it is opened again"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
