"""The rule for one item and day: only the latest step, one level at a time, never in a stop."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars import Calendar
from policies.clauses import DEFAULT_LADDER, Step
from reminders.deciding import SEND, SKIP, WAIT, Facts, Limits, Stop, decide, plan_of
from reminders.rules import reminder_days
from reminders.words import STOPS

DUE = date(2026, 5, 4)  # a Monday
CALENDAR = Calendar(frozenset({date(2026, 5, 14), date(2026, 5, 25)}), frozenset({2026}))
LIMITS = Limits()


def facts(**values):
    return Facts(**({"due": DUE, "issued": DUE - timedelta(days=30), "open": Decimal(1000)} | values))


def decided(day, ladder=DEFAULT_LADDER, limits=LIMITS, **values):
    plan = plan_of(DUE, ladder or (), CALENDAR)
    return decide(facts(**values), ladder, plan, day, calendar=CALENDAR, limits=limits)


def walked(ladder, first, last, limits=LIMITS, **values):
    """(day, step, tone) of all that is sent when every decision is carried out."""
    state, sent, day = facts(**values), [], first
    plan = plan_of(DUE, ladder, CALENDAR)
    while day <= last:
        result = decide(state, ladder, plan, day, calendar=CALENDAR, limits=limits)
        if result.outcome == SEND:
            sent.append((day, result.step.day, result.said.tone))
            state.last_step, state.taken_on = result.step.day, day
            state.last_tone = max(state.last_tone, result.said.tone)
            if result.step.channel in ("email", "post"):
                state.last_message = day
        day += timedelta(days=1)
    return sent


def test_the_usual_ladder_over_its_whole_length():
    sent = walked(DEFAULT_LADDER, date(2026, 4, 1), date(2026, 12, 31))

    assert sent == [
        (date(2026, 4, 29), -5, 1),
        (date(2026, 5, 4), 0, 1),
        (date(2026, 5, 7), 3, 2),
        (date(2026, 5, 15), 10, 3),  # the 14th is a holiday
        (date(2026, 5, 26), 20, 3),  # Sunday, then Whit Monday
        (date(2026, 6, 3), 30, 4),
        (date(2026, 6, 18), 45, 5),
        (date(2026, 7, 3), 60, 5),
    ]
    assert decided(date(2026, 7, 4), last_step=60, last_tone=5).rule == "ladder_done"


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("insolvent", {"insolvent": True}),
        ("deceased", {"stops": [Stop("deceased", DUE, None)]}),
        ("agency", {"stops": [Stop("agency", DUE, None)]}),
        ("plan", {"stops": [Stop("plan", DUE, None)]}),
        ("promise", {"stops": [Stop("promise", DUE, DUE + timedelta(days=9))]}),
        ("paused", {"stops": [Stop("paused", DUE, DUE + timedelta(days=3))]}),
        ("not_reminded", {"ladder": None}),
        ("no_ladder", {"ladder": ()}),
        ("disputed", {"held": Decimal(1000)}),
        ("small_balance", {"open": Decimal("4.99")}),
        ("cash_waits", {"credit": Decimal(1000)}),
        ("credit_waits", {"credit_waits": True}),
    ],
)
def test_each_stop_holds_a_step_back_that_was_due(rule, values):
    day = DUE + timedelta(days=3)

    assert decided(day).outcome == SEND
    assert decided(day, **values)[:2] == (SKIP, rule)
    assert rule in STOPS


@pytest.mark.parametrize(
    "values",
    [
        {"stops": [Stop("paused", DUE + timedelta(days=4), None)]},  # begins tomorrow
        {"held": Decimal("994.99")},
        {"open": Decimal("5.00")},
        {"credit": Decimal("999.99")},
    ],
)
def test_what_almost_stops_does_not(values):
    assert decided(DUE + timedelta(days=3), **values).outcome == SEND


def test_a_part_in_dispute_leaves_the_rest_asked_for():
    assert facts(held=Decimal(200)).asked == Decimal(800)


def test_a_pause_that_runs_out_drops_its_steps_and_one_taken_away_does_not():
    lapsed = [Stop("paused", DUE + timedelta(days=1), DUE + timedelta(days=12))]
    after = DUE + timedelta(days=14)

    assert decided(after, stops=lapsed, last_step=0, last_tone=1)[:2] == (WAIT, "no_step")
    resumed = decided(after, last_step=0, last_tone=1)
    # Nothing was sent after the due day: the level rises by one, whatever fell due meanwhile.
    assert (resumed.outcome, resumed.step.day, resumed.said.tone) == (SEND, 3, 2)


def test_two_days_of_downtime_send_only_the_latest_step():
    ladder = (Step(3, 2, "email", "reminder"), Step(4, 2, "email", "reminder"), Step(5, 3, "email", "firm"))
    result = decided(DUE + timedelta(days=7), ladder=ladder, last_tone=1, last_step=0)
    assert result.step.day == 4  # the third would skip a level
    result = decided(DUE + timedelta(days=7), ladder=ladder[:2], last_tone=1, last_step=0)
    assert result.step.day == 4


def test_whoever_was_never_reminded_hears_the_friendly_word_first_and_has_a_week_for_each_firmer_one():
    sent = walked(DEFAULT_LADDER, date(2026, 8, 3), date(2026, 12, 31))  # three months late

    assert sent == [
        (date(2026, 8, 3), 3, 2),
        (date(2026, 8, 10), 20, 3),
        (date(2026, 8, 17), 30, 4),
        (date(2026, 8, 24), 60, 5),
    ]
    # The ladder's own distance where it is shorter: three days from the due day to the first reminder.
    assert decided(DUE + timedelta(days=3), last_step=0, last_tone=1, taken_on=DUE).outcome == SEND


def test_courtesy_is_not_sent_once_it_would_be_untrue():
    assert decided(DUE + timedelta(days=1)).rule == "no_step"  # "is due today" was yesterday
    assert decided(DUE).step.day == 0
    assert decided(DUE, last_step=0).rule == "no_step"
    assert decided(DUE - timedelta(days=3)).step.day == -5  # two days late is still before


ladders = st.lists(
    st.tuples(
        st.integers(min_value=-20, max_value=80), st.booleans(), st.sampled_from(["email", "post", "task"])
    ),
    max_size=8,
    unique_by=lambda one: one[0],
).map(lambda rows: _rising(sorted(rows)))


def _rising(rows):
    tone, steps = 1, []
    for day, rises, channel in rows:
        tone = min(5, tone + rises)
        steps.append(Step(day, tone, channel, "reminder"))
    return tuple(steps)


@given(
    ladders,
    st.lists(
        st.tuples(
            st.sampled_from(["paused", "promise", "plan"]),
            st.integers(min_value=-20, max_value=80),
            st.integers(min_value=0, max_value=30),
        ),
        max_size=3,
    ),
    st.integers(min_value=-40, max_value=90),
)
def test_whatever_the_ladder_and_pauses_manners_are_kept(ladder, pauses, begins):
    stops = [
        Stop(rule, DUE + timedelta(days=start), DUE + timedelta(days=start + length))
        for rule, start, length in pauses
    ]
    sent = walked(ladder, DUE + timedelta(days=begins), DUE + timedelta(days=150), stops=stops)

    channels = {step.day: step.channel for step in ladder}
    taken = [step for _, step, _ in sent]
    assert taken == sorted(set(taken))
    for day, step, _ in sent:
        assert CALENDAR.is_business_day(day)
        assert not any(stop.start <= day <= stop.until for stop in stops)
        assert step <= 0 or day >= DUE + timedelta(days=step)
    written = [day for day, step, _ in sent if channels[step] in ("email", "post")]
    assert all((b - a).days >= LIMITS.gap for a, b in pairwise(written))
    first = next((step.tone for step in ladder if step.day > 0), None)
    level = 0
    for _, step, tone in sent:
        if step > 0 and channels[step] != "task":
            assert tone <= max(first, level + 1)
        level = max(level, tone)


@given(st.sets(st.integers(min_value=-30, max_value=90), max_size=6).map(sorted))
def test_a_ladder_with_room_between_its_steps_sends_as_the_plain_rule_says(days):
    spaced = [day for at, day in enumerate(days) if all(abs(day - other) > 8 for other in days[:at])]
    ladder = tuple(Step(day, 1, "email", "reminder") for day in spaced)
    expected = reminder_days(due=DUE, steps=spaced, calendar=CALENDAR, issued=DUE - timedelta(days=30))

    sent = walked(ladder, DUE - timedelta(days=60), DUE + timedelta(days=120))

    assert [(step, day) for day, step, _ in sent] == [(one.step, one.on) for one in expected]
