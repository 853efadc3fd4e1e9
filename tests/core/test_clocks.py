"""Answer clocks run in business hours only."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars import Calendar
from core.clocks import sla_deadline
from core.errors import Invalid

CALENDAR = Calendar(frozenset({date(2026, 5, 14)}), frozenset({2026, 2027}))
OPENS, CLOSES = time(9), time(17)
starts = st.datetimes(min_value=datetime(2026, 1, 5), max_value=datetime(2026, 11, 1)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
minutes = st.integers(min_value=1, max_value=3000)


def clock(start, count, pauses=()):
    return sla_deadline(
        start=start, minutes=count, opens=OPENS, closes=CLOSES, calendar=CALENDAR, pauses=pauses
    )


@given(starts, minutes)
def test_a_deadline_lies_within_hours_and_counts_every_minute(start, count):
    deadline = clock(start, count)

    assert CALENDAR.is_business_day(deadline.date())
    assert OPENS < deadline.time() <= CLOSES
    half = count // 2
    assert half == 0 or clock(clock(start, half), count - half) == deadline


@given(starts, minutes, st.integers(min_value=0, max_value=500), st.integers(min_value=0, max_value=500))
def test_waiting_for_the_customer_never_shortens_the_time(start, count, after, length):
    begin = start + timedelta(minutes=after)
    pause = (begin, begin + timedelta(minutes=length))

    assert clock(start, count, [pause]) >= clock(start, count)
    assert clock(start, count, [pause, pause]) == clock(start, count, [pause])


def test_hours_must_be_in_order():
    with pytest.raises(Invalid):
        sla_deadline(start=datetime(2026, 5, 4), minutes=1, opens=CLOSES, closes=OPENS, calendar=CALENDAR)
