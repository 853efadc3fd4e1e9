"""What the pages of conversations send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations import queries
from conversations.models import Thread
from customers.models import Customer
from team.models import User


def _text(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ReplyForm(forms.Form):
    """An answer, or a question that waits for the customer."""

    body = forms.CharField(widget=_text(6), label=_("Your answer"), strip=False)
    ask = forms.BooleanField(required=False, label=_("This is a question: wait for the customer"))


class NoteForm(forms.Form):
    """An internal note; `mentions` are colleagues chosen from a list, @name in the text does the same."""

    body = forms.CharField(
        widget=_text(3), label=_("Internal note"), help_text=_("@name tells a colleague"), strip=False
    )
    mentions = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(), required=False, label=_("Tell"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, people: list[User], **options: Any) -> None:
        super().__init__(*args, **options)
        chosen: Any = self.fields["mentions"]
        chosen.queryset = User.objects.filter(pk__in=[person.pk for person in people])


class OwnerForm(forms.Form):
    """Who answers."""

    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label=_("Nobody yet"))

    def __init__(self, data: Any = None, *, thread: Thread) -> None:
        super().__init__(data, initial={"owner": thread.owner_id})
        people = [person.pk for person in queries.answerers(thread.entity)]
        chosen: Any = self.fields["owner"]
        chosen.queryset = User.objects.filter(pk__in=people).order_by("name")


class CustomerForm(forms.Form):
    """Whose an unknown sender is, by the customer's number."""

    customer = forms.CharField(max_length=160, label=_("Customer number or name"))
    keep_contact = forms.BooleanField(
        required=False, initial=True, label=_("Keep the address as a contact of the customer")
    )

    def __init__(self, *args: Any, customers: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._customers = customers

    def clean_customer(self) -> Customer:
        """The one customer the text names."""
        words = self.cleaned_data["customer"].replace("\0", "").strip()
        found = list(self._customers.filter(number__iexact=words)[:1])
        found = found or list(self._customers.filter(name__iexact=words)[:2])
        found = found or list(self._customers.filter(name__icontains=words)[:2])
        if len(found) != 1:
            raise forms.ValidationError(
                _("Several customers fit; give the number.") if found else _("No customer fits.")
            )
        return found[0]  # type: ignore[no-any-return]


class MergeForm(forms.Form):
    """Which inquiry this one belongs to."""

    into = forms.CharField(max_length=12, label=_("Reference of the other inquiry"), help_text="Q-…")


class CloseForm(forms.Form):
    """The recap."""

    said = forms.CharField(widget=_text(2), label=_("What the customer said"))
    understood = forms.CharField(widget=_text(2), label=_("What we understood"))
    agreed = forms.CharField(widget=_text(2), label=_("What was agreed"))
    send = forms.BooleanField(required=False, initial=True, label=_("Send it to the customer"))
