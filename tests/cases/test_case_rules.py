"""Value at risk, levels, approval of promises, plans: rules by tables and properties."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import rules
from core.calendars import Calendar
from core.errors import Invalid

CALENDAR = Calendar(frozenset({date(2026, 12, 25)}), frozenset(range(2025, 2036)))
MONDAY = date(2026, 11, 16)
D = Decimal
money = st.decimals(min_value=0, max_value=10**7, places=2)


def ages(*amounts: str) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    one, two, three, four = (D(amount) for amount in (*amounts, "0", "0", "0", "0")[:4])
    return one, two, three, four


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (rules.Standing(ages("1000"), usual_delay=0), "50.00"),
        (rules.Standing(ages("0", "1000"), usual_delay=0), "150.00"),
        (rules.Standing(ages("0", "0", "1000"), usual_delay=0), "300.00"),
        (rules.Standing(ages("0", "0", "0", "1000"), usual_delay=0), "600.00"),
        (rules.Standing(ages("1000"), usual_delay=None), "55.00"),
        (rules.Standing(ages("1000"), usual_delay=11), "60.00"),
        (rules.Standing(ages("1000"), usual_delay=31), "75.00"),
        (rules.Standing(ages("1000"), usual_delay=0, broken=2), "75.00"),
        (rules.Standing(ages("1000"), usual_delay=0, broken=9), "100.00"),
        # Money that waits hides the youngest first: 100 of 30 days and all of 60 days are left.
        (rules.Standing(ages("1000", "100"), unapplied=D("900"), usual_delay=0), "20.00"),
        (rules.Standing(ages("1000"), unapplied=D("5000"), usual_delay=None), "0.00"),
        # Never more than what is overdue.
        (rules.Standing(ages("0", "0", "0", "1000"), usual_delay=40, broken=4), "1000.00"),
    ],
)
def test_value_at_risk(standing, expected):
    assert rules.value_at_risk(standing, "EUR").amount == D(expected)


@given(
    st.tuples(money, money, money, money),
    money,
    st.integers(0, 9),
    st.one_of(st.none(), st.integers(-30, 200)),
)
def test_the_terms_add_up_and_the_risk_is_within_what_is_overdue(amounts, unapplied, broken, delay):
    risk = rules.value_at_risk(rules.Standing(amounts, unapplied, broken, delay), "EUR")

    assert sum((term.amount for term in risk.terms), D(0)) == risk.amount
    assert 0 <= risk.amount <= max(sum(amounts, D(0)) - unapplied, D(0))


@given(st.tuples(money, money, money, money), money, st.integers(0, 8))
def test_another_broken_promise_never_ranks_lower(amounts, unapplied, broken):
    now = rules.value_at_risk(rules.Standing(amounts, unapplied, broken, 0), "EUR").amount
    then = rules.value_at_risk(rules.Standing(amounts, unapplied, broken + 1, 0), "EUR").amount

    assert then >= now


LIMITS = {"specialist": D("25000"), "lead": D("250000"), "controller": None}


@pytest.mark.parametrize(
    ("days", "amount", "level"),
    [
        (1, "100", 0),
        (29, "25000", 0),
        (30, "100", 1),
        (44, "100", 1),
        (45, "100", 2),
        (59, "100", 2),
        (60, "100", 3),
        (400, "1", 3),
        (1, "25000.01", 1),
        (1, "250000.01", 2),
        (60, "250000.01", 3),
    ],
)
def test_the_level_of_a_case(days, amount, level):
    assert rules.level_due(days, D(amount), LIMITS) == level


@pytest.mark.parametrize(("ahead", "broken", "reasons"), [(14, 1, 0), (15, 0, 1), (3, 2, 1), (30, 5, 2)])
def test_when_a_promise_asks_for_approval(ahead, broken, reasons):
    found = rules.why_promise_needs_approval(
        made_on=MONDAY, promised_on=MONDAY + timedelta(days=ahead), broken=broken
    )

    assert len(found) == reasons


@given(
    st.decimals(min_value="10", max_value=10**8, places=2),
    st.integers(2, 60),
    st.sampled_from(rules.RHYTHMS),
    st.decimals(min_value=0, max_value=30, places=2),
)
def test_the_parts_of_a_plan_add_up_to_the_cent(principal, parts, rhythm, rate):
    found = rules.plan_parts(
        principal,
        parts=parts,
        rhythm=rhythm,
        start=MONDAY,
        first_on=date(2026, 12, 25),
        calendar=CALENDAR,
        currency="EUR",
        yearly_rate=rate,
    )

    assert sum((part.principal for part in found), D(0)) == principal
    assert len(found) == parts
    assert max(p.principal for p in found) - min(p.principal for p in found) <= D("0.01")
    days = [part.due_on for part in found]
    assert days == sorted(set(days))
    assert all(CALENDAR.is_business_day(day) for day in days)
    assert (rate == 0) <= all(part.interest == 0 for part in found)


def test_interest_of_a_plan_is_on_what_is_still_owed():
    found = rules.plan_parts(
        D("1000"),
        parts=2,
        rhythm="monthly",
        start=date(2026, 11, 16),
        first_on=date(2026, 12, 16),
        calendar=CALENDAR,
        currency="EUR",
        yearly_rate=D("9.12"),
    )

    # 1000 for 30 days, then 500 for the 33 days to Monday 18 January.
    assert [(p.due_on, p.principal, p.interest) for p in found] == [
        (date(2026, 12, 16), D("500.00"), D("7.50")),
        (date(2027, 1, 18), D("500.00"), D("4.12")),
    ]


@pytest.mark.parametrize(
    ("principal", "parts", "rule"),
    [
        ("100", 1, "a_plan_has_parts"),
        ("100", 61, "a_plan_has_parts"),
        ("0.05", 6, "every_part_has_an_amount"),
    ],
)
def test_a_plan_that_cannot_be_split_is_refused(principal, parts, rule):
    with pytest.raises(Invalid) as refusal:
        rules.plan_parts(
            D(principal),
            parts=parts,
            rhythm="weekly",
            start=MONDAY,
            first_on=MONDAY,
            calendar=CALENDAR,
            currency="EUR",
        )
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    ("start", "last", "months"),
    [
        (date(2026, 11, 16), date(2026, 11, 20), 1),
        (date(2026, 11, 16), date(2027, 2, 16), 3),
        (date(2026, 11, 16), date(2027, 2, 17), 4),
        (date(2026, 8, 31), date(2027, 2, 28), 6),
    ],
)
def test_begun_months_of_a_plan(start, last, months):
    assert rules.months_of(start, last) == months


DUE = [(date(2026, 12, 1), D("100")), (date(2027, 1, 4), D("100"))]


@pytest.mark.parametrize(
    ("received", "as_of", "state", "missed"),
    [
        ("0", date(2026, 12, 1), "current", None),
        # Five working days after Tuesday 1 December is Tuesday the 8th: judged the day after.
        ("0", date(2026, 12, 8), "current", None),
        ("0", date(2026, 12, 9), "defaulted", 1),
        ("99.99", date(2026, 12, 9), "defaulted", 1),
        ("100", date(2026, 12, 9), "current", None),
        ("199.99", date(2027, 1, 11), "current", None),
        ("199.99", date(2027, 1, 12), "defaulted", 2),
        ("200", date(2026, 11, 20), "completed", None),
    ],
)
def test_how_a_plan_stands(received, as_of, state, missed):
    found = rules.follow_plan(DUE, received=D(received), as_of=as_of, calendar=CALENDAR)

    assert (found.state, found.missed) == (state, missed)
    assert sum(found.received, D(0)) == min(D(received), D("200"))
