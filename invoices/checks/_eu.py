"""Content the EU asks for (Directive 2006/112/EC art. 226) and the tax categories of EN 16931."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from catalogue.rules import CATEGORIES
from entities.rules import invoice_number, vat_id
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

_ART = "Directive 2006/112/EC art. 226"
_CROSS_BORDER = frozenset(("AE", "K"))
_NO_REASON = ("S", "Z", "L", "M")
_REASON = ("E", "AE", "K", "G", "O")


def _content(
    rule: str,
    predicate: Predicate,
    message: str,
    mend: str,
    *,
    severity: Severity = "block",
    applies_if: Applies = any_document,
) -> Check:
    """A rule of article 226: 'EU-7' is its point 7."""
    ref = f"{_ART}({rule.removeprefix('EU-')})"
    return Check(rule, "EU", predicate, severity, message, mend, ref, applies_if=applies_if)


def issued_and_not_in_future(document: Document) -> bool:
    """An issue date that is not after today."""
    issued = document.day("issued_on")
    return issued is not None and issued <= document.today


def numbered(document: Document) -> bool:
    """A number the country allows."""
    return invoice_number(document.seller_country, document.text("number")).valid


def _well_formed(party: str) -> Predicate:
    def predicate(document: Document) -> Iterator[str]:
        numbers = document.tax_ids(party, "VAT")
        if not any(_is_vat_id(text) for text in numbers):
            yield f"{party}.tax_ids"

    return predicate


# The documents of a batch name the same few numbers.
@lru_cache(maxsize=4096)
def _is_vat_id(number: str) -> bool:
    return vat_id(number).valid


def described(row: Row) -> bool:
    """At least three characters that are not blank."""
    return len("".join(str(row.get("description") or "").split())) >= 3


def supply_dated(document: Document) -> bool:
    """A tax point, a supply day or period, on the document or on every line."""
    if any(document.day(name) for name in ("tax_point_on", "supply_from", "supply_to")):
        return True
    lines = document.rows("lines")
    return bool(lines) and all(filled(line.get("period_from") or line.get("period_to")) for line in lines)


def in_national_currency(document: Document) -> Iterator[str]:
    """Where the document is in foreign currency: a rate, and every tax in the national one."""
    if not number(document.text("fx", "rate")):
        yield "fx.rate"
    for index, group in enumerate(document.rows("tax_groups")):
        if number(group.get("tax")) and not filled(group.get("tax_functional")):
            yield f"tax_groups[{index}].tax_functional"


def foreign_currency(document: Document) -> bool:
    """Whether the books of the seller are in another currency than the document."""
    functional = document.text("fx", "functional")
    return bool(functional) and functional != document.text("currency")


def has(*categories: str) -> Applies:
    """Applies where one of the categories occurs."""
    return lambda document: bool(document.categories & set(categories))


def _group_reason(categories: tuple[str, ...], *, wanted: bool) -> Predicate:
    def predicate(document: Document) -> Iterator[str]:
        for index, group in enumerate(document.rows("tax_groups")):
            given = filled(group.get("reason")) or filled(group.get("vatex"))
            if group.get("category") in categories and given != wanted:
                yield f"tax_groups[{index}].reason"

    return predicate


def _rates_fit(document: Document) -> Iterator[str]:
    """S is above zero, the other categories are zero (L and M have rates of their own)."""
    for index, line in enumerate(document.rows("lines")):
        category, rate = str(line.get("category")), number(line.get("rate"))
        if category not in CATEGORIES:
            yield f"lines[{index}].category"
        elif (category == "S" and rate <= 0) or (category in ("Z", *_REASON) and rate != 0):
            yield f"lines[{index}].rate"


CHECKS: tuple[Check, ...] = (
    _content(
        "EU-1",
        always(issued_and_not_in_future, "issued_on"),
        "The issue date is missing or in the future.",
        "Issue it today or on an earlier day.",
    ),
    _content(
        "EU-2",
        always(numbered, "number"),
        "The document has no valid number.",
        "Issue it from a number series.",
        applies_if=lambda document: document.issued,
    ),
    _content(
        "EU-3",
        _well_formed("seller"),
        "The seller's VAT number is missing or not well formed.",
        "Enter it in the company's settings, with its country prefix.",
    ),
    _content(
        "EU-4",
        _well_formed("buyer"),
        "The customer's VAT number is missing or not well formed, so the customer cannot owe the tax.",
        "Ask for the VAT number and check it, or charge VAT.",
        applies_if=has(*_CROSS_BORDER),
    ),
    _content(
        "EU-5",
        always(lambda document: full_address(document, "seller"), "seller.address"),
        "The seller's full name and address are missing.",
        "Complete the address in the company's settings.",
    ),
    _content(
        "EU-5-buyer",
        always(lambda document: full_address(document, "buyer"), "buyer.address"),
        "The customer's full name and address are missing.",
        "Complete the customer's address: street and place.",
    ),
    _content(
        "EU-6",
        each("lines", described, "description"),
        "A line does not say what was supplied.",
        "Describe the goods or services.",
    ),
    _content(
        "EU-7",
        always(supply_dated, "supply_from"),
        "Neither a day of supply nor a service period is given.",
        "Give the day or the period, even when it is the day of issue.",
        severity="warn",
    ),
    _content(
        "EU-7a",
        always(lambda document: document.says("cash accounting"), "texts"),
        "The words “Cash accounting” are missing.",
        "Add them to the texts.",
        applies_if=lambda document: bool(document.snapshot.get("cash_accounting")),
    ),
    _content(
        "EU-8",
        each("lines", lambda row: filled(row.get("unit_price")) and filled(row.get("net")), "unit_price"),
        "A line lacks its unit price or its amount without tax.",
        "Give the price without tax.",
    ),
    _content(
        "EU-9",
        each("lines", lambda row: filled(row.get("rate")), "rate"),
        "A line has no tax rate.",
        "Choose the tax of the line; 0 is a rate.",
    ),
    _content(
        "EU-10",
        in_national_currency,
        "The tax is not stated in the seller's national currency (art. 230).",
        "Enter the exchange rate of the tax date.",
        applies_if=foreign_currency,
    ),
    _content(
        "EU-10a",
        always(lambda document: document.says("self-billing"), "texts"),
        "The word “Self-billing” is missing.",
        "Add it to the texts.",
        applies_if=lambda document: bool(document.snapshot.get("self_billing")),
    ),
    _content(
        "EU-11",
        _group_reason(_REASON, wanted=True),
        "An untaxed amount lacks the reason for it (BR-E-10, BR-AE-10, BR-IC-10, BR-G-10, BR-O-10).",
        "Choose the exemption reason of the item.",
    ),
    _content(
        "EU-11a",
        always(lambda document: document.says("reverse charge"), "texts"),
        "The words “Reverse charge” are missing.",
        "Add them to the texts.",
        applies_if=has("AE"),
    ),
    Check(
        "BR-S-10",
        "EU",
        _group_reason(_NO_REASON, wanted=False),
        "block",
        "An amount taxed at a rate, or at zero rate, carries an exemption reason (BR-S-10, BR-Z-10).",
        "Remove the reason, or choose the exempt category.",
        "EN 16931-1 BR-S-10, BR-Z-10",
    ),
    Check(
        "BR-AE-05",
        "EU",
        _rates_fit,
        "block",
        "The rate does not fit the tax category: S is above zero, all others are zero.",
        "Choose the right tax of the line.",
        "EN 16931-1 BR-S-05, BR-Z-05, BR-E-05, BR-AE-05, BR-IC-05, BR-G-05, BR-O-05",
    ),
    Check(
        "BR-AE-02",
        "EU",
        _well_formed("seller"),
        "block",
        "Reverse charge and intra-Community supply need the seller's VAT number.",
        "Enter it in the company's settings.",
        "EN 16931-1 BR-AE-02, BR-IC-02",
        applies_if=has(*_CROSS_BORDER),
    ),
    Check(
        "BR-O-11",
        "EU",
        always(lambda document: document.categories == {"O"}, "tax_groups"),
        "block",
        "What is outside the scope of VAT stands on one document with other amounts.",
        "Bill it on a document of its own.",
        "EN 16931-1 BR-O-11 to BR-O-14",
        applies_if=has("O"),
    ),
)
