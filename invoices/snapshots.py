"""What a document says, as one JSON value: frozen at issue, and the source of everything printed or sent.

Amounts are strings at the currency's exponent, dates ISO. The shape is `schema` 1.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from catalogue.rules import ABROAD
from core.money import exponent, round_money
from customers.models import Address, Customer, TaxId
from entities.models import BankAccount, Entity, TaxRegistration
from entities.rules import GST_STATE_NAMES
from invoices.models import Deduction, Instalment, Invoice, Line, TaxGroup
from policies.models import PolicyVersion
from policies.rules import Clauses

Snapshot = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """The rows a snapshot is made of, loaded by the caller (one or thousands at a time)."""

    invoice: Invoice
    lines: Sequence[Line]
    groups: Sequence[TaxGroup]
    instalments: Sequence[Instalment]
    seller_numbers: Sequence[TaxRegistration]
    bank: BankAccount | None
    buyer_address: Address | None
    delivery_address: Address | None
    buyer_numbers: Sequence[TaxId]
    policy: PolicyVersion | None
    clauses: Clauses | None
    deductions: Sequence[Deduction] = ()


def snapshot_of(parts: Parts, *, issued_on: date, number: str) -> Snapshot:
    """Everything the document says on its day under its number ("" while it is a draft)."""
    invoice = parts.invoice
    places = exponent(invoice.currency)
    return {
        "schema": 1,
        "template_version": 1,
        "document_type": invoice.document_type,
        "number": number,
        "issued_on": issued_on.isoformat(),
        "tax_point_on": (invoice.tax_point_on or issued_on).isoformat(),
        "supply_from": _day(invoice.supply_from),
        "supply_to": _day(invoice.supply_to),
        "due_on": max((part.due_on for part in parts.instalments), default=issued_on).isoformat(),
        "due_reason": parts.instalments[0].reason if parts.instalments else "",
        "currency": invoice.currency,
        "language": invoice.language,
        "fx": _exchange(invoice),
        "seller": seller_part(invoice.entity, parts.seller_numbers),
        "buyer": buyer_part(invoice.customer, parts.buyer_address, parts.buyer_numbers),
        "delivery_address": _address(parts.delivery_address) if parts.delivery_address else None,
        "po_number": invoice.po_number,
        "buyer_reference": invoice.buyer_reference,
        "cost_centre": invoice.cost_centre,
        "contract_reference": invoice.contract_reference,
        "lines": [_line(line, places) for line in parts.lines],
        "allowances": _allowances(invoice, parts.lines, places),
        "charges": [
            {**charge, "amount": _money(Decimal(charge["amount"]), places)} for charge in invoice.charges
        ],
        "tax_groups": [_group(group, places, invoice) for group in parts.groups],
        "totals": _totals(invoice, places),
        "deductions": [_deduction(row, places) for row in parts.deductions],
        "instalments": [
            {"n": part.number, "due_on": part.due_on.isoformat(), "amount": _money(part.amount, places)}
            for part in parts.instalments
        ],
        "payment": _payment(parts, number),
        "early_discount": _discount(invoice, parts.clauses, issued_on),
        "terms": {
            "expression": invoice.terms,
            "text": parts.instalments[0].reason if parts.instalments else invoice.terms,
        },
        "policy": _policy(parts),
        "texts": list(invoice.texts),
        "notes": invoice.notes,
        "credits": _credits(invoice),
        "place_of_supply": _place_of_supply(invoice),
        "sez": invoice.entity.country == "IN" and invoice.customer.is_sez,
        "tax_rounding": invoice.tax_rounding,
    }


def numbered(snapshot: Snapshot, number: str) -> Snapshot:
    """The snapshot under its number; nothing else depends on it."""
    return {**snapshot, "number": number, "payment": {**snapshot["payment"], "reference": number}}


def sha256_of(snapshot: Mapping[str, Any]) -> str:
    """The hash of the canonical JSON of a snapshot."""
    return sha256_of_text(canonical(snapshot))


def canonical(snapshot: Mapping[str, Any]) -> str:
    """The snapshot as the one JSON text that is hashed."""
    return json.dumps(snapshot, sort_keys=True, separators=(",", ":"))


def sha256_of_text(text: str) -> str:
    """The hash of a canonical JSON text."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(invoice: Invoice, lines: Sequence[Line]) -> dict[str, Any]:
    """What a person approves: everything that would be billed, without what only the day of issue decides."""
    places = exponent(invoice.currency)
    return {
        "document_type": invoice.document_type,
        "entity": invoice.entity_id,
        "customer": invoice.customer_id,
        "currency": invoice.currency,
        "terms": invoice.terms,
        "po_number": invoice.po_number,
        "planned_on": _day(invoice.planned_on),
        "tax_point_on": _day(invoice.tax_point_on),
        "payable": _money(invoice.payable, places),
        "net": _money(invoice.net_total, places),
        "tax": _money(invoice.tax_total, places),
        "discount": str(invoice.discount_amount or invoice.discount_pct or ""),
        "charges": invoice.charges,
        "credits": invoice.credits_id,
        **({"prepaid": _money(invoice.prepaid, places)} if invoice.prepaid else {}),
        "lines": [
            [
                line.description,
                _number(line.quantity),
                _number(line.unit_price),
                _money(line.net, places),
                line.category,
                _number(line.rate),
            ]
            for line in lines
        ],
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _money(value: Decimal, places: int) -> str:
    return f"{value:.{places}f}"


def _number(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _exchange(invoice: Invoice) -> dict[str, Any]:
    return {
        "rate": _number(invoice.fx_rate),
        "functional": invoice.entity.functional_currency,
        "rate_on": _day(invoice.fx_on),
        "source": invoice.fx_source,
    }


def seller_part(entity: Entity, numbers: Sequence[TaxRegistration]) -> dict[str, Any]:
    """The selling company as every document names it."""
    return {
        "name": entity.name,
        "legal_name": entity.legal_name,
        "address": [*entity.address_lines, f"{entity.postal_code} {entity.city}".strip()],
        "country": entity.country,
        "state_code": entity.state_code,
        "tax_ids": [
            {"scheme": n.scheme, "number": n.number, "label": n.get_scheme_display()} for n in numbers
        ],
        "email": entity.email,
        "phone": entity.phone,
        "website": entity.website,
        "registration_text": entity.registration_text,
        "colour": entity.colour,
        "logo": entity.logo.name if entity.logo else "",
    }


def buyer_part(customer: Customer, address: Address | None, numbers: Sequence[TaxId]) -> dict[str, Any]:
    """The customer as every document names them."""
    return {
        "name": customer.legal_name or customer.name,
        "number": customer.number,
        "kind": customer.kind,
        "address": _address(address) if address else [],
        "country": address.country if address else customer.country,
        "state_code": (address.state_code if address else "") or customer.state_code,
        "tax_ids": [
            {"scheme": n.scheme, "number": n.number, "label": n.get_scheme_display()} for n in numbers
        ],
        "contact": "",
    }


def _address(address: Address) -> list[str]:
    return [*address.lines, f"{address.postal_code} {address.city}".strip()]


def _line(line: Line, places: int) -> dict[str, Any]:
    return {
        "position": line.position,
        "description": line.description,
        "detail": line.detail,
        "quantity": _number(line.quantity),
        "unit": line.unit,
        "unit_price": _number(line.unit_price),
        "base_quantity": _number(line.base_quantity),
        "discount_pct": _number(line.discount_pct),
        "discount": _money(line.discount, places),
        "net": _money(line.net, places),
        "category": line.category,
        "rate": _number(line.rate),
        "tax": _money(line.tax, places),
        "components": line.components,
        "hsn": line.hsn,
        "exemption_reason": line.exemption_reason,
        "vatex": line.vatex,
        "period_from": _day(line.period_from),
        "period_to": _day(line.period_to),
    }


def _allowances(invoice: Invoice, lines: Sequence[Line], places: int) -> list[dict[str, Any]]:
    """The document discount by tax group: what its lines' taxable amounts are below their nets."""
    if not invoice.allowance_total:
        return []
    sums: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        key = (line.category, line.rate)
        sums[key] = sums.get(key, Decimal(0)) + line.net - line.taxable
    return [
        {
            "reason": invoice.discount_reason,
            "category": category,
            "rate": _number(rate),
            "amount": _money(value, places),
        }
        for (category, rate), value in sums.items()
        if value
    ]


def _group(group: TaxGroup, places: int, invoice: Invoice) -> dict[str, Any]:
    return {
        "category": group.category,
        "rate": _number(group.rate),
        "component": group.component,
        "label": group.label,
        "taxable": _money(group.taxable, places),
        "tax": _money(group.tax, places),
        "tax_functional": _money(group.tax_functional, exponent(invoice.entity.functional_currency)),
        "reason": group.reason,
        "vatex": group.vatex,
    }


def _totals(invoice: Invoice, places: int) -> dict[str, str]:
    return {
        "lines": _money(invoice.lines_total, places),
        "allowances": _money(invoice.allowance_total, places),
        "charges": _money(invoice.charge_total, places),
        "net": _money(invoice.net_total, places),
        "tax": _money(invoice.tax_total, places),
        "gross": _money(invoice.gross_total, places),
        "prepaid": _money(invoice.prepaid, places),
        "rounding": _money(invoice.rounding, places),
        "due": _money(invoice.payable, places),
    }


def _deduction(row: Deduction, places: int) -> dict[str, Any]:
    """A deposit taken off, as § 14 (5) UStG wants it named: number, day, net and tax."""
    return {
        "number": row.deposit.number,
        "issued_on": _day(row.deposit.issued_on),
        "net": _money(row.net, places),
        "tax": _money(row.tax, places),
        "gross": _money(row.gross, places),
    }


def _payment(parts: Parts, number: str) -> dict[str, Any]:
    return payment_part(parts.bank, parts.clauses, number)


def payment_part(bank: BankAccount | None, clauses: Clauses | None, reference: str) -> dict[str, Any]:
    """How to pay: the methods of the policy, the account, and what to state."""
    return {
        "methods": list(clauses.methods) if clauses else ["bank_transfer"],
        "bank": None
        if bank is None
        else {
            "holder": bank.holder,
            "bank_name": bank.bank_name,
            "iban": bank.iban,
            "bic": bank.bic,
            "account_number": bank.account_number,
            "routing": bank.routing,
        },
        "upi_id": bank.upi_id if bank else "",
        "reference": reference,
    }


def _discount(invoice: Invoice, clauses: Clauses | None, issued_on: date) -> dict[str, Any] | None:
    offer = clauses.early_discount if clauses else None
    if offer is None or invoice.document_type != Invoice.Type.INVOICE:
        return None
    places = exponent(invoice.currency)
    pays = invoice.payable - round_money(invoice.payable * offer.pct / 100, invoice.currency)
    return {
        "pct": _number(offer.pct),
        "days": offer.days,
        "until": (issued_on + timedelta(days=offer.days)).isoformat(),
        "amount_if_paid": _money(pays, places),
    }


def _policy(parts: Parts) -> dict[str, Any] | None:
    if parts.policy is None or parts.clauses is None:
        return None
    late = parts.clauses.late_interest
    return {
        "name": parts.policy.policy.name,
        "version": parts.policy.number,
        "path": f"/policy/{parts.policy.public_ref}/",
        "hash": parts.policy.text_hash,
        "dispute_days": parts.clauses.dispute_window_days,
        "late_interest": None
        if late is None
        else {"regime": late.regime, "margin": str(late.margin), "fixed_sum": late.fixed_sum},
    }


def _credits(invoice: Invoice) -> dict[str, Any] | None:
    original = invoice.credits
    if original is None:
        return None
    return {
        "number": original.number,
        "issued_on": _day(original.issued_on),
        "reason": invoice.credit_reason,
        "reason_code": invoice.credit_reason_code,
    }


def _place_of_supply(invoice: Invoice) -> dict[str, str] | None:
    if invoice.entity.country != "IN":
        return None
    if invoice.customer.country != "IN":
        return {"state_code": ABROAD, "name": invoice.customer.country}
    state = invoice.customer.state_code
    return {"state_code": state, "name": GST_STATE_NAMES.get(state, state)}
