"""Content India asks for: CGST Rules, rule 46 (points a to r) and section 34."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from catalogue.rules import ABROAD, COMPONENTS, gst_regime
from core.errors import Invalid
from entities.rules import gstin, india_fy
from invoices.checks._base import (
    Applies,
    Check,
    Document,
    Predicate,
    Severity,
    always,
    any_document,
    each,
    filled,
    full_address,
    number,
)
from invoices.checks._eu import described, issued_and_not_in_future, numbered

UNREGISTERED_LIMIT = Decimal(50000)


def _rule(
    point: str,
    predicate: Predicate,
    message: str,
    mend: str,
    *,
    severity: Severity = "block",
    applies_if: Applies = any_document,
) -> Check:
    ref = f"CGST Rules r. 46({point[:1]})"
    return Check(f"IN-{point}", "IN", predicate, severity, message, mend, ref, applies_if=applies_if)


def _registered(document: Document) -> bool:
    return bool(document.tax_ids("buyer", "GSTIN"))


def _valid_gstin(party: str) -> Predicate:
    def predicate(document: Document) -> Iterator[str]:
        numbers = [gstin(text) for text in document.tax_ids(party, "GSTIN")]
        # TDS, TCS and UIN numbers have patterns of their own and are looked at by a person.
        if not numbers or not any(found.valid or found.review for found in numbers):
            yield f"{party}.tax_ids"

    return predicate


def _state_of_gstin(party: str) -> Predicate:
    def predicate(document: Document) -> Iterator[str]:
        state = document.text(party, "state_code")
        if any(state and not text.strip().startswith(state) for text in document.tax_ids(party, "GSTIN")):
            yield f"{party}.state_code"

    return predicate


def _place_known(document: Document) -> bool:
    return filled(document.text("buyer", "state_code")) and full_address(document, "buyer")


def _hsn(document: Document) -> Iterator[str]:
    """At least 4 digits, 6 above 5 crore turnover (snapshot "hsn_digits"); Notification 78/2020."""
    least = int(number(document.snapshot.get("hsn_digits")) or 4)
    for index, line in enumerate(document.rows("lines")):
        code = str(line.get("hsn") or "")
        if not (code.isascii() and code.isdigit() and least <= len(code) <= 8):
            yield f"lines[{index}].hsn"


def _components_fit(document: Document) -> Iterator[str]:
    """Each taxed line carries exactly the components of its regime, and they add up to its tax."""
    try:
        regime = gst_regime(
            document.text("seller", "state_code"),
            document.text("place_of_supply", "state_code"),
            sez=bool(document.snapshot.get("sez")),
        )
    except Invalid:
        yield "place_of_supply"
        return
    for index, line in enumerate(document.rows("lines")):
        if number(line.get("tax")) and not _has_components(line, set(COMPONENTS[regime])):
            yield f"lines[{index}].components"


def _has_components(line: Mapping[str, Any], names: set[str]) -> bool:
    parts = {name: number(value) for name, value in (line.get("components") or {}).items()}
    used = {name for name, value in parts.items() if value}
    return used <= names and sum(parts.values()) == number(line.get("tax"))


def _inter_state(document: Document) -> bool:
    return document.text("seller", "state_code") != document.text("place_of_supply", "state_code")


def _export(document: Document) -> bool:
    return document.text("place_of_supply", "state_code") == ABROAD or bool(document.snapshot.get("sez"))


def _in_time(document: Document) -> bool:
    issued, original = document.day("issued_on"), document.day("credits", "issued_on")
    return issued is None or original is None or issued <= india_fy(original).credit_note_cutoff


CHECKS: tuple[Check, ...] = (
    _rule(
        "a",
        always(lambda document: full_address(document, "seller"), "seller.address"),
        "The supplier's name and address are missing.",
        "Complete the address in the company's settings.",
    ),
    _rule(
        "a-gstin",
        _valid_gstin("seller"),
        "The supplier's GSTIN is missing or wrong.",
        "Enter the GSTIN of the supplying state in the company's settings.",
    ),
    _rule(
        "a-state",
        _state_of_gstin("seller"),
        "The supplier's GSTIN begins with another state than the address.",
        "Correct the state code or choose the other registration.",
        severity="warn",
    ),
    _rule(
        "b",
        always(numbered, "number"),
        "The number is not allowed: at most 16 letters, digits, - and /, not 0, - or / first.",
        "Correct the pattern of the series.",
        applies_if=lambda document: document.issued,
    ),
    _rule(
        "c",
        always(issued_and_not_in_future, "issued_on"),
        "The issue date is missing or in the future.",
        "Issue it today or on an earlier day.",
    ),
    _rule(
        "d",
        always(lambda document: full_address(document, "buyer"), "buyer.address"),
        "The registered recipient's name and address are missing.",
        "Complete the customer's address.",
        applies_if=_registered,
    ),
    _rule(
        "d-gstin",
        _valid_gstin("buyer"),
        "The recipient's GSTIN or UIN is wrong.",
        "Compare it with the customer's registration certificate.",
        applies_if=_registered,
    ),
    _rule(
        "d-state",
        _state_of_gstin("buyer"),
        "The recipient's GSTIN begins with another state than the address.",
        "Check the place of supply.",
        severity="warn",
        applies_if=_registered,
    ),
    _rule(
        "e",
        always(_place_known, "buyer.state_code"),
        "From 50,000 rupees on, an unregistered recipient's name, address and state code are needed.",
        "Complete the customer's address and state.",
        applies_if=lambda document: (
            not _registered(document) and document.amount("totals", "gross") >= UNREGISTERED_LIMIT
        ),
    ),
    _rule(
        "g",
        _hsn,
        "A line lacks its HSN or SAC code, or it has too few digits.",
        "Enter 4 to 8 digits on the item (6 above 5 crore turnover).",
        applies_if=_registered,
    ),
    _rule(
        "h",
        each("lines", described, "description"),
        "A line does not say what was supplied.",
        "Describe the goods or services.",
    ),
    _rule(
        "i",
        each("lines", lambda row: filled(row.get("quantity")) and filled(row.get("unit")), "unit"),
        "A line lacks its quantity or unit.",
        "Choose the unit (UQC) of the line.",
    ),
    _rule(
        "l",
        each("lines", lambda row: filled(row.get("rate")), "rate"),
        "A line has no tax rate.",
        "Choose the tax of the line; 0 is a rate.",
    ),
    _rule(
        "m",
        _components_fit,
        "The tax is not split into the components of the place of supply (CGST with SGST or UTGST, or IGST).",
        "Check the supplier's state and the place of supply, and recalculate.",
    ),
    _rule(
        "n",
        always(
            lambda document: all(document.text("place_of_supply", part) for part in ("state_code", "name")),
            "place_of_supply",
        ),
        "An inter-State supply needs the place of supply with the name of the State.",
        "Choose the place of supply.",
        applies_if=_inter_state,
    ),
    _rule(
        "p",
        always(lambda document: document.says("reverse charge"), "texts"),
        "The document does not say that tax is payable on reverse charge.",
        "Add it to the texts.",
        applies_if=lambda document: "AE" in document.categories,
    ),
    _rule(
        "x",
        always(lambda document: document.says("supply meant for"), "texts"),
        "The endorsement for exports and special economic zones is missing.",
        "Add “SUPPLY MEANT FOR EXPORT …” with or without payment of integrated tax.",
        applies_if=_export,
    ),
    Check(
        "IN-34",
        "IN",
        always(_in_time, "issued_on"),
        "block",
        "The last day to take tax back for this financial year has passed (30 November after it).",
        "Write a credit note without tax.",
        "CGST Act s. 34(2)",
        applies_if=lambda document: document.kind == "credit_note" and document.amount("totals", "tax") > 0,
    ),
)
