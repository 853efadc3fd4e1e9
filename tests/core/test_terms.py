"""Payment terms: every day can be told from the text, and explained."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars import Calendar, MissingCalendarYear
from core.dates import add_months, month_end
from core.errors import Invalid
from core.terms import Step, Terms, due_on, explain, instalments, parse_terms, readings

YEARS = frozenset(range(1999, 2110))
CHRISTMAS = frozenset({date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1)})
WORKING = Calendar(CHRISTMAS, YEARS)

bases = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))
days_of_month = st.integers(min_value=1, max_value=31)


def steps(kinds):
    kind = st.sampled_from(kinds)

    def fill(name):
        if name == "EOM":
            return st.just(Step("EOM"))
        if name == "NEXT":
            return st.sets(days_of_month, min_size=1, max_size=4).map(
                lambda d: Step("NEXT", tuple(sorted(d)))
            )
        if name in ("DAY", "CUT"):
            return days_of_month.map(lambda d: Step(name, (d,)))
        return st.integers(min_value=0, max_value=36).map(lambda n: Step(name, (n,)))

    return st.lists(kind.flatmap(fill), min_size=1, max_size=4).map(tuple)


adjustments = st.sampled_from(["", "F", "MF", "P"])
any_terms = st.builds(Terms, steps(["NET", "D", "M", "BD", "EOM", "DAY", "NEXT", "CUT"]), adjustments)
forward = st.builds(Terms, steps(["NET", "D", "M", "BD", "EOM", "NEXT", "CUT"]), st.sampled_from(["", "F"]))


@given(any_terms)
def test_terms_written_out_are_read_back_the_same(terms):
    assert parse_terms(str(terms)) == terms
    assert parse_terms(str(terms).lower()) == terms


@given(bases, forward)
def test_only_a_day_of_the_month_or_an_earlier_working_day_goes_back(base, terms):
    assert due_on(base, terms, calendar=WORKING) >= base


@given(bases, any_terms)
def test_every_due_date_is_explained_with_its_weekday(base, terms):
    due = due_on(base, terms, calendar=WORKING)
    words = explain(base, terms, calendar=WORKING)

    assert words.startswith(due.strftime("%A ") + str(due.day) + due.strftime(" %B %Y"))
    assert base.strftime("%A ") in words


@given(bases, st.integers(min_value=0, max_value=400))
def test_net_days_are_calendar_days(base, days):
    assert due_on(base, f"NET {days}") == base + timedelta(days=days) == due_on(base, f"+{days}D")


@given(bases, st.integers(min_value=0, max_value=60))
def test_months_clamp_and_never_skip_into_the_next(base, months):
    due = due_on(base, f"+{months}M")

    assert (due.year * 12 + due.month) - (base.year * 12 + base.month) == months
    assert due.day == base.day or (due.day < base.day and due == month_end(due))


@given(bases, adjustments)
def test_an_adjusted_day_is_a_working_day(base, adjustment):
    due = due_on(base, Terms((Step("NET", (0,)),), adjustment), calendar=WORKING)

    assert not adjustment or WORKING.is_business_day(due)
    assert adjustment != "MF" or due.month == base.month
    assert adjustment != "P" or due <= base


@given(bases, st.integers(min_value=1, max_value=30))
def test_working_days_are_counted_one_by_one(base, count):
    due = due_on(base, f"+{count}BD", calendar=WORKING)
    between = [base + timedelta(days=n) for n in range(1, (due - base).days + 1)]

    assert sum(WORKING.is_business_day(day) for day in between) == count


@pytest.mark.parametrize(
    ("text", "position", "mend"),
    [
        ("30 days end of month", "Step 1 “30” at position 1", "choose +30D EOM or EOM +30D"),
        ("NET 30 SOON", "Step 2 “SOON” at position 8", "Steps are NET n"),
        ("net 30 days", "Step 2 “days” at position 8", "Write NET 30"),
        ("EOM DAY32", "Step 2 “DAY32” at position 5", "from 1 to 31"),
        ("NET 99999", "Step 1 “NET 99999” at position 1", "from 0 to 3660"),
        ("NET 30/X", "“/X” at position 7", "/MF"),
        ("  ", "at least one step", "For example"),
        ("/F", "at least one step", "For example"),
        ("NET 1" + "0" * 5000, "at most 120 characters", "For example"),
    ],
)
def test_a_fault_names_the_step_the_position_and_the_mend(text, position, mend):
    with pytest.raises(Invalid) as refusal:
        parse_terms(text)

    assert position.casefold() in refusal.value.message.casefold()
    assert mend in refusal.value.mend
    assert refusal.value.field == "terms"


def test_an_ambiguous_phrase_has_two_readings_that_differ():
    first, second = readings("30 days end of month")

    assert (due_on(date(2025, 1, 15), first), due_on(date(2025, 1, 15), second)) == (
        date(2025, 2, 28),
        date(2025, 3, 2),
    )


def test_a_year_without_entered_holidays_is_an_error():
    short = Calendar(frozenset(), frozenset({2025}), name="DE-BY")

    assert due_on(date(2025, 12, 1), "NET 30", calendar=None) == date(2025, 12, 31)
    with pytest.raises(MissingCalendarYear, match=r"DE-BY.*2026"):
        due_on(date(2025, 12, 15), "NET 30/F", calendar=short)
    with pytest.raises(MissingCalendarYear, match="no holiday calendar"):
        due_on(date(2025, 12, 15), "NET 30/F")


def test_holidays_and_other_weekends_count():
    gulf = Calendar(frozenset({date(2025, 6, 8)}), YEARS, weekend=(4, 5))

    assert due_on(date(2025, 12, 24), "+1BD", calendar=WORKING) == date(2025, 12, 29)
    assert due_on(date(2025, 6, 6), "NET 0/F", calendar=gulf) == date(2025, 6, 9)
    with pytest.raises(Invalid, match="never all"):
        Calendar(frozenset(), YEARS, weekend=tuple(range(7)))


def test_counting_past_the_last_year_is_refused():
    with pytest.raises(Invalid, match="years 1 to 9999"):
        due_on(date(9999, 12, 1), "NET 60")
    with pytest.raises(Invalid, match="years 1 to 9999"):
        add_months(date(9999, 12, 1), 1)


@given(
    st.integers(min_value=-(10**9), max_value=10**9),
    st.lists(st.integers(min_value=1, max_value=99), min_size=1, max_size=6),
    bases,
)
def test_instalments_add_up_to_the_total(units, sizes, base):
    percentages = [Decimal(size) for size in sizes[:-1]]
    rest = 100 - sum(percentages)
    schedule = [(percentage, "+1M") for percentage in [*percentages, rest]]
    total = Decimal(units).scaleb(-2)
    if rest <= 0:
        with pytest.raises(Invalid) as refusal:
            instalments(total, base, schedule, "EUR")
        assert refusal.value.rule == "percentages_must_sum_to_100"
        return

    parts = instalments(total, base, schedule, "EUR")

    assert sum(part.amount for part in parts) == total
    assert [part.number for part in parts] == list(range(1, len(schedule) + 1))
