"""An invoice cannot be credited for more than it billed, and the last credit carries the rounding."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.rules import COMPONENTS
from core.errors import Refused
from invoices.rules import (
    Creditable,
    CreditGroup,
    CreditLine,
    Line,
    check_next,
    credit_groups,
    invoice_totals,
    left_to_credit,
    settlement_status,
)
from invoices.states import NEXT

prices = st.lists(st.integers(min_value=1, max_value=10**6), min_size=1, max_size=5)


def billed(cents, rounding, shares):
    lines = [Line(Decimal(1), Decimal(units).scaleb(-2), rate=Decimal(18)) for units in cents]
    totals = invoice_totals(lines, currency="INR", tax_rounding=rounding, components=shares)
    return Creditable(
        tuple(
            CreditLine(position, "S", Decimal(18), line.taxable, line.components)
            for position, line in enumerate(totals.lines, start=1)
        ),
        tuple(
            CreditGroup(group.category, group.rate, group.taxable, tax, name)
            for group in totals.groups
            for name, tax in group.components.items()
        ),
    )


@given(prices, st.sampled_from([("group", {"": 1}), ("line", COMPONENTS["CGST+SGST"])]), st.data())
def test_credits_in_any_parts_end_at_exactly_nothing(cents, mode, data):
    rounding, shares = mode
    invoice = billed(cents, rounding, shares)
    credited = []
    for line in invoice.lines:
        rest = line.net
        while rest:
            part = Decimal(data.draw(st.integers(min_value=1, max_value=int(rest * 100)))).scaleb(-2)
            if len(credited) > 6:
                part = rest
            left = left_to_credit(invoice, credited)
            groups = credit_groups(left, {line.position: part}, "INR", shares=shares, tax_rounding=rounding)
            now = next(found for found in left.lines if found.position == line.position)
            taxes = {group.component: group.tax for group in groups} if part == now.net else {}
            if not taxes:
                taxes = {group.component: group.tax for group in groups}
            credited.append(
                Creditable((CreditLine(line.position, "S", Decimal(18), part, taxes),), tuple(groups))
            )
            rest -= part

    left = left_to_credit(invoice, credited)
    assert all(line.net == 0 for line in left.lines)
    assert all((group.taxable, group.tax) == (0, 0) for group in left.groups)
    assert all(group.tax >= 0 for credit in credited for group in credit.groups)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({1: "10.01"}, "more than the 10.00"),
        ({1: "0"}, "above zero"),
        ({1: "-1"}, "above zero"),
        ({7: "1"}, "no line 7"),
        ({}, "credits nothing"),
    ],
)
def test_more_than_was_billed_is_refused_line_by_line(wanted, words):
    left = Creditable((CreditLine(1, "S", Decimal(18), Decimal("10.00")),), ())

    with pytest.raises(Refused) as refusal:
        credit_groups(left, {position: Decimal(value) for position, value in wanted.items()}, "EUR")

    assert words in refusal.value.message
    assert refusal.value.problems[0]["rule"] == "credit_within_invoice"


def test_an_issued_document_can_only_be_cancelled():
    check_next("draft", "pending_approval")
    with pytest.raises(Refused) as refusal:
        check_next("issued", "draft")
    assert "credit note" in refusal.value.mend
    assert NEXT["cancelled"] == frozenset()
    assert set(NEXT) >= {status for after in NEXT.values() for status in after}


@pytest.mark.parametrize(
    ("amounts", "status"),
    [
        ({}, "open"),
        ({"paid": 40}, "part_paid"),
        ({"paid": 100}, "paid"),
        ({"credited": 100}, "credited"),
        ({"written_off": 100}, "written_off"),
        ({"paid": 60, "credited": 40}, "mixed_closed"),
    ],
)
def test_how_an_invoice_stands_follows_from_what_settles_it(amounts, status):
    given_ = {name: Decimal(value) for name, value in amounts.items()}

    assert settlement_status(Decimal(100), **given_) == status
