"""Content the UK asks for (VAT Regulations 1995 reg. 14), and good practice in the United States."""

from __future__ import annotations

from entities.rules import vat_id
from invoices.checks._base import (
    Applies,
    Check,
    Document,
    Predicate,
    Row,
    Severity,
    always,
    any_document,
    each,
    filled,
    full_address,
    number,
)
from invoices.checks._eu import (
    described,
    foreign_currency,
    in_national_currency,
    issued_and_not_in_future,
    numbered,
    supply_dated,
)

_UK_REVERSE = "Reverse charge: customer to pay the VAT to HMRC"


def _uk(
    point: str,
    predicate: Predicate,
    message: str,
    mend: str,
    *,
    severity: Severity = "block",
    applies_if: Applies = any_document,
) -> Check:
    ref = "VAT Regulations 1995 reg. 14"
    return Check(f"UK-{point}", "UK", predicate, severity, message, mend, ref, applies_if=applies_if)


def _us(rule: str, predicate: Predicate, message: str, mend: str, *, severity: Severity = "warn") -> Check:
    return Check(f"US-{rule}", "US", predicate, severity, message, mend, "good practice, no federal statute")


def _vat_number(document: Document) -> bool:
    return any(vat_id(text).valid for text in document.tax_ids("seller", "VAT"))


def _priced(row: Row) -> bool:
    return all(filled(row.get(name)) for name in ("quantity", "unit_price", "rate", "net"))


CHECKS: tuple[Check, ...] = (
    _uk(
        "a",
        always(numbered, "number"),
        "The document has no valid number.",
        "Issue it from a number series.",
        applies_if=lambda document: document.issued,
    ),
    _uk(
        "b",
        always(supply_dated, "tax_point_on"),
        "The time of supply is missing.",
        "Give the tax point, the day or the period of supply.",
        severity="warn",
    ),
    _uk(
        "c",
        always(issued_and_not_in_future, "issued_on"),
        "The issue date is missing or in the future.",
        "Issue it today or on an earlier day.",
    ),
    _uk(
        "d",
        always(lambda document: full_address(document, "seller"), "seller.address"),
        "The seller's name and address are missing.",
        "Complete the address in the company's settings.",
    ),
    _uk(
        "d-vat",
        always(_vat_number, "seller.tax_ids"),
        "The seller's VAT registration number is missing or wrong.",
        "Enter it in the company's settings.",
        applies_if=lambda document: document.amount("totals", "tax") != 0,
    ),
    _uk(
        "e",
        always(lambda document: full_address(document, "buyer"), "buyer.address"),
        "The customer's name and address are missing.",
        "Complete the customer's address.",
    ),
    _uk(
        "g",
        each("lines", described, "description"),
        "A line does not say what was supplied.",
        "Describe the goods or services.",
    ),
    _uk(
        "h",
        each("lines", _priced, "unit_price"),
        "A line lacks its quantity, unit price, rate or amount without VAT.",
        "Complete the line.",
    ),
    _uk(
        "k",
        in_national_currency,
        "The total VAT is not stated in sterling.",
        "Enter the exchange rate of the tax point.",
        applies_if=foreign_currency,
    ),
    _uk(
        "n",
        each(
            "tax_groups",
            lambda row: row.get("category") != "E" or filled(row.get("reason")) or filled(row.get("vatex")),
            "reason",
        ),
        "An exempt amount lacks its reason.",
        "Choose the exemption reason of the item.",
    ),
    _uk(
        "o",
        always(lambda document: document.says(_UK_REVERSE, "reverse charge"), "texts"),
        "The reverse charge wording is missing.",
        f"Add “{_UK_REVERSE}”.",
        applies_if=lambda document: "AE" in document.categories,
    ),
    _us(
        "date",
        always(issued_and_not_in_future, "issued_on"),
        "The issue date is missing or in the future.",
        "Issue it today or on an earlier day.",
        severity="block",
    ),
    _us(
        "names",
        always(
            lambda document: full_address(document, "seller") and full_address(document, "buyer"),
            "buyer.address",
        ),
        "The legal names and addresses of both parties are not complete.",
        "Complete them: legal departments reject invoices to the wrong company.",
    ),
    _us(
        "description",
        each("lines", described, "description"),
        "A line does not say what was supplied.",
        "Describe the goods or services.",
        severity="block",
    ),
    _us(
        "tax-place",
        each("tax_groups", lambda row: not number(row.get("tax")) or filled(row.get("label")), "label"),
        "A sales tax does not name its jurisdiction.",
        "Name the state on the tax.",
    ),
    _us(
        "exempt",
        each(
            "tax_groups",
            lambda row: row.get("category") not in ("E", "Z") or filled(row.get("reason")),
            "reason",
        ),
        "An untaxed sale does not say why: certificate number, no nexus, or not taxable.",
        "Enter the exemption certificate, or the reason.",
    ),
    _us(
        "terms",
        always(lambda document: bool(document.day("due_on") and document.text("terms", "text")), "terms"),
        "Payment terms and due date are not both given.",
        "Give payment terms.",
    ),
    _us(
        "contact",
        always(
            lambda document: bool(document.text("seller", "email") or document.text("seller", "phone")),
            "seller.email",
        ),
        "Nobody is named to ask about this invoice.",
        "Enter an e-mail address or telephone number in the company's settings.",
    ),
)
