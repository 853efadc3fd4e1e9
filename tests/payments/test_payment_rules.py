"""How a payment is used: tolerance has a limit, nothing is used twice, names beat guesses."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from payments.rules import OpenItem, apply_oldest, propose, tolerance

D = Decimal
money = st.integers(min_value=0, max_value=10**8).map(lambda units: D(units).scaleb(-2))
DAY = date(2026, 1, 1)


def item(name, amount, due=0, **more):
    return OpenItem(
        id=name,
        issued_on=DAY,
        due_on=DAY + timedelta(days=due),
        open_amount=D(amount),
        reference=f"INV-{name}",
        **more,
    )


items = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=10**6), st.integers(min_value=0, max_value=9), st.booleans()
    ),
    max_size=8,
).map(
    lambda rows: [
        item(f"{number:03}", D(units).scaleb(-2), due, disputed=disputed)
        for number, (units, due, disputed) in enumerate(rows)
    ]
)


@given(money, money, st.none() | money, st.none() | st.integers(min_value=0, max_value=10), st.booleans())
def test_what_is_let_go_stays_within_both_limits(open_amount, payment, absolute, pct, absorb):
    result = tolerance(
        open_amount=open_amount,
        payment=payment,
        currency="EUR",
        absolute=absolute,
        pct=None if pct is None else D(pct),
        absorb_over=absorb,
    )

    assert result.difference == payment - open_amount
    assert absolute is None or result.limit <= absolute
    assert pct is None or result.limit <= open_amount * pct / 100 + D("0.005")
    assert (result.action is None) == (payment == open_amount)
    if result.action in ("write_off_small_difference", "take_small_overpayment_to_income"):
        assert abs(result.difference) <= result.limit
    if result.action == "part_paid":
        assert -result.difference > result.limit
    if result.difference > 0 and not absorb:
        assert result.action == "customer_credit"
    if absolute is None and pct is None:
        assert result.limit == 0


@given(money, items, st.booleans())
def test_a_payment_is_used_once_and_no_item_is_over_settled(payment, owed, include):
    result = apply_oldest(payment, owed, include_disputed=include)
    by_id = {entry.id: entry for entry in owed}

    assert sum(part.amount for part in result.allocations) + result.unapplied == payment
    for part in result.allocations:
        assert 0 < part.amount <= by_id[part.id].open_amount
        assert include or not by_id[part.id].disputed
    if result.unapplied:
        settled = {part.id: part.amount for part in result.allocations}
        assert all(
            settled.get(entry.id, 0) == entry.open_amount for entry in owed if include or not entry.disputed
        )


@given(money, items, st.text(max_size=20))
def test_a_proposal_never_uses_more_than_there_is(payment, owed, text):
    result = propose(payment, owed, text=text + " INV-001 inv/003")

    assert sum(part.amount for part in result.allocations) + result.unapplied == payment
    assert len({part.id for part in result.allocations}) == len(result.allocations)
    by_id = {entry.id: entry for entry in owed}
    assert all(0 < part.amount <= by_id[part.id].open_amount for part in result.allocations)


def used(result):
    return [(part.id, str(part.amount), part.reason) for part in result.allocations]


def test_a_quoted_reference_beats_the_oldest_and_its_longer_twin():
    owed = [item("1", "50", 0), item("12", "80", 5), item("3", "80", 9)]

    assert used(propose(D(80), owed, text="payment inv 12")) == [("12", "80", "reference quoted")]
    assert used(propose(D(100), owed, text="INV-3")) == [
        ("3", "80", "reference quoted"),
        ("1", "20", "oldest first"),
    ]


def test_an_exact_amount_counts_only_when_it_is_the_only_one():
    assert used(propose(D(80), [item("1", "50"), item("2", "80", 5)])) == [("2", "80", "exact amount")]
    twins = [item("1", "80", 3), item("2", "80", 5)]
    assert used(propose(D(80), twins)) == [("1", "80", "oldest first")]


def test_the_remittance_advice_beats_all_even_a_dispute():
    owed = [item("1", "50"), item("2", "80", 5, disputed=True)]

    assert used(propose(D(70), owed, text="INV-1", remittance=[("inv 2", D(60)), ("INV-9", D(5))])) == [
        ("2", "60", "remittance advice"),
        ("1", "10", "reference quoted"),
    ]


def test_what_is_held_is_not_settled_on_its_own():
    owed = [item("1", "50", held=D(20)), item("2", "80", 5)]

    assert used(apply_oldest(D(40), owed)) == [("1", "30", "oldest first"), ("2", "10", "oldest first")]


def test_a_negative_payment_is_refused():
    with pytest.raises(Invalid):
        apply_oldest(D(-1), [])
