"""What the pages about people send."""

from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone

from core.fields import DayField, NumberField
from team.absences import possible_deputies
from team.models import User
from team.queries import KIND_NAMES, scopes_people_give
from team.roles import ROLES

LOCALES = [
    ("en-GB", "English (United Kingdom)"),
    ("en-IE", "English (Ireland)"),
    ("en-US", "English (United States)"),
    ("en-IN", "English (India)"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("hi", "हिन्दी"),
]
ROLE_CHOICES = [(role.code, role.name) for role in ROLES]


def time_zones() -> list[tuple[str, str]]:
    """Every named place, readable."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class PersonForm(forms.Form):
    """Name, locale and clock of a person."""

    name = forms.CharField(max_length=120)
    language = forms.ChoiceField(choices=LOCALES, label="Language and number format", initial="en-GB")
    time_zone = forms.ChoiceField(choices=time_zones, initial="UTC")


class NewPersonForm(PersonForm):
    """A new account. The person chooses a password by "forgot password"."""

    field_order = ("name", "email", "language", "time_zone", "roles", "is_machine")
    email = forms.EmailField(label="E-mail address")
    roles = forms.MultipleChoiceField(choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple)
    is_machine = forms.BooleanField(
        required=False, label="Machine account: acts through API keys only, cannot sign in"
    )


class RolesForm(forms.Form):
    """The roles of a person. None at all is possible: then the account can only sign in."""

    roles = forms.MultipleChoiceField(
        choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple, required=False
    )


class ReasonForm(forms.Form):
    """Why something unusual is done."""

    reason = forms.CharField(max_length=300, label="How did you make sure who asked?")


class LimitForm(forms.Form):
    """Up to which amount a role approves a kind of document."""

    kind = forms.ChoiceField(choices=list(KIND_NAMES.items()))
    role = forms.ChoiceField(choices=[(role.code, role.name) for role in ROLES if role.rank])
    limit = NumberField(
        places=4, required=False, minimum=None, help_text="Empty: any amount. In the company's own currency."
    )
    currency = forms.CharField(
        max_length=3, required=False, help_text="Empty: every currency that has no limits of its own."
    )

    def clean_currency(self) -> str:
        """Codes are written in capitals."""
        return str(self.cleaned_data["currency"]).upper()


class KeyForm(forms.Form):
    """A new API key of an account: the account is chosen first, because it decides the scopes."""

    name = forms.CharField(max_length=80, label="Name", help_text="What uses it, like “Shop nightly export”")
    expires_on = DayField(label="Last day", help_text="At most a year from now")
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="May")

    def __init__(self, *args: Any, account: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["scopes"].choices = scopes_people_give(account)  # type: ignore[attr-defined]
        self.fields["expires_on"].initial = timezone.localdate() + timedelta(days=90)


class AbsenceForm(forms.Form):
    """Whole days somebody is away, and who stands in: only colleagues who may."""

    first_on = DayField(label="First day away")
    last_on = DayField(label="Last day away")
    deputy = forms.ModelChoiceField(
        queryset=User.objects.none(),
        label="Who stands in",
        help_text="Somebody of the same authority or below. They work with their own limits.",
    )
    note = forms.CharField(max_length=200, required=False, help_text="Colleagues do not see it.")

    def __init__(self, *args: Any, person: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["deputy"].queryset = possible_deputies(person).order_by("name")  # type: ignore[attr-defined]
