"""An invoice in sentences, and month over month in words whose amounts add up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.documents.explain import changes_since, explain
from invoices.documents.labels import LANGUAGES
from tests.invoices.snapshots import credit_note, gst, reverse_charge, snapshot, totals


def month_before() -> dict[str, Any]:
    made = snapshot(number="INV-2026-03999", issued_on="2026-09-09")
    made["lines"][0].update(quantity="35", net="4480.00")
    made["lines"][1].update(unit_price="800", net="2400.00")
    made["lines"][2].update(description="Crane hire")
    made["totals"] = totals("9781.76", "2050.14", gross="11831.90", due="11831.90")
    return made


def test_the_explanation_goes_from_the_lines_to_the_due_date():
    said = explain(snapshot())

    assert said[0].startswith("Invoice INV-2026-04219 from Northwind Energy Ireland Ltd to Brightwater")
    assert "VAT at 13.5% on €2,101.76 adds €283.74." in said
    assert "Together that is €12,840.50." in said
    assert said[-1] == "€12,840.50 is due on Monday 9 November 2026."


def test_the_reason_of_the_due_date_follows_it():
    reason = "Monday 9 November 2026: counted from Friday 9 October 2026, 30 days later is Sunday."
    said = explain(snapshot(due_reason=reason))
    assert said[-1] == "Counted from Friday 9 October 2026, 30 days later is Sunday."


def test_what_is_not_taxed_says_why():
    assert any(
        "No tax is added on US$10,085.00: Reverse charge" in line for line in explain(reverse_charge("en"))
    )


def test_a_credit_note_is_credited_not_due():
    said = explain(credit_note())
    assert "It corrects INV-2026-04219 of 9 October 2026. The reason: Commissioning finished early." in said
    assert said[-1] == "€1,259.52 is credited to you."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_explains_every_kind(language):
    for document in (snapshot(), credit_note(), gst(), reverse_charge()):
        said = explain({**document, "language": language})
        assert len(said) > 5
        assert not any("{" in line for line in said)


def test_the_difference_is_told_by_cause_largest_first():
    changes = changes_since(month_before(), snapshot())

    assert changes.summary == (
        "€1,008.60 more than INV-2026-03999 of 9 September 2026: €11,831.90 then, €12,840.50 now."
    )
    assert changes.difference == Decimal("1008.60")
    assert [change.text for change in changes.items] == [
        "New: Site survey, berth 47, €800.00.",
        "No longer billed: Crane hire, €800.00.",
        "Charging depot commissioning, Dublin Port: quantity 35 then, 40 now (+€640.00).",
        "Tax: €2,050.14 then, €2,238.74 now (+€188.60).",
        "Load management licence: price 800.00 then, 860.00 now (+€180.00).",
    ]


def test_the_same_invoice_again_says_so():
    changes = changes_since(snapshot(number="A"), snapshot())
    assert changes.summary == "The same total as A of 9 October 2026: €12,840.50."
    assert changes.items == ()


def test_two_currencies_are_not_compared():
    changes = changes_since(reverse_charge("en"), snapshot())
    assert changes.difference is None
    assert "was in USD" in changes.summary


LINES = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(-5, 9), st.integers(0, 99_999)), min_size=1, max_size=6
)


@settings(max_examples=60, deadline=None)
@given(before=LINES, after=LINES, tax=st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)))
def test_the_causes_always_add_up_to_the_difference(before, after, tax):
    def document(lines, tax_cents):
        made = snapshot()
        model = made["lines"][0]
        made["lines"] = []
        for what, quantity, price in lines:
            unit = Decimal(price) / 100
            amount = {"quantity": str(quantity), "unit_price": str(unit), "net": str(unit * quantity)}
            made["lines"].append({**model, "description": what, **amount})
        net = sum((Decimal(line["net"]) for line in made["lines"]), Decimal(0))
        gross = net + Decimal(tax_cents) / 100
        made["totals"] = totals(str(net), str(gross - net), gross=str(gross), due=str(gross))
        return made

    changes = changes_since(document(before, tax[0]), document(after, tax[1]))
    assert sum((change.amount for change in changes.items), Decimal(0)) == changes.difference
