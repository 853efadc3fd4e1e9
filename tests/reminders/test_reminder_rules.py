"""Reminders go out on working days, once a day, never in a pause; promises are judged after their grace."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cases.rules import judge_promise
from core.calendars import Calendar
from reminders.rules import reminder_days

DUE = date(2026, 5, 4)
CALENDAR = Calendar(frozenset({date(2026, 5, 14), date(2026, 5, 25)}), frozenset({2026}))
offsets = st.integers(min_value=-30, max_value=90)
steps = st.sets(offsets, max_size=8).map(sorted)
optional_days = st.none() | offsets.map(lambda days: DUE + timedelta(days=days))


@given(steps, optional_days, optional_days, optional_days, st.integers(min_value=0, max_value=10))
def test_the_ladder_keeps_its_manners(days, issued, paid, paused, gap):
    sent = reminder_days(
        due=DUE,
        steps=days,
        calendar=CALENDAR,
        issued=issued,
        paid_on=paid,
        paused_until=paused,
        min_gap=gap,
    )
    on = [reminder.on for reminder in sent]

    assert on == sorted(set(on))
    assert [reminder.step for reminder in sent] == sorted(reminder.step for reminder in sent)
    for day in on:
        assert CALENDAR.is_business_day(day)
        assert issued is None or day >= issued
        assert paid is None or day < paid
        assert paused is None or day > paused
    assert all((later - sooner).days >= gap for sooner, later in pairwise(on))
    assert reminder_days(due=DUE, steps=days, calendar=CALENDAR, stop="disputed") == []


cents = st.integers(min_value=0, max_value=10**6).map(lambda units: Decimal(units).scaleb(-2))


@given(st.lists(st.tuples(offsets, cents), max_size=5), cents, st.integers(min_value=0, max_value=5), offsets)
def test_a_promise_is_judged_only_after_its_grace(payments, amount, grace, seen):
    as_of = DUE + timedelta(days=seen)
    result = judge_promise(
        promised_on=DUE,
        made_on=DUE - timedelta(days=10),
        amount=amount,
        payments=[(DUE + timedelta(days=days), value) for days, value in payments],
        as_of=as_of,
        calendar=CALENDAR,
        currency="EUR",
        grace_business_days=grace,
    )

    assert (result.status == "kept") == (result.received >= amount)
    if result.status in ("broken", "partly_kept"):
        assert as_of > result.evaluate_after
        assert (result.received > 0) == (result.status == "partly_kept")
    if result.status == "open":
        assert as_of <= result.evaluate_after
