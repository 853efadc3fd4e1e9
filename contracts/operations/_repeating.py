"""An invoice that comes again and again: a contract without a plan, made of the invoice itself."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from contracts.inputs import ContractInput, ItemInput
from contracts.models import Contract
from contracts.operations._writing import write_contract
from core.errors import Refused
from core.money import round_money
from invoices.models import Invoice, Line
from team.models import User


@transaction.atomic
def repeat_invoice(
    invoice: Invoice,
    *,
    starts_on: date,
    every_months: int,
    ends_on: date | None = None,
    actor: User,
    now: datetime,
) -> Contract:
    """A draft that bills the same every so many months from a day on; approved like any contract.

    What a line came to after its discounts is its price; what was taken off cannot be repeated.
    """
    if invoice.document_type != Invoice.Type.INVOICE:
        raise Refused(f"{invoice} is no invoice.", rule="an_invoice_is_repeated", mend="Choose an invoice.")
    lines = list(invoice.lines.select_related("item"))
    if any(line.net < 0 for line in lines):
        raise Refused(
            f"{invoice} takes something off; that is not repeated.",
            rule="a_deduction_is_not_repeated",
            mend="Copy it, take the line out, and repeat the copy.",
        )
    items = [_item(line, invoice.currency) for line in lines if line.taxable]
    items += [
        ItemInput(charge["reason"], Decimal(charge["amount"]), tax_class=charge.get("tax_class", "standard"))
        for charge in invoice.charges
    ]
    given = ContractInput(
        entity=invoice.entity,
        customer=invoice.customer,
        name=(lines[0].description if lines else str(invoice))[:120],
        starts_on=starts_on,
        ends_on=ends_on,
        every_months=every_months,
        currency=invoice.currency,
        po_number=invoice.po_number,
        items=tuple(items),
    )
    contract = write_contract(given, actor=actor, now=now)
    contract.repeats = invoice
    contract.save(update_fields=["repeats"])
    return contract


def _item(line: Line, currency: str) -> ItemInput:
    """Quantity and price as they stand where they make the amount, else one time the amount."""
    whole = line.base_quantity == 1 and round_money(line.quantity * line.unit_price, currency) == line.taxable
    return ItemInput(
        description=line.description[:200],
        price=line.unit_price if whole else line.taxable,
        quantity=line.quantity if whole else Decimal(1),
        unit=line.unit if whole else "unit",
        item=line.item,
        tax_class=line.tax_class,
        supply=line.kind,
    )
