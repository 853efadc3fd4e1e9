"""What the pages of customers send: cleaned values for the operations, which check them once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel import Locale
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.fields import DayField, NumberField
from core.locale import current
from customers import queries, rules
from customers.models import BillingRequirement, ChangeRequest, Contact, Customer, Segment
from entities import queries as entity_queries
from entities.models import Entity
from policies.models import Policy
from team.models import User

INHERIT = ("", _("Inherited"))
# Customers are written to in one more language than the pages speak.
LANGUAGES = (*settings.LANGUAGES, ("es", _("Spanish")))


def take_fault(form: forms.Form, fault: DomainError, *, prefix: str = "") -> None:
    """Show a refusal at the fields it names; `prefix` is what the form puts before their names."""
    aliases = {"terms": "terms_override", "lines": "street"}
    for one in fault.problems:
        name = one["field"]
        known = [key for key in (prefix + name, name, aliases.get(name, "")) if key in form.fields]
        form.add_error(known[0] if known else None, f"{one['message']} {one['mend']}".strip())


def _countries() -> list[tuple[str, str]]:
    locale: Locale = current()
    names = [(code, str(locale.territories.get(code, code))) for code in rules.territories()]
    return [("", "—"), *sorted(names, key=lambda pair: pair[1])]


class CountryField(forms.ChoiceField):
    """A country by its name in the reader's language."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=_countries, **options)


class CustomerForm(forms.Form):
    """Master data of a customer; terms, limit and bank data are not among them."""

    name = forms.CharField(max_length=160, label=_("Name"))
    legal_name = forms.CharField(max_length=200, required=False, label=_("Legal name"))
    kind = forms.ChoiceField(choices=Customer.Kind.choices, label=_("Kind"))
    entity = forms.ModelChoiceField(queryset=Entity.objects.none(), label=_("Billed by"), empty_label=None)
    segment = forms.ModelChoiceField(
        queryset=Segment.objects.none(),
        required=False,
        label=_("Segment"),
        empty_label="—",
        help_text=_("Hands its settings down"),
    )
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label=_("Owner"), empty_label="—"
    )
    parent_number = forms.CharField(
        max_length=20, required=False, label=_("Parent company"), help_text=_("Its customer number")
    )
    country = CountryField(label=_("Country"))
    state_code = forms.CharField(
        max_length=8, required=False, label=_("State"), help_text=_("India: GST code, US: two letters")
    )
    is_sez = forms.BooleanField(required=False, label=_("Special economic zone (India)"))
    language = forms.ChoiceField(required=False, label=_("Language"))
    currency = forms.CharField(
        max_length=3, required=False, label=_("Currency"), help_text=_("Empty: inherited"), empty_value=""
    )
    delivery_channel = forms.ChoiceField(
        required=False, label=_("Delivery"), choices=[INHERIT, *rules.DELIVERY_CHANNELS]
    )
    insolvent = forms.BooleanField(required=False, label=_("Insolvency proceedings are open"))
    notes = forms.CharField(
        required=False, max_length=5000, label=_("Internal note"), widget=forms.Textarea(attrs={"rows": 3})
    )
    lock_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        fields["entity"].queryset = entity_queries.visible_to(user).filter(is_active=True)
        fields["segment"].queryset = Segment.objects.all()
        fields["owner"].queryset = User.objects.filter(is_active=True, is_machine=False)
        known = dict(LANGUAGES)
        held = self.initial.get("language", "")
        extra = [] if held in known or not held else [(held, held)]
        fields["language"].choices = [INHERIT, *LANGUAGES, *extra]

    def clean_currency(self) -> str:
        """Codes are written in capitals."""
        return str(self.cleaned_data["currency"]).strip().upper()

    def clean(self) -> dict[str, Any]:
        """Turn the parent's number into the parent."""
        values = super().clean() or {}
        number = values.pop("parent_number", "").strip()
        values["parent"] = None
        if number:
            values["parent"] = queries.visible_to(self.user).filter(number=number).first()
            if values["parent"] is None:
                self.add_error("parent_number", _("No customer has this number. Copy it from their page."))
        return values


class NewCustomerForm(CustomerForm):
    """A customer with address, tax number and first contact, so that an invoice can follow at once."""

    number = forms.CharField(
        max_length=20, required=False, label=_("Customer number"), help_text=_("Empty: the next one")
    )
    payment_policy = forms.ModelChoiceField(
        queryset=Policy.objects.all(), required=False, label=_("Payment policy"), empty_label=_("Inherited")
    )
    street = forms.CharField(
        required=False,
        label=_("Street"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One line each"),
    )
    postal_code = forms.CharField(max_length=20, required=False, label=_("Postal code"))
    city = forms.CharField(max_length=80, required=False, label=_("City"))
    tax_scheme = forms.ChoiceField(
        required=False,
        label=_("Kind of number"),
        choices=[("", "—"), ("VAT", "VAT id"), ("GSTIN", "GSTIN"), ("EIN", "EIN")],
    )
    tax_number = forms.CharField(max_length=40, required=False, label=_("Number"))
    contact_name = forms.CharField(max_length=120, required=False, label=_("Contact"))
    contact_email = forms.EmailField(
        required=False,
        label=_("E-mail for invoices"),
        help_text=_("They get one welcome mail that says how billing works here."),
    )
    contact_phone = forms.CharField(
        max_length=40, required=False, label=_("Phone"), help_text=_("Also used to call back changes")
    )

    PARTY = (*("name", "legal_name", "kind", "entity", "segment", "owner", "parent", "country", "state_code"),
             *("is_sez", "language", "currency", "delivery_channel", "insolvent", "notes", "number"),
             "payment_policy")  # fmt: skip

    def parts(self) -> dict[str, Any]:
        """The cleaned values as `set_up_customer` takes them; what is wrong in the form is left empty."""
        v = dict.fromkeys(self.fields, "") | {"insolvent": False, "is_sez": False} | self.cleaned_data
        for name in ("entity", "segment", "owner", "parent", "payment_policy"):
            v[name] = v.get(name) or None
        lines = [line.strip() for line in v["street"].splitlines() if line.strip()]
        address = {
            "lines": lines, "postal_code": v["postal_code"], "city": v["city"],
            "country": v["country"], "state_code": v["state_code"],
        }  # fmt: skip
        contact = {
            "name": v["contact_name"] or v["name"],
            "email": v["contact_email"],
            "phone": v["contact_phone"],
            "purposes": [Contact.Purpose.BILLING] if v["contact_email"] else [],
        }
        return {
            "party": {name: v[name] for name in self.PARTY},
            "address": address if lines or v["city"] else None,
            "tax_id": {"scheme": v["tax_scheme"] or "VAT", "number": v["tax_number"]}
            if v["tax_number"]
            else None,
            "contact": contact if v["contact_email"] or v["contact_phone"] else None,
        }


class ContactForm(forms.Form):
    """A person or inbox at the customer."""

    name = forms.CharField(max_length=120, label=_("Name"))
    role = forms.CharField(
        max_length=80, required=False, label=_("Role"), help_text=_("Like accounts payable")
    )
    email = forms.EmailField(required=False, label=_("E-mail"))
    phone = forms.CharField(
        max_length=40, required=False, label=_("Phone"), widget=forms.TextInput(attrs={"type": "tel"})
    )
    language = forms.ChoiceField(required=False, label=_("Language"))
    purposes = forms.MultipleChoiceField(
        required=False,
        label=_("Gets"),
        choices=Contact.Purpose.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What no contact is chosen for goes to those who get invoices"),
    )
    no_mail = forms.BooleanField(
        required=False,
        label=_("Asked for no mail"),
        help_text=_("Letters and calls stay possible; mail goes to the next contact"),
    )
    opens_agreed = forms.BooleanField(
        required=False,
        label=_("Agreed that we note when a mail is opened"),
        help_text=_("Without it no mail is watched, and a report of it is thrown away"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["language"]
        field.choices = [("", _("As the customer")), *LANGUAGES]


class AddressForm(forms.Form):
    """A billing or delivery address."""

    street = forms.CharField(
        label=_("Street and number"), widget=forms.Textarea(attrs={"rows": 3}), help_text=_("One line each")
    )
    postal_code = forms.CharField(max_length=20, required=False, label=_("Postal code"))
    city = forms.CharField(max_length=80, label=_("City"))
    state_code = forms.CharField(
        max_length=8, required=False, label=_("State"), help_text=_("India: GST code, US: two letters")
    )
    country = CountryField(label=_("Country"))

    def values(self) -> dict[str, Any]:
        """As `set_address` takes them."""
        values = dict(self.cleaned_data)
        values["lines"] = [line for line in values.pop("street").splitlines() if line.strip()]
        return values


class TaxIdForm(forms.Form):
    """A tax number; format and check digits are checked by the operation."""

    scheme = forms.ChoiceField(
        label=_("Kind"), choices=[("VAT", _("VAT id")), ("GSTIN", "GSTIN"), ("EIN", "EIN")]
    )
    country = CountryField(label=_("Country"))
    number = forms.CharField(max_length=40, label=_("Number"))


class RegisterForm(forms.Form):
    """That a register knows a tax number."""

    register = forms.CharField(
        max_length=80, label=_("Register and consultation number"), help_text=_("Like VIES WAPIAAAAX1…")
    )


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=200, label=_("Reason"))


class EndForm(ReasonForm):
    """The last day, and why."""

    on = DayField(label=_("Last day"))


class RequirementForm(forms.Form):
    """A requirement of one kind; its parameters are fields named p_…"""

    severity = forms.ChoiceField(label=_("If not met"), choices=BillingRequirement.Severity.choices)
    valid_from = DayField(label=_("From"))
    valid_to = DayField(label=_("Until"), required=False, help_text=_("Empty: until further notice"))
    source = forms.CharField(
        max_length=200,
        required=False,
        label=_("Source"),
        help_text=_("Letter, mail or contract it comes from"),
    )
    note = forms.CharField(max_length=300, required=False, label=_("Note to billers"))
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = rules.REQUIREMENT_KINDS[kind]
        for parameter in self.kind.parameters:
            self.fields[f"p_{parameter.name}"] = _parameter_field(parameter)

    @property
    def parameter_fields(self) -> list[Any]:
        """The bound fields of the parameters, in order."""
        return [self[f"p_{parameter.name}"] for parameter in self.kind.parameters]

    def values(self) -> dict[str, Any]:
        """As the operations take them, parameters in one mapping."""
        values = {
            name: self.cleaned_data[name] for name in ("severity", "valid_from", "valid_to", "source", "note")
        }
        given = {one.name: self.cleaned_data[f"p_{one.name}"] for one in self.kind.parameters}
        return values | {"parameters": given}

    @staticmethod
    def initial_of(requirement: BillingRequirement) -> dict[str, Any]:
        """What the form shows of a requirement that exists."""
        names = ("severity", "valid_from", "valid_to", "source", "note", "revision")
        shown = {name: getattr(requirement, name) for name in names}
        stored: Mapping[str, Any] = requirement.parameters
        for parameter in rules.REQUIREMENT_KINDS[requirement.kind].parameters:
            value = stored.get(parameter.name)
            if parameter.type == "words" and value:
                value = ", ".join(value)
            shown[f"p_{parameter.name}"] = value
        return shown


def _parameter_field(parameter: rules.Parameter) -> forms.Field:
    """The form field of a typed parameter. What it lets through is checked by the rule all the same."""
    common: dict[str, Any] = {
        "label": parameter.label, "required": parameter.required, "help_text": parameter.hint
    }  # fmt: skip
    if parameter.type == "choices":
        return forms.MultipleChoiceField(
            choices=parameter.choices, widget=forms.CheckboxSelectMultiple, **common
        )
    if parameter.type == "choice":
        first = () if parameter.required else (("", "—"),)
        return forms.ChoiceField(choices=(*first, *parameter.choices), **common)
    if parameter.type == "day":
        return DayField(**common)
    if parameter.type == "amount":
        return NumberField(places=4, **common)
    if parameter.type == "number":
        common["help_text"] = common["help_text"] or f"{parameter.low} – {parameter.high}"
        return forms.CharField(widget=forms.TextInput(attrs={"inputmode": "numeric"}), **common)
    if parameter.type == "currency":
        return forms.CharField(max_length=3, **common)
    return forms.CharField(max_length=300, **common)


class BankForm(forms.Form):
    """New bank details of the customer."""

    holder = forms.CharField(max_length=140, label=_("Account holder"))
    iban = forms.CharField(max_length=50, required=False, label="IBAN")
    bic = forms.CharField(max_length=20, required=False, label="BIC")
    account_number = forms.CharField(
        max_length=34, required=False, label=_("Account number"), help_text=_("Where there is no IBAN")
    )
    routing = forms.CharField(max_length=34, required=False, label=_("IFSC, ABA or sort code"))


class TermsForm(forms.Form):
    """New payment terms."""

    payment_policy = forms.ModelChoiceField(
        queryset=Policy.objects.all(), required=False, label=_("Payment policy"), empty_label=_("Inherited")
    )
    terms_override = forms.CharField(
        max_length=60,
        required=False,
        label=_("Terms agreed apart"),
        help_text=_("Like NET 45 or CUT12 +1M DAY20"),
    )


class LimitForm(forms.Form):
    """A new credit limit."""

    credit_limit = NumberField(
        required=False, label=_("Credit limit"), help_text=_("Empty: no limit. 0: prepayment only")
    )


CHANGE_FORMS: dict[str, type[forms.Form]] = {
    ChangeRequest.Subject.BANK: BankForm,
    ChangeRequest.Subject.TERMS: TermsForm,
    ChangeRequest.Subject.CREDIT_LIMIT: LimitForm,
}


class WhyForm(forms.Form):
    """What a change is based on."""

    reason = forms.CharField(
        max_length=300, label=_("Reason"), help_text=_("Which letter or mail, of which day, by whom")
    )


class CallBackForm(forms.Form):
    """Who confirmed a change on which number; the numbers are those on file when it was asked for."""

    number = forms.ChoiceField(label=_("Number called"), widget=forms.RadioSelect)
    person = forms.CharField(max_length=120, label=_("Who confirmed it"), help_text=_("Name and role"))

    def __init__(self, *args: Any, numbers: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["number"]
        field.choices = [(one["phone"], f"{one['phone']} · {one['name']}") for one in numbers]


class SegmentForm(forms.Form):
    """What a segment hands down."""

    name = forms.CharField(max_length=60, label=_("Name"))
    language = forms.ChoiceField(required=False, label=_("Language"))
    currency = forms.CharField(max_length=3, required=False, label=_("Currency"))
    delivery_channel = forms.ChoiceField(
        required=False, label=_("Delivery"), choices=[INHERIT, *rules.DELIVERY_CHANNELS]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["language"]
        field.choices = [INHERIT, *LANGUAGES]
