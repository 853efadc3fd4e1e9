"""Totals foot whatever is billed, in every currency, per group and per line."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.rules import COMPONENTS
from core.errors import Invalid
from core.money import is_exact, round_money, unit
from invoices.rules import Adjustment, Line, gst_totals, invoice_totals, tax_inclusive

RATES = [("S", "19"), ("S", "7"), ("S", "5.5"), ("Z", "0"), ("AE", "0")]
currencies = st.sampled_from(["EUR", "JPY", "BHD"])
taxes = st.sampled_from(RATES)


@st.composite
def billed(draw, sign=1):
    category, rate = draw(taxes)
    return Line(
        qty=sign * Decimal(draw(st.integers(min_value=1, max_value=10**6))) / 1000,
        price=Decimal(draw(st.integers(min_value=0, max_value=10**8))) / 10000,
        category=category,
        rate=Decimal(rate),
        base_qty=Decimal(draw(st.sampled_from([1, 1, 100, 1000]))),
        discount_pct=Decimal(draw(st.sampled_from([0, 0, 5, 33, 100]))),
    )


documents = st.fixed_dictionaries(
    {
        "lines": st.lists(billed(), min_size=1, max_size=8),
        "currency": currencies,
        "discount_pct": st.sampled_from([Decimal(0), Decimal(10), Decimal("33.3"), Decimal(100)]),
        "tax_rounding": st.sampled_from(["group", "line"]),
        "cash_round_to": st.sampled_from([None, Decimal(1), Decimal(5)]),
        "prepaid": st.sampled_from([Decimal(0), Decimal(50)]),
    }
)


def work_out(document, **more):
    lines = document["lines"]
    return invoice_totals(
        lines, **({name: value for name, value in document.items() if name != "lines"} | more)
    )


@given(documents, st.booleans())
def test_every_figure_foots(document, charged):
    charges = [Adjustment("S", Decimal(19), Decimal(7), "freight")] if charged else []
    totals = work_out(document, charges=charges)
    currency = document["currency"]

    assert totals.sum_lines == sum(line.net for line in totals.lines)
    assert totals.allowance_total == sum(part.amount for part in totals.allowances)
    assert totals.net == totals.sum_lines - totals.allowance_total + totals.charge_total
    assert totals.net == sum(group.taxable for group in totals.groups)
    assert totals.tax == sum(group.tax for group in totals.groups)
    assert totals.gross == totals.net + totals.tax
    assert totals.due == totals.gross - totals.prepaid + totals.rounding
    for figure in (totals.net, totals.tax, totals.gross, totals.due, totals.rounding):
        assert is_exact(figure, currency)


@given(documents)
def test_line_taxes_and_shares_of_the_discount_add_up_to_their_group(document):
    totals = work_out(document)

    for group in totals.groups:
        inside = [
            worked
            for line, worked in zip(document["lines"], totals.lines, strict=True)
            if (line.category, line.rate) == (group.category, group.rate)
        ]
        assert sum(line.taxable for line in inside) == group.taxable
        assert sum(line.tax for line in inside) == group.tax
        assert all(0 <= line.taxable <= line.net for line in inside)


@given(documents)
def test_group_tax_is_rounded_once(document):
    totals = work_out(document | {"tax_rounding": "group"})

    for group in totals.groups:
        exact = Fraction(group.taxable) * Fraction(group.rate) / 100
        assert group.tax == round_money(exact, document["currency"])


@given(documents)
def test_a_credit_mirrors_its_invoice(document):
    plus = work_out(document | {"prepaid": Decimal(0)})
    mirrored = [replace(line, qty=-line.qty) for line in document["lines"]]
    minus = work_out(document | {"lines": mirrored, "prepaid": Decimal(0)})

    assert (minus.net, minus.tax, minus.gross, minus.due) == (-plus.net, -plus.tax, -plus.gross, -plus.due)
    assert [group.tax for group in minus.groups] == [-group.tax for group in plus.groups]


@given(documents, st.randoms())
def test_the_order_of_lines_does_not_change_the_total(document, random):
    shuffled = list(document["lines"])
    random.shuffle(shuffled)
    document = document | {"discount_pct": Decimal(0), "tax_rounding": "group"}

    assert work_out(document).gross == work_out(document | {"lines": shuffled}).gross


@given(documents, billed(sign=-1))
def test_a_deduction_bears_no_discount(document, deduction):
    lines = [*document["lines"], deduction]
    try:
        totals = work_out(document | {"lines": lines})
    except Invalid:
        return  # the deduction is larger than what is billed

    assert totals.lines[-1].taxable == totals.lines[-1].net or totals.sum_lines < 0
    assert totals.net == sum(group.taxable for group in totals.groups)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"price": Decimal(-1)}, "BR-27"),
        ({"base_qty": Decimal(0)}, "base_qty_is_positive"),
        ({"discount_pct": Decimal(101)}, "discount_is_a_percentage"),
        ({"discount": Decimal(11)}, "discount_within_amount"),
        ({"discount": Decimal("0.001")}, "amount_fits_currency"),
        ({"rate": Decimal(-1)}, "rate_not_negative"),
    ],
)
def test_an_impossible_line_is_refused_by_name(change, rule):
    line = replace(Line(qty=Decimal(1), price=Decimal(10)), **change)

    with pytest.raises(Invalid) as refusal:
        invoice_totals([line], currency="EUR")

    assert refusal.value.rule == rule
    assert refusal.value.field.startswith("lines[0].")


def test_a_document_discount_is_one_and_not_above_the_lines():
    lines = [Line(qty=Decimal(1), price=Decimal(10))]
    for given_ in ({"discount": Decimal(11)}, {"discount": Decimal(1), "discount_pct": Decimal(1)}):
        with pytest.raises(Invalid):
            invoice_totals(lines, currency="EUR", **given_)
    assert invoice_totals(lines, currency="EUR", discount=Decimal(10)).due == 0


def test_cash_rounding_touches_the_amount_due_only():
    line = Line(qty=Decimal(1), price=Decimal("50.44"), rate=Decimal("7.7"))
    totals = invoice_totals([line], currency="CHF", cash_round_to=Decimal("0.05"))

    assert (totals.gross, totals.rounding, totals.due) == (
        Decimal("54.32"),
        Decimal("-0.02"),
        Decimal("54.30"),
    )


def test_nothing_billed_comes_to_nothing():
    totals = invoice_totals([], currency="EUR")

    assert (totals.groups, totals.due) == ((), Decimal("0.00"))


@given(
    st.integers(min_value=-(10**9), max_value=10**9), st.sampled_from(["0", "5.5", "19", "20"]), currencies
)
def test_a_price_with_tax_is_taken_apart_without_loss(units, rate, currency):
    gross = units * unit(currency)
    price = tax_inclusive(gross, Decimal(rate), currency)

    assert price.net + price.tax == price.gross == gross
    assert abs(price.net * Decimal(rate) / 100 - price.tax) <= unit(currency)


@given(
    st.lists(billed(), min_size=1, max_size=5),
    st.sampled_from(["29", "27", "97"]),
    st.booleans(),
    st.booleans(),
)
def test_gst_is_rounded_per_line_and_component(lines, place, sez, whole_rupees):
    result = gst_totals(lines, supplier_state="29", pos_state=place, sez=sez, round_to_rupee=whole_rupees)
    names = set(COMPONENTS[result.regime])

    assert (result.regime == "IGST") == (sez or place != "29")
    for line, worked in zip(lines, result.totals.lines, strict=True):
        assert set(worked.components) == names
        for name, share in COMPONENTS[result.regime].items():
            exact = Fraction(worked.taxable) * Fraction(line.rate) / 100 * share
            assert worked.components[name] == round_money(exact, "INR")
    assert not whole_rupees or result.totals.due % 1 == 0
    assert abs(result.totals.rounding) <= Decimal("0.50")
