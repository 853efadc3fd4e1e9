"""What the pages of contracts send."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from catalogue.models import Item
from contracts.inputs import ContractInput, ItemInput
from contracts.models import Contract, ContractItem
from core.errors import DomainError
from core.fields import DayField, NumberField
from core.locale import editable, parse_number
from core.money import EXPONENTS
from customers.models import Customer
from customers.queries import visible_to as visible_customers
from entities.models import Entity
from entities.queries import visible_to as visible_entities
from team.models import User


def _customer(number: str, user: User) -> Customer:
    found = visible_customers(user).filter(number__iexact=number.strip()).first()
    if found is None:
        raise ValidationError(_("Nobody has this number. It is on the customer's page, like C-01042."))
    return found


class ContractForm(forms.Form):
    """The contract without its items."""

    entity = forms.ModelChoiceField(Entity.objects.none(), label=_("Company"))
    customer = forms.CharField(label=_("Customer number"), max_length=20)
    name = forms.CharField(label=_("Name"), max_length=120)
    number = forms.CharField(
        label=_("Number"), max_length=30, required=False, help_text=_("Empty: the next one")
    )
    currency = forms.CharField(
        label=_("Currency"), max_length=3, required=False, help_text=_("Empty: the customer's")
    )
    starts_on = DayField(label=_("First day"))
    ends_on = DayField(label=_("Last day"), required=False)
    anchor = DayField(label=_("Periods counted from"), required=False, help_text=_("Empty: the first day"))
    every_months = forms.IntegerField(label=_("Every … months"), min_value=1, max_value=60, initial=1)
    timing = forms.ChoiceField(label=_("Billed"), choices=Contract.Timing.choices)
    consolidate_by = forms.ChoiceField(label=_("Invoices"), choices=Contract.Consolidate.choices)
    po_number = forms.CharField(label=_("Purchase order"), max_length=60, required=False)
    site = forms.CharField(label=_("Site"), max_length=60, required=False)
    renews_months = forms.IntegerField(
        label=_("Runs on for … months"), min_value=0, max_value=120, initial=0, help_text=_("0: it ends")
    )
    notice_days = forms.IntegerField(label=_("Days of notice"), min_value=0, max_value=730, initial=0)
    step_on = DayField(label=_("Prices move on"), required=False)
    step_percent = NumberField(label=_("By percent"), places=4, required=False)

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["entity"].queryset = visible_entities(user)  # type: ignore[attr-defined]
        self.user = user

    def clean_customer(self) -> Customer:
        return _customer(self.cleaned_data["customer"], self.user)

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if code and code not in EXPONENTS:
            raise ValidationError(_("This is no currency."))
        return code

    def as_input(self, items: tuple[ItemInput, ...]) -> ContractInput:
        given = dict(self.cleaned_data)
        on, percent = given.pop("step_on"), given.pop("step_percent")
        steps = ((on, percent),) if on and percent is not None else ()
        return ContractInput(**given, items=items, steps=steps)


class ItemForm(forms.Form):
    """One thing agreed. Empty rows are left out."""

    description = forms.CharField(label=_("What"), max_length=200, required=False)
    code = forms.CharField(label=_("Code"), max_length=30, required=False, help_text=_("What usage calls it"))
    item = forms.ModelChoiceField(
        Item.objects.filter(is_active=True), label=_("Of the price list"), required=False,
        help_text=_("Says unit and tax"),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Charged"), choices=ContractItem.Kind.choices, required=False)
    pricing = forms.ChoiceField(label=_("Pricing"), choices=ContractItem.Pricing.choices, required=False)
    price = NumberField(label=_("Price"), places=6, required=False)
    quantity = NumberField(label=_("Quantity"), places=6, required=False)
    minimum = NumberField(label=_("Minimum a period"), places=4, required=False)
    free_until = DayField(label=_("Free until"), required=False)
    tiers = forms.CharField(
        label=_("Tiers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A line each: up to, price. The last one: *, price"),
    )

    def clean_tiers(self) -> tuple[tuple[Decimal | None, Decimal], ...]:
        found = []
        for number, line in enumerate(str(self.cleaned_data["tiers"]).splitlines(), start=1):
            words = line.replace(";", " ").split()
            if not words:
                continue
            try:
                if len(words) != 2:
                    raise ValidationError(_("Line %(n)s: write two numbers.") % {"n": number})
                up_to = None if words[0] == "*" else parse_number(words[0].rstrip(","), places=6)
                found.append((up_to, parse_number(words[1], places=6)))
            except DomainError as fault:
                raise ValidationError(f"{number}: {fault.message}") from fault
        return tuple(found)

    def as_input(self) -> ItemInput | None:
        given = self.cleaned_data
        if not given.get("description"):
            return None
        return ItemInput(
            description=given["description"],
            code=given["code"],
            item=given["item"],
            kind=given["kind"] or "fixed",
            pricing=given["pricing"] or "flat",
            price=given["price"] or Decimal(0),
            quantity=Decimal(1) if given["quantity"] is None else given["quantity"],
            minimum=given["minimum"] or Decimal(0),
            free_until=given["free_until"],
            tiers=given["tiers"],
        )


ItemFormSet = forms.formset_factory(ItemForm, extra=3, max_num=100)


def first_values(contract: Contract) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the editor shows of a draft."""
    names = [name for name in ContractForm.base_fields if hasattr(contract, name)]
    values = {name: getattr(contract, name) for name in names} | {"customer": contract.customer.number}
    step = contract.steps.first()
    if step:
        values |= {"step_on": step.on, "step_percent": step.percent}
    return values, [item_values(item) for item in contract.items.prefetch_related("tiers")]


def item_values(item: ContractItem) -> dict[str, Any]:
    """What a form shows of an item."""
    values = {name: getattr(item, name) for name in ItemForm.base_fields if name != "tiers"}
    lines = [
        f"{'*' if tier.up_to is None else editable(tier.up_to)} {editable(tier.price)}"
        for tier in item.tiers.all()
    ]
    return values | {"tiers": "\n".join(lines)}


class PlanForm(ItemForm):
    """What replaces an item, from which day on."""

    on = DayField(label=_("From"))
    field_order = ["on", "description"]


class SuspendForm(forms.Form):
    """Days of rest."""

    starts_on = DayField(label=_("First day"))
    ends_on = DayField(label=_("Last day"), required=False, help_text=_("Empty: until it is resumed"))
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ResumeForm(forms.Form):
    """The end of an open pause."""

    last_day = DayField(label=_("Last day of the pause"))


class EndForm(forms.Form):
    """The last day of a contract."""

    ends_on = DayField(label=_("Last day"))
    reason = forms.CharField(label=_("Reason"), max_length=200)


class RepeatForm(forms.Form):
    """How often an invoice comes again."""

    starts_on = DayField(label=_("First time on"), help_text=_("Later days are counted from it"))
    every_months = forms.IntegerField(label=_("Every … months"), min_value=1, max_value=60)
    ends_on = DayField(label=_("Last day"), required=False, help_text=_("Empty: until somebody ends it"))


class ReasonForm(forms.Form):
    """Why not."""

    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class RunForm(forms.Form):
    """Which contracts, by which day."""

    entity = forms.ModelChoiceField(Entity.objects.none(), label=_("Company"))
    as_of = DayField(label=_("Everything due by"))
    customer = forms.CharField(label=_("Only the customer with the number"), max_length=20, required=False)
    contract = forms.CharField(label=_("Only the contract with the number"), max_length=30, required=False)

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["entity"].queryset = visible_entities(user)  # type: ignore[attr-defined]
        self.user = user

    def clean_customer(self) -> Customer | None:
        number = self.cleaned_data["customer"]
        return _customer(number, self.user) if number else None

    def clean(self) -> dict[str, Any]:
        """The contract is one of the company: two companies may use the same number."""
        given, number = self.cleaned_data, self.cleaned_data.get("contract")
        given["contract"] = None
        if number and given.get("entity"):
            rows = Contract.objects.filter(entity=given["entity"], number__iexact=number.strip())
            given["contract"] = rows.first()
            if given["contract"] is None:
                self.add_error("contract", _("The company has no contract with this number."))
        return given

    def scope(self) -> dict[str, int]:
        return {
            name: self.cleaned_data[name].pk for name in ("customer", "contract") if self.cleaned_data[name]
        }
