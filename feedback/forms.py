"""What the pages of feedback send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.fields import DayField
from customers.models import Contact, Customer
from entities.models import Entity
from feedback import queries
from feedback.models import Cause, Channel, Instrument, Occasion, Suggestion, Theme
from feedback.rules import WORDS
from team.models import User

_TYPED = [(one.value, one.label) for one in (Channel.PHONE, Channel.MAIL, Channel.MEETING)]


def words(label: Any, *, rows: int = 4, most: int = WORDS, **options: Any) -> forms.CharField:
    """A text of several lines."""
    return forms.CharField(
        label=label, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), strip=False, **options
    )


class EnterForm(forms.Form):
    """What a customer said to a colleague."""

    customer = forms.CharField(max_length=160, label=_("Customer number or name"))
    contact = forms.ModelChoiceField(
        Contact.objects.none(), required=False, label=_("Who said it"), empty_label=_("Not known")
    )
    occasion = forms.ChoiceField(choices=Occasion.choices, label=_("About"))
    number = forms.CharField(max_length=60, required=False, label=_("Number of the invoice"))
    instrument = forms.ChoiceField(choices=Instrument.choices, label=_("Question"))
    score = forms.IntegerField(min_value=0, max_value=10, label=_("Score"))
    comment = words(_("In their words"), required=False)
    channel = forms.ChoiceField(choices=_TYPED, label=_("How it reached us"))
    is_complaint = forms.BooleanField(
        required=False, label=_("A complaint: somebody answers within two business days")
    )

    def __init__(
        self, *args: Any, customers: QuerySet[Customer], chosen: Customer | None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._customers = customers
        contact: Any = self.fields["contact"]
        of = chosen or self._found(str(self.data.get("customer", "")))
        if of is not None:
            contact.queryset = of.contacts.filter(is_active=True)

    def clean_customer(self) -> Customer:
        """The one customer the text names."""
        found = self._found(self.cleaned_data["customer"])
        if found is None:
            raise forms.ValidationError(_("No customer fits, or several: give the number."))
        return found

    def _found(self, given: str) -> Customer | None:
        text = given.replace("\0", "").strip()[:160]
        if not text:
            return None
        for wish in ({"number__iexact": text}, {"name__iexact": text}, {"name__icontains": text}):
            rows = list(self._customers.filter(**wish)[:2])
            if len(rows) == 1:
                return rows[0]
            if rows:
                return None
        return None


class HowForm(forms.Form):
    """What was told the customer."""

    how = forms.CharField(max_length=300, label=_("What you told them"))


class AskForm(forms.Form):
    """Whom to ask which question."""

    contact = forms.ModelChoiceField(
        Contact.objects.none(), required=False, label=_("Ask"), empty_label=_("Who gets invoices")
    )
    instrument = forms.ChoiceField(
        choices=[(Instrument.NPS.value, Instrument.NPS.label), *Instrument.choices[::2]], label=_("Question")
    )

    def __init__(self, *args: Any, customer: Customer, **options: Any) -> None:
        super().__init__(*args, **options)
        contact: Any = self.fields["contact"]
        contact.queryset = customer.contacts.filter(is_active=True)


class SuggestForm(forms.Form):
    """A suggestion, with or without a name."""

    body = words(_("What should be better, and how?"), rows=6)
    anonymous = forms.BooleanField(
        required=False,
        label=_("Without my name"),
        help_text=_("Then nothing keeps who you are: neither the suggestion, nor the trail, nor a log."),
    )
    once = forms.RegexField(r"^[0-9a-f]{32}$", widget=forms.HiddenInput)


class ReplyForm(forms.Form):
    """What becomes of a suggestion."""

    state = forms.ChoiceField(choices=Suggestion.State.choices, label=_("What becomes of it"))
    reply = words(_("Thanks and reply"), required=False)


class ThemesForm(forms.Form):
    """What something is about."""

    themes = forms.ModelMultipleChoiceField(
        Theme.objects.filter(is_active=True),
        required=False,
        label=_("Themes"),
        widget=forms.CheckboxSelectMultiple,
    )


class SortForm(ThemesForm):
    """What an answer is about, and why it went wrong."""

    cause = forms.ModelChoiceField(
        Cause.objects.filter(is_active=True), required=False, label=_("Root cause"), empty_label=_("None")
    )


def _figures() -> list[tuple[str, str]]:
    return [("", str(_("Not said yet"))), *((one.code, one.name) for one in queries.figures_known().values())]


class AimForm(forms.Form):
    """Who does it until when, and which figure it shall move."""

    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, label=_("Owner"), empty_label=_("Nobody yet")
    )
    due_on = DayField(label=_("Done by"))
    figure = forms.ChoiceField(choices=_figures, required=False, label=_("Figure it shall move"))

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        owner: Any = self.fields["owner"]
        owner.queryset = queries.owners()
        entity: Any = self.fields.get("entity")
        if entity is not None:
            entity.queryset = queries.companies_of(user)


class PlanForm(AimForm):
    """An improvement to be planned."""

    title = forms.CharField(max_length=160, label=_("Title"))
    action = words(_("What is done"))
    entity = forms.ModelChoiceField(
        Entity.objects.none(), required=False, label=_("Company"), empty_label=_("All companies")
    )
    causes = forms.ModelMultipleChoiceField(
        Cause.objects.filter(is_active=True),
        required=False,
        label=_("Causes it comes from"),
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("title", "action", "owner", "due_on", "figure", "entity", "causes")

    def __init__(self, *args: Any, user: User, needs_cause: bool, **options: Any) -> None:
        super().__init__(*args, user=user, **options)
        self.fields["causes"].required = needs_cause


class WhyForm(forms.Form):
    """The reason why not."""

    why = forms.CharField(max_length=300, label=_("Why not"))


class PublishForm(forms.Form):
    """You said, we did."""

    said = words(_("You said"), rows=3)
    did = words(_("We did"), rows=3)
