"""What the pages about selling companies send."""

import calendar
from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone

from core.fields import DayField, NumberField
from core.money import EXPONENTS
from entities.models import Entity
from entities.queries import DOCUMENT_NAMES
from team.models import User
from team.roles import ROLES

SCHEMES = [("VAT", "VAT id"), ("GSTIN", "GSTIN"), ("EIN", "EIN"), ("LUT", "Letter of undertaking")]
CURRENCIES = [(code, code) for code in sorted(EXPONENTS)]
MONTHS = list(enumerate(calendar.month_name))[1:]
_CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


def _zones() -> list[tuple[str, str]]:
    return [
        ("UTC", "UTC"),
        *((name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name),
    ]


class EntityForm(forms.Form):
    """Legal data and settings of a company."""

    code = forms.CharField(max_length=12, help_text="Short and lasting, like IE")
    name = forms.CharField(max_length=120, help_text="What colleagues call it")
    legal_name = forms.CharField(max_length=200)
    registration_text = forms.CharField(
        max_length=200,
        required=False,
        label="Registration",
        help_text="Register, number, directors: the foot of documents",
    )
    address_lines = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), label="Street", required=False)
    postal_code = forms.CharField(max_length=20, required=False)
    city = forms.CharField(max_length=80)
    country = forms.CharField(max_length=2, help_text="Two letters, like IE")
    state_code = forms.CharField(
        max_length=8, required=False, label="State", help_text="India: GST state, like 29"
    )
    email = forms.EmailField()
    phone = forms.CharField(max_length=40, required=False)
    website = forms.URLField(required=False, assume_scheme="https")
    language = forms.ChoiceField(
        choices=[("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("hi", "हिन्दी")]
    )
    time_zone = forms.ChoiceField(choices=_zones, help_text="Decides the date of documents")
    functional_currency = forms.ChoiceField(choices=CURRENCIES, label="Currency of the books", initial="EUR")
    fiscal_year_start_month = forms.TypedChoiceField(
        choices=MONTHS, coerce=int, label="Fiscal year begins in", initial=1
    )
    tax_rounding = forms.ChoiceField(
        choices=Entity.TaxRounding.choices, help_text="New documents only; issued ones keep theirs"
    )
    holiday_region = forms.CharField(
        max_length=12, required=False, help_text="Like IE, DE-BY, US-CA; empty: the country"
    )
    opens = forms.TimeField(
        widget=_CLOCK, initial=time(9), label="Office opens", help_text="Working days; customers' waits count"
    )
    closes = forms.TimeField(widget=_CLOCK, initial=time(17), label="Office closes")
    colour = forms.CharField(max_length=7, initial="#4f46e5", help_text="On documents and customers' pages")
    discount_adjusts_tax = forms.BooleanField(
        required=False, initial=True, label="An early payment discount lowers the tax"
    )
    bad_debt_relief = forms.BooleanField(
        required=False, initial=True, label="Tax of bad debts can be claimed back"
    )
    is_active = forms.BooleanField(required=False, initial=True, label="Issues documents")
    lock_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, entity: Entity | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if entity is not None:
            del self.fields["code"]

    def clean_address_lines(self) -> list[str]:
        """One line of the address per line typed."""
        return [line.strip() for line in self.cleaned_data["address_lines"].splitlines() if line.strip()]

    def clean_country(self) -> str:
        """Codes are written in capitals."""
        return str(self.cleaned_data["country"]).upper()


class HoursForm(forms.Form):
    """When a team is there, where it differs from the company."""

    team = forms.ChoiceField(choices=[(role.code, role.name) for role in ROLES])
    time_zone = forms.ChoiceField(choices=_zones)
    holiday_region = forms.CharField(
        max_length=12,
        required=False,
        label="Holidays of",
        help_text="Like IE, DE-BY, US-CA; empty: the company's",
    )
    opens = forms.TimeField(widget=_CLOCK, initial=time(9))
    closes = forms.TimeField(widget=_CLOCK, initial=time(17))


class RegistrationForm(forms.Form):
    """A tax number."""

    scheme = forms.ChoiceField(choices=SCHEMES)
    country = forms.CharField(max_length=2)
    number = forms.CharField(max_length=40)
    valid_from = DayField()
    valid_to = DayField(required=False)


class BankForm(forms.Form):
    """New bank details."""

    currency = forms.ChoiceField(choices=CURRENCIES, initial="EUR")
    holder = forms.CharField(max_length=140, label="Account holder")
    bank_name = forms.CharField(max_length=120, label="Bank")
    iban = forms.CharField(max_length=42, required=False, label="IBAN")
    bic = forms.CharField(max_length=11, required=False, label="BIC")
    account_number = forms.CharField(max_length=34, required=False)
    routing = forms.CharField(max_length=34, required=False, label="IFSC, ABA or sort code")
    upi_id = forms.CharField(max_length=80, required=False, label="UPI id")
    reason = forms.CharField(max_length=300, help_text="What the second person should know")


class SeriesForm(forms.Form):
    """A number series."""

    document_type = forms.ChoiceField(choices=list(DOCUMENT_NAMES.items()))
    fiscal_year = forms.CharField(max_length=7)
    pattern = forms.CharField(max_length=40, help_text="{FY} or {YY} is the year, {N:05} the counter")
    first_number = forms.IntegerField(min_value=1, initial=1)
    highest = forms.IntegerField(
        min_value=1,
        max_value=99_999_999,
        required=False,
        label="Most documents in a year",
        help_text="The longest number is checked",
    )


class LogoForm(forms.Form):
    """A picture; what it really is, the operation finds out."""

    logo = forms.FileField(required=False, help_text="PNG, JPEG or WebP, at most 1 MB. Empty removes it.")


class RateForm(forms.Form):
    """A published exchange rate."""

    currency = forms.ChoiceField(choices=CURRENCIES, initial="USD", label="1 unit of")
    functional = forms.ChoiceField(choices=CURRENCIES, initial="EUR", label="is worth, in")
    rate = NumberField(places=10)
    on = DayField(label="Published on")
    source = forms.CharField(max_length=40, initial="ECB")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["on"].initial = timezone.localdate()


class AccessForm(forms.Form):
    """Which companies a person sees."""

    user = forms.ModelChoiceField(queryset=User.objects.filter(is_active=True), label="Person")
    entities = forms.ModelMultipleChoiceField(
        queryset=Entity.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Sees only",
        help_text="None ticked: all companies.",
    )
