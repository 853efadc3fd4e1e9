"""Snapshots of correct documents, for tests to break."""

from __future__ import annotations

from copy import deepcopy
from typing import Any


def line(position: int, net: str, rate: str, tax: str, **more: Any) -> dict[str, Any]:
    return {
        "position": position,
        "description": "Consulting on tax set-up",
        "detail": "",
        "quantity": "1",
        "unit": "HUR",
        "unit_price": net,
        "base_quantity": "1",
        "discount_pct": "0",
        "discount": "0.00",
        "net": net,
        "category": "S",
        "rate": rate,
        "tax": tax,
        "components": {},
        "hsn": "",
        "period_from": None,
        "period_to": None,
    } | more


def group(rate: str, taxable: str, tax: str, **more: Any) -> dict[str, Any]:
    return {
        "category": "S",
        "rate": rate,
        "component": "",
        "label": f"VAT {rate} %",
        "taxable": taxable,
        "tax": tax,
        "tax_functional": tax,
        "reason": "",
        "vatex": "",
    } | more


def totals(net: str, tax: str, gross: str, **more: str) -> dict[str, str]:
    return {
        "lines": net,
        "allowances": "0.00",
        "charges": "0.00",
        "net": net,
        "tax": tax,
        "gross": gross,
        "prepaid": "0.00",
        "rounding": "0.00",
        "due": gross,
    } | more


def german(**more: Any) -> dict[str, Any]:
    """A German invoice over two rates: 200.00 at 19 %, 100.00 at 7 %."""
    paper = {
        "schema": 1,
        "document_type": "invoice",
        "number": "INV-2026-00001",
        "issued_on": "2026-05-04",
        "tax_point_on": "2026-05-04",
        "supply_from": "2026-04-01",
        "supply_to": "2026-04-30",
        "due_on": "2026-06-03",
        "due_reason": "Wednesday 3 June 2026: 30 days later",
        "currency": "EUR",
        "language": "en",
        "fx": {"rate": "1", "functional": "EUR", "rate_on": None, "source": ""},
        "seller": {
            "name": "Nordlicht",
            "legal_name": "Nordlicht GmbH",
            "address": ["Hafenstr. 1", "20457 Hamburg"],
            "country": "DE",
            "state_code": "",
            "tax_ids": [{"scheme": "VAT", "number": "DE136695976", "label": "VAT id"}],
            "email": "billing@nordlicht.example",
            "phone": "",
        },
        "buyer": {
            "name": "Lumière SAS",
            "number": "C-1",
            "address": ["1 rue de la Paix", "75002 Paris"],
            "country": "FR",
            "state_code": "",
            "tax_ids": [{"scheme": "VAT", "number": "FR40303265045", "label": "VAT id"}],
        },
        "lines": [line(1, "200.00", "19", "38.00"), line(2, "100.00", "7", "7.00")],
        "allowances": [],
        "charges": [],
        "tax_groups": [group("19", "200.00", "38.00"), group("7", "100.00", "7.00")],
        "totals": totals("300.00", "45.00", "345.00"),
        "instalments": [{"n": 1, "due_on": "2026-06-03", "amount": "345.00"}],
        "payment": {"methods": ["bank_transfer"], "bank": {"iban": "DE89370400440532013000"}, "upi_id": ""},
        "terms": {"expression": "NET 30", "text": "30 days"},
        "texts": [],
        "credits": None,
        "place_of_supply": None,
        "tax_rounding": "group",
    }
    return deepcopy(paper) | more


def reverse_charge(**more: Any) -> dict[str, Any]:
    """A German service for a French business: category AE."""
    untaxed = {
        "category": "AE",
        "label": "Reverse charge",
        "vatex": "VATEX-EU-AE",
        "reason": "Reverse charge",
    }
    paper = german(
        lines=[line(1, "300.00", "0", "0.00", category="AE")],
        tax_groups=[group("0", "300.00", "0.00", **untaxed)],
        totals=totals("300.00", "0.00", "300.00"),
        instalments=[{"n": 1, "due_on": "2026-06-03", "amount": "300.00"}],
        texts=["Reverse charge"],
    )
    return paper | more


def indian(**more: Any) -> dict[str, Any]:
    """A supply within Karnataka: 10.05 at 18 % is 0.90 + 0.90."""
    parts = {"CGST": "0.90", "SGST": "0.90"}
    paper = german(
        number="INV/2026-27/0001",
        currency="INR",
        fx={"rate": "1", "functional": "INR"},
        seller={
            "name": "Kaveri Software Pvt Ltd",
            "legal_name": "Kaveri Software Pvt Ltd",
            "address": ["12 MG Road", "560001 Bengaluru"],
            "country": "IN",
            "state_code": "29",
            "tax_ids": [{"scheme": "GSTIN", "number": "29AAACB1234C1ZB", "label": "GSTIN"}],
            "email": "billing@kaveri.example",
        },
        buyer={
            "name": "Malabar Traders",
            "address": ["4 Brigade Road", "560025 Bengaluru"],
            "country": "IN",
            "state_code": "29",
            "tax_ids": [],
        },
        lines=[line(1, "10.05", "18", "1.80", components=parts, hsn="998313", unit="NOS")],
        tax_groups=[
            group("18", "10.05", "0.90", component="CGST", label="CGST 9 %"),
            group("18", "10.05", "0.90", component="SGST", label="SGST 9 %"),
        ],
        totals=totals("10.05", "1.80", "11.85"),
        instalments=[{"n": 1, "due_on": "2026-06-03", "amount": "11.85"}],
        place_of_supply={"state_code": "29", "name": "Karnataka"},
        tax_rounding="line",
    )
    return paper | more


def british(**more: Any) -> dict[str, Any]:
    """A domestic British invoice."""
    seller = german()["seller"] | {
        "country": "GB",
        "tax_ids": [{"scheme": "VAT", "number": "GB980780684", "label": "VAT no"}],
    }
    return german(seller=seller, currency="GBP", fx={"rate": "1", "functional": "GBP"}) | more


def american(**more: Any) -> dict[str, Any]:
    """An invoice with the sales tax of one state."""
    seller = german()["seller"] | {"country": "US", "tax_ids": []}
    paper = german(
        seller=seller,
        currency="USD",
        fx={"rate": "1", "functional": "USD"},
        lines=[line(1, "100.00", "6.25", "6.25")],
        tax_groups=[group("6.25", "100.00", "6.25", label="Texas sales tax")],
        totals=totals("100.00", "6.25", "106.25"),
        instalments=[{"n": 1, "due_on": "2026-06-03", "amount": "106.25"}],
    )
    return paper | more
