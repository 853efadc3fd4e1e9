"""What the pages of correspondence send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.fields import DayField
from correspondence.rules import BODY_LENGTH, SUBJECT_LENGTH
from customers.models import Contact


def _contacts_of(customer_id: int | None) -> QuerySet[Contact]:
    if customer_id is None:
        return Contact.objects.none()
    return Contact.objects.filter(customer_id=customer_id, is_active=True).order_by("name")


class LinkForm(forms.Form):
    """For whom a link is, and how long it is good."""

    contact = forms.ModelChoiceField(
        Contact.objects.none(), required=False, label=_("For"), empty_label=_("Nobody in particular")
    )
    days = forms.IntegerField(label=_("Good for, in days"), min_value=1, max_value=365, initial=90)

    def __init__(self, *args: Any, customer_id: int | None, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["contact"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (for the type checker)
        field.queryset = _contacts_of(customer_id)


class PostedForm(forms.Form):
    """The day letters went to the post; none is today."""

    posted_on = DayField(label=_("Posted on"), required=False)


class TextForm(forms.Form):
    """A message text. The rules of variables are the operation's; `refuse` shows what they say."""

    subject = forms.CharField(label=_("Subject"), max_length=SUBJECT_LENGTH)
    body = forms.CharField(
        label=_("Text"),
        max_length=BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "true"}),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def refuse(self, refusal: Invalid) -> None:
        """Show every problem where it is, with its mend."""
        for found in refusal.problems:
            field = found["field"] if found["field"] in self.fields else None
            self.add_error(field, " ".join(part for part in (found["message"], found["mend"]) if part))
