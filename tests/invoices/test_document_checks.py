"""The gate before issue: a correct document passes, each broken one is stopped by the right rule."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from core.errors import Refused
from invoices.rules import CHECKS, check_document, refuse_blocked
from tests.invoices.papers import american, british, german, indian, reverse_charge

TODAY = date(2026, 5, 4)
PAPERS = {
    "german": german,
    "reverse_charge": reverse_charge,
    "indian": indian,
    "british": british,
    "american": american,
}


def broken(paper, *changes):
    """The document with values changed at paths like 'lines.0.net'."""
    paper = deepcopy(paper)
    for path, value in changes:
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        place = paper
        for key in way:
            place = place[key]
        place[last] = value
    return paper


def rules(paper, **more):
    return {finding.rule for finding in check_document(paper, today=TODAY, issued=True, **more)}


@pytest.mark.parametrize("name", PAPERS)
def test_a_correct_document_passes(name):
    assert check_document(PAPERS[name](), today=TODAY, issued=True) == []


def test_a_draft_needs_no_number_yet_and_an_issued_document_does():
    paper = german(number="")

    assert check_document(paper, today=TODAY) == []
    assert rules(paper) == {"EU-2"}


EVERYWHERE = [
    ("BR-CO-10", ("totals.lines", "300.01")),
    ("BR-CO-11", ("totals.allowances", "1.00")),
    ("BR-CO-12", ("totals.charges", "1.00")),
    ("BR-CO-13", ("totals.net", "299.99")),
    ("BR-CO-14", ("totals.tax", "45.01")),
    ("BR-CO-15", ("totals.gross", "345.01")),
    ("BR-CO-16", ("totals.due", "345.01")),
    ("BR-CO-17", ("tax_groups.0.tax", "38.01")),
    ("BR-S-08", ("tax_groups.0.taxable", "200.01")),
    ("BR-CO-18", ("lines.0.rate", "20")),
    ("BR-DEC", ("lines.0.net", "200.001")),
    ("BR-DEC", ("currency", "XXX")),
    ("BR-16", ("lines", [])),
    ("BR-27", ("lines.0.unit_price", "-200.00")),
    ("DOC-due", ("due_on", "2026-05-03")),
    ("DOC-due", ("instalments.0.due_on", "2026-05-03")),
    ("DOC-instalments", ("instalments.0.amount", "345.01")),
    ("DOC-period", ("lines.0.period_from", "2026-06-01"), ("lines.0.period_to", "2026-05-31")),
    ("DOC-quantity", ("lines.0.quantity", "0")),
    ("DOC-negative", ("lines.0.quantity", "-1")),
    ("DOC-below-zero", ("totals.gross", "-1.00")),
    ("DOC-zero", ("totals.gross", "0.00")),
    ("DOC-description", ("lines.0.description", "lorem ipsum")),
    ("DOC-generic", ("lines.0.description", " Services. ")),
    ("DOC-pay-to", ("payment.bank", None)),
    ("BR-CO-25", ("due_on", None), ("terms.text", "")),
]
EU = [
    ("EU-1", ("issued_on", None)),
    ("EU-1", ("issued_on", "2026-05-05"), ("due_on", "2026-06-05")),
    ("EU-3", ("seller.tax_ids", [])),
    ("EU-3", ("seller.tax_ids.0.number", "DE136695978")),
    ("EU-5", ("seller.address", ["Hafenstr. 1", " "])),
    ("EU-5-buyer", ("buyer.address", [])),
    ("EU-5-buyer", ("buyer.name", " ")),
    ("EU-6", ("lines.0.description", " a ")),
    ("EU-7", ("supply_from", None), ("supply_to", None), ("tax_point_on", None)),
    ("EU-7a", ("cash_accounting", True)),
    ("EU-8", ("lines.0.unit_price", "")),
    ("EU-9", ("lines.0.rate", None)),
    ("EU-10", ("currency", "USD"), ("tax_groups.0.tax_functional", "")),
    ("EU-10", ("currency", "USD"), ("fx.rate", "")),
    ("EU-10a", ("self_billing", True)),
    ("BR-S-10", ("tax_groups.0.reason", "exempt")),
    ("BR-AE-05", ("lines.0.category", "Q")),
    ("BR-AE-05", ("lines.0.rate", "0")),
]
REVERSE = [
    ("EU-4", ("buyer.tax_ids", [])),
    ("EU-4", ("buyer.tax_ids.0.number", "FR40303265046")),
    ("EU-11", ("tax_groups.0.reason", ""), ("tax_groups.0.vatex", "")),
    ("EU-11a", ("texts", [])),
    ("BR-AE-02", ("seller.tax_ids", [])),
    ("BR-AE-05", ("lines.0.rate", "19")),
    ("BR-O-11", ("lines.0.category", "O")),
]
INDIA = [
    ("IN-a", ("seller.address", [])),
    ("IN-a-gstin", ("seller.tax_ids.0.number", "29AAACB1234C1ZC")),
    ("IN-a-state", ("seller.state_code", "27"), ("place_of_supply.state_code", "27")),
    ("IN-b", ("number", "INV/2026-27/00001")),
    ("IN-c", ("issued_on", None)),
    ("IN-d", ("buyer.address", []), ("buyer.tax_ids", [{"scheme": "GSTIN", "number": "29AAACB1234C1ZB"}])),
    ("IN-d-gstin", ("buyer.tax_ids", [{"scheme": "GSTIN", "number": "29AAACB1234C1ZC"}])),
    ("IN-d-state", ("buyer.tax_ids", [{"scheme": "GSTIN", "number": "27AAPFU0939F1ZV"}])),
    ("IN-e", ("totals.gross", "50000.00"), ("buyer.state_code", "")),
    ("IN-g", ("lines.0.hsn", "99"), ("buyer.tax_ids", [{"scheme": "GSTIN", "number": "29AAACB1234C1ZB"}])),
    ("IN-h", ("lines.0.description", "")),
    ("IN-i", ("lines.0.unit", "")),
    ("IN-l", ("lines.0.rate", None)),
    ("IN-m", ("lines.0.components", {"IGST": "1.80"})),
    ("IN-m", ("lines.0.components", {"CGST": "0.90", "SGST": "0.91"})),
    ("IN-m", ("sez", True)),
    ("IN-n", ("place_of_supply", {"state_code": "27", "name": ""})),
    ("IN-p", ("lines.0.category", "AE")),
    ("IN-x", ("place_of_supply", {"state_code": "96", "name": "Other country"})),
    ("BR-CO-17", ("tax_groups.0.tax", "0.91")),
]
BRITAIN: list[Any] = [
    ("UK-a", ("number", "")),
    ("UK-b", ("supply_from", None), ("supply_to", None), ("tax_point_on", None)),
    ("UK-c", ("issued_on", None)),
    ("UK-d", ("seller.address", [])),
    ("UK-d-vat", ("seller.tax_ids", [])),
    ("UK-e", ("buyer.address", [])),
    ("UK-g", ("lines.0.description", "")),
    ("UK-h", ("lines.0.rate", None)),
    ("UK-k", ("currency", "USD"), ("tax_groups.0.tax_functional", "")),
    ("UK-n", ("tax_groups.0.category", "E")),
    ("UK-o", ("lines.0.category", "AE")),
]
AMERICA: list[Any] = [
    ("US-date", ("issued_on", None)),
    ("US-names", ("buyer.address", [])),
    ("US-description", ("lines.0.description", "")),
    ("US-tax-place", ("tax_groups.0.label", "")),
    ("US-exempt", ("tax_groups.0.category", "E")),
    ("US-terms", ("terms.text", "")),
    ("US-contact", ("seller.email", "")),
]
CREDIT = {"document_type": "credit_note"}
ORIGINAL = {"number": "INV-2026-00001", "issued_on": "2026-04-01", "reason": "Wrong price"}


@pytest.mark.parametrize(
    ("name", "case"),
    [
        (name, case)
        for name, cases in (
            ("german", EVERYWHERE + EU),
            ("reverse_charge", REVERSE),
            ("indian", INDIA),
            ("british", BRITAIN),
            ("american", AMERICA),
        )
        for case in cases
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}-{value[1][0]}",
)
def test_a_broken_document_is_stopped_by_its_rule(name, case):
    rule, *changes = case

    assert rule in rules(broken(PAPERS[name](), *changes))


def test_a_credit_note_names_its_invoice_and_is_positive():
    assert check_document(german(**CREDIT, credits=ORIGINAL), today=TODAY) == []
    assert "DOC-credit-reference" in rules(german(**CREDIT))
    negative = broken(german(**CREDIT, credits=ORIGINAL), ("lines.0.quantity", "-1"))
    assert "DOC-credit-positive" in rules(negative)
    assert "DOC-negative" not in rules(negative)


def test_india_takes_tax_back_until_30_november_after_the_year():
    late = indian(**CREDIT, credits=ORIGINAL | {"issued_on": "2024-03-31"}, issued_on="2024-12-01")
    in_time = late | {"issued_on": "2024-11-30"}

    assert "IN-34" in rules(late)
    assert "IN-34" not in rules(in_time)


def test_every_rule_that_stops_documents_has_a_test():
    tested = {case[0] for case in EVERYWHERE + EU + REVERSE + INDIA + BRITAIN + AMERICA}
    tested |= {"EU-2", "DOC-credit-reference", "DOC-credit-positive", "IN-34"}

    assert {check.id for check in CHECKS} == tested


def test_every_rule_says_what_to_do_and_on_what_it_rests():
    for check in CHECKS:
        assert check.message
        assert check.mend
        assert check.legal_ref
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_a_rule_counts_only_from_its_first_to_its_last_day():
    future = [check for check in CHECKS if check.id == "EU-3"]
    dated = [type(future[0])(**(vars(future[0]) | {"valid_from": date(2026, 5, 5)}))]
    paper = broken(german(), ("seller.tax_ids", []))

    assert [finding.rule for finding in check_document(paper, today=TODAY, checks=future)] == ["EU-3"]
    assert check_document(paper, today=TODAY, checks=dated) == []


def test_an_empty_document_is_answered_not_fallen_over():
    for country in ("DE", "IN", "GB", "US", ""):
        found = check_document({"seller": {"country": country}}, today=TODAY, issued=True)
        assert any(finding.severity == "block" for finding in found)
    nonsense = german(
        totals=None, lines=[{}], tax_groups=[{"tax": "NaN"}], issued_on="soon", instalments=None
    )
    assert check_document(nonsense, today=TODAY)


def test_warnings_can_be_passed_with_a_reason_and_blocks_cannot():
    warned = check_document(broken(german(), ("lines.0.description", "Services")), today=TODAY)
    blocked = check_document(broken(german(), ("lines", [])), today=TODAY)

    with pytest.raises(Refused) as refusal:
        refuse_blocked(warned)
    assert refusal.value.problems[0]["rule"] == "DOC-generic"
    refuse_blocked(warned, overrides={"DOC-generic": "The contract calls it so."})
    with pytest.raises(Refused):
        refuse_blocked(blocked, overrides={finding.rule: "please" for finding in blocked})
