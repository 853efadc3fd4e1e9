"""The whole editor: what its forms say together, as the input of the operations, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models.functions import Upper
from django.forms import BaseForm, BaseFormSet
from django.forms.utils import pretty_name
from django.http import QueryDict

from catalogue.models import Item, TaxClass
from catalogue.queries import price_of
from core.errors import Problem, problem
from core.money import exponent
from customers.models import Customer
from entities.models import Entity
from invoices.forms._draft import DAYS, TEXTS, ChargeForm, ChargeSet, DraftForm, LineForm, LineSet
from invoices.inputs import ChargeInput, DraftInput, LineInput


@dataclass
class Editor:
    """The whole editor: head, lines, charges, and the reasons given for points to confirm."""

    customer: Customer
    head: DraftForm
    lines: BaseFormSet[LineForm]
    charges: BaseFormSet[ChargeForm]
    overrides: Mapping[str, str]

    def is_valid(self) -> bool:
        """Whether everything can be read. All parts are checked, so that all faults show at once."""
        return all([self.head.is_valid(), self.lines.is_valid(), self.charges.is_valid()])

    def faults(self) -> list[Problem]:
        """Everything that cannot be read, by the name of its control."""
        found = [
            problem(f"{_label(self.head, name)}{error}", field=name if name != "__all__" else "")
            for name, errors in self.head.errors.items()
            for error in errors
        ]
        for prefix, forms_ in (("lines", self.lines), ("charges", self.charges)):
            for number, form in enumerate(forms_.forms):
                found += [
                    problem(
                        f"{prefix[:-1].capitalize()} {number + 1}, {_label(form, name).lower()}{error}",
                        field=f"{prefix}-{number}-{name}",
                    )
                    for name, errors in form.errors.items()
                    for error in errors
                ]
            found += [problem(str(error), field=prefix) for error in forms_.non_form_errors()]
        return found

    def to_input(self, today: date) -> DraftInput:
        """The draft as the operations take it; only after `is_valid`."""
        head = self.head.cleaned_data
        on = head["tax_point_on"] or head["planned_on"] or today
        written = [form.cleaned_data for form in self.lines.forms if form.has_changed()]
        items = _items(written)
        return DraftInput(
            entity=head["entity"],
            customer=self.customer,
            lines=tuple(_line(row, items, head["currency"], on) for row in written),
            charges=tuple(
                ChargeInput(
                    form.cleaned_data["reason"],
                    form.cleaned_data["amount"] or Decimal(0),
                    _class(form.cleaned_data),
                )
                for form in self.charges.forms
                if form.has_changed()
            ),
            currency=head["currency"],
            terms=head["terms"],
            language=head["language"],
            discount_pct=head["discount_pct"],
            discount_amount=head["discount_amount"],
            discount_reason=head["discount_reason"],
            overrides=self.overrides,
            **{name: head[name] for name in (*TEXTS, *DAYS)},
        )


def read_editor(
    data: QueryDict | None,
    *,
    customer: Customer,
    companies: Any,
    currencies: Sequence[str],
    draft: DraftInput | None = None,
    entity: Entity | None = None,
    currency: str = "",
) -> Editor:
    """The editor with what was sent, or showing `draft`, or empty for `entity` and `currency`."""
    start = (
        _initial(draft)
        if draft
        else {"entity": entity, "currency": currency, "language": customer.language or "en"}
    )
    lines = [_line_initial(line) for line in draft.lines] if draft else [{"tax": "standard"}]
    charges = [
        {"reason": c.reason, "amount": c.amount, "tax": c.tax_class} for c in (draft.charges if draft else ())
    ]
    places = exponent(str(start["currency"])) if start["currency"] else 2
    line_set = LineSet(data, prefix="lines", initial=None if data is not None else lines)
    charge_set = ChargeSet(data, prefix="charges", initial=None if data is not None else [*charges, {}][:5])
    if data is None:
        line_set.extra = charge_set.extra = 0
    for form in line_set.forms:
        form.fields["unit_price"].least = places  # type: ignore[attr-defined]
    return Editor(
        customer,
        DraftForm(data, initial=start, companies=companies, currencies=currencies),
        line_set,
        charge_set,
        _overrides(data) if data is not None else dict(draft.overrides) if draft else {},
    )


def _label(form: BaseForm, name: str) -> str:
    """What stands before a fault: the name of its field as the page has it."""
    return "" if name == "__all__" else f"{form.fields[name].label or pretty_name(name)}: "


def _overrides(data: QueryDict) -> dict[str, str]:
    given = {name: str(data.get(name) or "").strip() for name in data if name.startswith("override-")}
    return {name.removeprefix("override-")[:60]: text[:300] for name, text in given.items() if text}


def _initial(draft: DraftInput) -> dict[str, Any]:
    names = (
        *TEXTS,
        *DAYS,
        "currency",
        "terms",
        "language",
        "discount_pct",
        "discount_amount",
        "discount_reason",
    )
    return {"entity": draft.entity, **{name: getattr(draft, name) for name in names}}


def _line_initial(line: LineInput) -> dict[str, Any]:
    plain = (
        "description",
        "quantity",
        "unit_price",
        "discount_pct",
        "unit",
        "detail",
        "period_from",
        "period_to",
    )
    return {
        **{name: getattr(line, name) for name in plain},
        "item": line.item.pk if line.item else None,
        "tax": line.tax_class,
        "base_quantity": line.base_quantity if line.base_quantity != 1 else None,
        "exemption_reason": line.exemption_reason,
    }


def _items(rows: Sequence[Mapping[str, Any]]) -> dict[object, Item]:
    """The items the lines name, by id and by code: a code alone on a line means its item."""
    ids = {row["item"] for row in rows if row.get("item")}
    codes = {
        row["description"].strip().upper() for row in rows if row.get("description") and not row.get("item")
    }
    found: dict[object, Item] = {item.pk: item for item in Item.objects.filter(pk__in=ids)} if ids else {}
    if codes:
        rows_of = Item.objects.alias(big=Upper("code")).filter(big__in=codes, is_active=True)
        found |= {item.code.upper(): item for item in rows_of}
    return found


def _line(row: Mapping[str, Any], items: Mapping[object, Item], currency: str, on: date) -> LineInput:
    description = row["description"].strip()
    by_code = items.get(description.upper()) if not row["item"] else None
    item = by_code or items.get(row["item"])
    price = row["unit_price"]
    if price is None and item is not None:
        price = price_of(item, currency, on)
    return LineInput(
        description=by_code.name if by_code else description or (item.name if item else ""),
        quantity=row["quantity"] if row["quantity"] is not None else Decimal(1),
        unit_price=price if price is not None else Decimal(0),
        item=item,
        detail=row["detail"],
        unit=row["unit"] or (item.unit if item else ""),
        base_quantity=row["base_quantity"] or Decimal(1),
        discount_pct=row["discount_pct"],
        tax_class=by_code.tax_class if by_code else _class(row),
        kind=item.kind if item else "service",
        exemption_reason=row["exemption_reason"] or (item.exemption_reason if item else ""),
        vatex=item.vatex if item else "",
        hsn=item.hsn if item else "",
        period_from=row["period_from"],
        period_to=row["period_to"],
    )


def _class(row: Mapping[str, Any]) -> str:
    return row["tax"] or TaxClass.STANDARD
