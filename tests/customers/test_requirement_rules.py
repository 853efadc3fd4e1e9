"""What documents must show, kind by kind, and what the parameters of a requirement may be."""

from datetime import date

import pytest

from core.errors import Invalid
from customers.rules import (
    REQUIREMENT_KINDS,
    RequirementFacts,
    check_requirements,
    clean_parameters,
    most_specific,
)

DOCUMENT = {
    "document_type": "invoice",
    "issued_on": "2026-11-20",
    "po_number": "4500012345",
    "buyer_reference": "04011000-1234512345-06",
    "cost_centre": "CC-10",
    "contract_reference": "C-7",
    "language": "de-AT",
    "currency": "EUR",
    "delivery_channel": "email",
    "delivery_address": ["Dock 4"],
    "notes": "Thank you.\nVendor 4711",
    "texts": ["Reverse charge"],
    "signed": True,
    "attachments": [{"name": "ts.pdf", "kind": "timesheet", "size": 1024}],
    "totals": {"net": "1000.00"},
    "lines": [
        {
            "position": 1,
            "description": "Work",
            "detail": "PO 4500012345",
            "quantity": "2.50",
            "unit": "h",
            "hsn": "9983",
            "period_from": "2026-11-01",
            "period_to": "2026-11-30",
        }
    ],
}

CASES = [
    # kind, parameters, change of the document, words of the finding ("" = met)
    ("po_required", {}, {}, ""),
    ("po_required", {}, {"po_number": " "}, "requires a purchase order"),
    ("po_required", {"pattern": r"45\d{8}"}, {}, ""),
    ("po_required", {"pattern": r"45\d{8}"}, {"po_number": "4500012345X"}, "does not have the form"),
    ("po_required", {"number": "4500099999"}, {}, "The order in force is 4500099999"),
    ("po_required", {"po_valid_to": "2026-12-31"}, {}, ""),
    ("po_required", {"po_valid_to": "2026-11-19"}, {}, "ended on 2026-11-19"),
    ("po_required", {"po_valid_to": "2026-11-20"}, {}, "in 0 days"),
    ("po_required", {"value": "1000.00"}, {"po_billed": "0"}, "100% of the order"),
    ("po_required", {"value": "1000.00"}, {"po_billed": "0.01"}, "has EUR 999.99 left"),
    ("po_required", {"value": "5000.00"}, {"po_billed": "2999.00"}, ""),
    ("po_required", {"value": "5000.00"}, {"po_billed": "3000.00"}, "80% of the order"),
    ("po_required", {"value": "9000.00", "value_currency": "USD"}, {}, "in USD, the document in EUR"),
    ("po_per_line", {"pattern": r"45\d{8}"}, {}, ""),
    ("po_per_line", {"pattern": r"99\d{8}"}, {}, "Line 1 names no purchase order"),
    ("po_per_line", {}, {}, "Line 1 names no purchase order"),
    ("po_per_line", {}, {"lines": [{"position": 1, "po_number": "A1"}]}, ""),
    ("cost_centre", {}, {"cost_centre": ""}, "requires a cost centre"),
    ("cost_centre", {"allowed": ["CC-10"]}, {}, ""),
    ("cost_centre", {"allowed": ["CC-11"]}, {}, "not a cost centre of this customer"),
    ("buyer_reference", {"format": "leitweg"}, {}, ""),
    ("buyer_reference", {"format": "leitweg"}, {"buyer_reference": "04011000-1234512345-07"}, "check digits"),
    ("buyer_reference", {}, {"buyer_reference": ""}, "requires its buyer reference"),
    ("buyer_reference", {"value": "X"}, {}, "The buyer reference is X"),
    ("contract_number", {}, {"contract_reference": None}, "requires the contract number"),
    ("contract_number", {"number": "C-8"}, {}, "The contract is C-8"),
    ("attachment_required", {"kinds": ["timesheet"]}, {}, ""),
    ("attachment_required", {"kinds": ["acceptance"]}, {}, "invoice: acceptance certificate"),
    (
        "attachment_required",
        {"kinds": ["timesheet"], "max_mb": 1},
        {"attachments": [{"name": "big.pdf", "kind": "timesheet", "size": 1048577}]},
        "larger than the 1 MB",
    ),
    ("delivery_channel", {"channel": "email"}, {}, ""),
    ("delivery_channel", {"channel": "peppol", "address": "9930:de1"}, {}, "by Peppol only"),
    ("language", {"language": "de"}, {}, ""),
    ("language", {"language": "de-CH"}, {}, "requires “de-CH”"),
    ("currency", {"currency": "EUR"}, {}, ""),
    ("currency", {"currency": "USD"}, {}, "billed in USD"),
    ("consolidated_invoice", {}, {}, ""),
    ("consolidated_invoice", {}, {"earlier_this_month": 1}, "one invoice a month"),
    ("cut_off_day", {"day": 20}, {}, ""),
    ("cut_off_day", {"day": 20}, {"issued_on": date(2026, 12, 31)}, "dated 2026-12-31"),
    ("no_invoices_in_month", {"months": ["12"]}, {}, ""),
    ("no_invoices_in_month", {"months": ["12"]}, {"issued_on": "2026-12-01"}, "no invoices in December"),
    ("line_detail", {"fields": ["detail", "hsn", "period", "unit"]}, {}, ""),
    ("line_detail", {"fields": ["period"]}, {"lines": [{"position": 3}]}, "Line 3 has no service period"),
    ("custom_text", {"text": "vendor  4711"}, {}, ""),
    ("custom_text", {"text": "Vendor 4712"}, {}, "“Vendor 4712” is missing"),
    ("e_signature", {}, {}, ""),
    ("e_signature", {}, {"signed": False}, "electronic signature"),
    ("delivery_address", {}, {}, ""),
    ("delivery_address", {}, {"delivery_address": None}, "requires the delivery address"),
    ("quantity_decimals", {"places": 1}, {}, ""),
    ("quantity_decimals", {"places": 0}, {}, "1 decimals in its quantity"),
    ("quantity_decimals", {"places": 0}, {"lines": [{"quantity": "100"}]}, ""),
    ("self_billing", {}, {}, "bill twice"),
    ("self_billing", {}, {"document_type": "credit_note"}, ""),
]


@pytest.mark.parametrize(("kind", "parameters", "change", "words"), CASES)
def test_a_document_meets_or_misses_a_requirement(kind, parameters, change, words):
    parameters = clean_parameters(kind, parameters)

    found = check_requirements([RequirementFacts(kind, "block", parameters, id=7)], DOCUMENT | change)

    if not words:
        assert found == []
        return
    assert len(found) == 1
    assert words in found[0]["message"]
    assert found[0]["rule"] == f"customer.{kind}"
    assert found[0]["requirement"] == 7
    assert found[0]["field"]
    assert found[0]["mend"]


def test_every_kind_is_covered_above():
    assert {kind for kind, *_ in CASES} == set(REQUIREMENT_KINDS)


@pytest.mark.parametrize("kind", REQUIREMENT_KINDS)
def test_no_check_fails_on_an_empty_document(kind):
    least = {
        "attachment_required": {"kinds": ["timesheet"]},
        "delivery_channel": {"channel": "post"},
        "language": {"language": "de"},
        "currency": {"currency": "EUR"},
        "cut_off_day": {"day": 25},
        "no_invoices_in_month": {"months": ["12"]},
        "line_detail": {"fields": ["detail"]},
        "custom_text": {"text": "x"},
        "quantity_decimals": {"places": 2},
    }
    check_requirements([RequirementFacts(kind, "warn", least.get(kind, {}))], {"issued_on": "2026-01-01"})


def test_the_requirement_sets_the_severity_and_blocking_findings_come_first():
    found = check_requirements(
        [
            RequirementFacts("cost_centre", "info"),
            RequirementFacts("contract_number", "warn"),
            RequirementFacts("po_required", "block"),
        ],
        {"issued_on": "2026-11-20"},
    )

    assert [one["severity"] for one in found] == ["block", "warn", "info"]


def test_an_order_that_ends_soon_warns_even_where_missing_it_would_block():
    facts = RequirementFacts("po_required", "block", {"po_valid_to": "2026-12-01"})

    (found,) = check_requirements([facts], DOCUMENT)

    assert found["severity"] == "warn"
    assert "in 11 days" in found["message"]


def test_a_notice_is_never_harsher_than_its_requirement():
    facts = RequirementFacts("po_required", "info", {"po_valid_to": "2026-12-01"})

    assert check_requirements([facts], DOCUMENT)[0]["severity"] == "info"


@pytest.mark.parametrize(
    ("ends", "found"), [(date(2026, 12, 20), 1), (date(2026, 12, 21), 0), (date(2026, 11, 20), 1), (None, 0)]
)
def test_a_requirement_that_ends_within_30_days_is_announced(ends, found):
    facts = RequirementFacts("e_signature", "block", {}, valid_to=ends)

    findings = check_requirements([facts], DOCUMENT)

    assert len(findings) == found
    assert all(one["severity"] == "info" for one in findings)


BAD = [
    ("po_required", {"pattern": "45("}, "pattern", "not a pattern"),
    ("po_required", {"pattern": "(a+)+b"}, "pattern", "repeats a group"),
    ("po_required", {"pattern": "a*a*a*a*b"}, "pattern", "open repeats"),
    ("po_required", {"pattern": "x" * 121}, "pattern", "longer than 120"),
    ("po_required", {"po_valid_to": "31.12.2026"}, "po_valid_to", "not a day"),
    ("po_required", {"value": "-1"}, "value", "not an amount"),
    ("po_required", {"value": "1e5"}, "value", "not an amount"),
    ("po_required", {"value": "NaN"}, "value", "not an amount"),
    ("po_required", {"value_currency": "EURO"}, "value_currency", "ISO 4217"),
    ("po_required", {"colour": "red"}, "colour", "not a parameter"),
    ("attachment_required", {}, "kinds", "missing"),
    ("attachment_required", {"kinds": ["selfie"]}, "kinds", "cannot be"),
    ("attachment_required", {"kinds": ["order"], "max_mb": "0"}, "max_mb", "from 1 to 100"),
    ("delivery_channel", {"channel": "pigeon"}, "channel", "cannot be"),
    ("language", {"language": "german"}, "language", "not a language"),
    ("currency", {}, "currency", "missing"),
    ("cut_off_day", {"day": "31"}, "day", "from 1 to 28"),
    ("cut_off_day", {"day": "²"}, "day", "from 1 to 28"),
    ("no_invoices_in_month", {"months": "13"}, "months", "cannot be"),
    ("cost_centre", {"allowed": "x" * 61}, "allowed", "60 characters"),
    ("custom_text", {"text": "x" * 301}, "text", "300"),
    ("nonsense", {}, "kind", "cannot check|not a requirement"),
]


@pytest.mark.parametrize(("kind", "given", "field", "words"), BAD)
def test_wrong_parameters_are_refused_with_field_reason_and_mend(kind, given, field, words):
    with pytest.raises(Invalid, match=words) as refusal:
        clean_parameters(kind, given)

    assert refusal.value.field == field
    assert refusal.value.rule
    assert refusal.value.mend


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(Invalid) as refusal:
        clean_parameters("po_required", {"pattern": "(", "value": "much", "shape": "round"})

    assert [one["field"] for one in refusal.value.problems] == ["shape", "pattern", "value"]


def test_parameters_have_one_stored_form():
    assert clean_parameters("cost_centre", {"allowed": " B, A;A\n", "pattern": ""}) == {"allowed": ["A", "B"]}
    assert clean_parameters("no_invoices_in_month", {"months": ["12", "8"]}) == {"months": ["12", "8"]}
    assert clean_parameters("po_required", {"po_valid_to": date(2026, 1, 2), "value": "5"}) == {
        "po_valid_to": "2026-01-02",
        "value": "5",
    }


class At:
    def __init__(self, kind, customer=None, segment=None, entity=None):
        self.kind, self.customer_id, self.segment_id, self.entity_id = kind, customer, segment, entity


def test_the_most_specific_level_wins_per_kind():
    everywhere, company = At("po_required"), At("po_required", entity=1)
    segment, customer = At("po_required", segment=1), At("po_required", customer=1)
    text_one, text_two, text_up = (
        At("custom_text", customer=1),
        At("custom_text", customer=1),
        At("custom_text"),
    )

    found = most_specific([text_up, everywhere, company, text_one, segment, customer, text_two])

    assert found == [customer, text_one, text_two]
    assert most_specific([everywhere, segment]) == [segment]
    assert most_specific([]) == []
