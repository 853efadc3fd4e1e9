"""Gaps and first digits: what is found is there, and small populations get no verdict."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from audits.rules import benford, number_gaps

numbers = st.lists(st.integers(min_value=1, max_value=200), max_size=60)


@given(
    numbers,
    st.none() | st.integers(min_value=1, max_value=50),
    st.sets(st.integers(min_value=1, max_value=200)),
)
def test_a_gap_is_a_number_nobody_used_or_explained(used, start, explained):
    found = number_gaps(used, start=start, explained=explained)

    assert not set(found.missing) & (set(used) | explained)
    assert set(found.duplicates) == {number for number in used if used.count(number) > 1}
    if used:
        first = start if start is not None else min(used)
        assert set(range(first, max(used) + 1)) <= set(used) | explained | set(found.missing)
    else:
        assert found.missing == ()


def test_powers_of_two_follow_the_law_and_one_price_does_not():
    close = benford([Decimal(2) ** power for power in range(1000)])
    far = benford([Decimal("19.99")] * 300)

    assert (close.n, close.verdict) == (1000, "close")
    assert (far.n, far.verdict) == (300, "nonconforming")
    assert benford([Decimal(0)] * 400).verdict == "insufficient_data"
    assert benford([Decimal("-0.0123")] * 299).n == 299
