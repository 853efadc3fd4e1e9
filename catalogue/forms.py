"""What the pages about items, prices and taxes send."""

from typing import Any

from django import forms
from django.utils import timezone

from catalogue.models import Item, TaxClass
from core.fields import DayField, NumberField
from core.money import EXPONENTS

CURRENCIES = [(code, code) for code in sorted(EXPONENTS)]


class ItemForm(forms.Form):
    """Something on the price list."""

    code = forms.CharField(max_length=30)
    name = forms.CharField(max_length=200, help_text="The description on invoices")
    detail = forms.CharField(max_length=300, required=False)
    kind = forms.ChoiceField(
        choices=Item.Kind.choices, initial="service", help_text="Decides the place of taxation"
    )
    unit = forms.CharField(max_length=12, initial="unit")
    tax_class = forms.ChoiceField(choices=TaxClass.choices)
    exemption_reason = forms.CharField(max_length=120, required=False, help_text="Needed for exempt items")
    vatex = forms.CharField(max_length=30, required=False, label="VATEX code")
    hsn = forms.CharField(
        max_length=8, required=False, label="HSN or SAC", help_text="India: 4, 6 or 8 digits"
    )
    allows_negative = forms.BooleanField(required=False, label="A deduction: its quantity may be negative")
    is_active = forms.BooleanField(required=False, initial=True, label="Offered")
    lock_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, item: Item | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if item is not None:
            del self.fields["code"]


class PriceForm(forms.Form):
    """A price from a day on."""

    currency = forms.ChoiceField(choices=CURRENCIES, initial="EUR")
    unit_price = NumberField(places=6)
    valid_from = DayField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["valid_from"].initial = timezone.localdate()


class TaxRateForm(forms.Form):
    """A tax rate from a day on."""

    country = forms.CharField(max_length=2)
    state_code = forms.CharField(max_length=8, required=False, label="State", help_text="US only")
    tax_class = forms.ChoiceField(choices=[one for one in TaxClass.choices if one[0] != "exempt"])
    rate = NumberField(places=4, label="Rate in %")
    label = forms.CharField(max_length=40, initial="VAT", help_text="As printed on documents")
    valid_from = DayField()
    source = forms.CharField(max_length=200, help_text="Law or official page")


class ReviewForm(forms.Form):
    """The legal adviser confirmed the rates of a country."""

    country = forms.CharField(max_length=2)
    reviewed_on = DayField()
    adviser = forms.CharField(max_length=120)
