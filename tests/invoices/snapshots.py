"""Snapshots of many kinds of document, built from the sample."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from invoices.documents.sample import SAMPLE

CENT = Decimal("0.01")


def snapshot(**changes: Any) -> dict[str, Any]:
    """The sample with some of its parts replaced."""
    return {**copy.deepcopy(SAMPLE), **changes}


def totals(lines: str, tax: str, *, gross: str, due: str, **more: str) -> dict[str, str]:
    """Totals where what is not named is zero, and the net is the sum of the lines."""
    parts = dict.fromkeys(("allowances", "charges", "prepaid", "rounding"), "0.00")
    return {**parts, "lines": lines, "net": lines, "tax": tax, "gross": gross, "due": due, **more}


def credit_note() -> dict[str, Any]:
    made = snapshot(
        document_type="credit_note",
        number="CN-2026-0031",
        instalments=[],
        credits={
            "number": "INV-2026-04219",
            "issued_on": "2026-10-09",
            "reason": "Commissioning finished early",
            "reason_code": "QTY",
        },
    )
    made["lines"] = [{**made["lines"][0], "quantity": "8", "net": "1024.00", "tax": "235.52"}]
    made["tax_groups"] = [{**made["tax_groups"][0], "taxable": "1024.00", "tax": "235.52"}]
    made["totals"] = totals("1024.00", "235.52", gross="1259.52", due="1259.52")
    return made


def gst(*, interstate: bool = False, language: str = "en") -> dict[str, Any]:
    """An Indian tax invoice with CGST and SGST, or with IGST, rounded to the rupee."""
    made = snapshot(
        number="INV/2026-27/0042",
        currency="INR",
        language=language,
        tax_rounding="line",
        instalments=[],
        texts=["Tax payable on reverse charge: no"],
        place_of_supply={"state_code": "27", "name": "Maharashtra"},
    )
    made["seller"] = {
        **made["seller"],
        "legal_name": "Northwind Energy India Private Limited",
        "address": ["Bandra Kurla Complex", "400051 Mumbai"],
        "country": "IN",
        "tax_ids": [{"scheme": "GSTIN", "number": "27AAPFU0939F1ZV", "label": "GSTIN"}],
    }
    made["buyer"] = {**made["buyer"], "country": "IN", "address": ["14 MIDC Bhosari", "411026 Pune"]}
    net = Decimal("2299000.00")
    whole, half = (net * 18 / 100).quantize(CENT), (net * 9 / 100).quantize(CENT)
    parts = {"IGST": whole} if interstate else {"CGST": half, "SGST": half}
    made["lines"] = [
        {
            **made["lines"][0],
            "description": "Rooftop solar module",
            "quantity": "220",
            "unit": "NOS",
            "unit_price": "10450",
            "net": f"{net}",
            "rate": "18",
            "tax": f"{whole}",
            "hsn": "854143",
            "components": {name: f"{amount}" for name, amount in parts.items()},
        }
    ]
    made["tax_groups"] = [
        {
            **made["tax_groups"][0],
            "rate": "18",
            "component": name,
            "label": name,
            "taxable": f"{net}",
            "tax": f"{amount}",
        }
        for name, amount in parts.items()
    ]
    made["totals"] = totals(
        f"{net}", f"{whole}", gross=f"{net + whole}", due=f"{net + whole - 1}", rounding="-1.00"
    )
    made["payment"] = {
        "methods": ["bank_transfer", "upi"],
        "bank": {
            "holder": "Northwind Energy India Private Limited",
            "bank_name": "Example Bank",
            "iban": "",
            "bic": "",
            "account_number": "50200012345678",
            "routing": "HDFC0000240",
        },
        "upi_id": "northwind@examplebank",
        "reference": "INV/2026-27/0042",
    }
    return made


def reverse_charge(language: str = "de") -> dict[str, Any]:
    """A German seller bills in dollars, mostly without tax: discount, freight, prepayment, instalments."""
    made = snapshot(
        number="RE-2026-0815",
        currency="USD",
        language=language,
        fx={"rate": "0.9174", "functional": "EUR", "rate_on": "2026-10-08", "source": "ECB"},
        texts=["Reverse charge"],
        allowances=[{"reason": "Volume rebate", "category": "AE", "rate": "0", "amount": "343.76"}],
        charges=[{"reason": "Freight", "category": "AE", "rate": "0", "amount": "85.00"}],
        early_discount={"pct": "2", "days": 10, "until": "2026-10-19", "amount_if_paid": "8921.92"},
    )
    made["seller"] = {**made["seller"], "legal_name": "Northwind Energie GmbH", "country": "DE"}
    made["tax_groups"] = [
        {**made["tax_groups"][0], "category": "AE", "rate": "0", "taxable": "10085.00", "tax": "0.00"},
        {**made["tax_groups"][0], "rate": "19", "taxable": "100.00", "tax": "19.00"},
    ]
    made["tax_groups"][0].update(tax_functional="0.00", reason="Reverse charge", vatex="VATEX-EU-AE")
    made["tax_groups"][1].update(tax_functional="17.43")
    made["totals"] = totals(
        "10343.76",
        "19.00",
        gross="10104.00",
        due="9104.00",
        net="10085.00",
        prepaid="1000.00",
        allowances="343.76",
        charges="85.00",
    )
    made["instalments"] = [
        {"n": 1, "due_on": "2026-11-09", "amount": "3034.67"},
        {"n": 2, "due_on": "2026-12-09", "amount": "3034.67"},
        {"n": 3, "due_on": "2027-01-11", "amount": "3034.66"},
    ]
    made["policy"] = {**made["policy"], "late_interest": {"rate": "11.27", "fixed_sum": "40.00"}}
    return made


def many_lines(count: int) -> dict[str, Any]:
    """The sample's lines over and over; the totals do not follow."""
    made = snapshot()
    four = made["lines"]
    made["lines"] = [
        {**four[at % 4], "position": at + 1, "description": f"{four[at % 4]['description']} no. {at + 1}"}
        for at in range(count)
    ]
    return made


def in_currency(currency: str, amount: str) -> dict[str, Any]:
    """One line over `amount`, without tax."""
    made = snapshot(currency=currency, instalments=[], early_discount=None)
    line = {**made["lines"][0], "quantity": "1", "unit": "", "unit_price": amount, "net": amount}
    made["lines"] = [{**line, "rate": "0", "category": "Z", "tax": "0"}]
    made["tax_groups"] = [
        {**made["tax_groups"][0], "category": "Z", "rate": "0", "taxable": amount, "tax": "0"}
    ]
    zeros = dict.fromkeys(("allowances", "charges", "prepaid", "rounding"), "0")
    made["totals"] = {**zeros, "lines": amount, "net": amount, "tax": "0", "gross": amount, "due": amount}
    return made
