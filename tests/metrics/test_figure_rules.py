"""Figures: undefined is not zero, and each follows from its parts."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.calendars import Calendar
from metrics import rules as metrics

D = Decimal
money = st.integers(min_value=0, max_value=10**9).map(lambda units: D(units).scaleb(-2))
CALENDAR = Calendar(frozenset(), frozenset({2026}))


def test_nothing_to_divide_by_is_not_available():
    nothing = D(0)

    assert metrics.dso_simple(D(1), nothing, 30).dso is None
    assert metrics.cei(nothing, nothing, nothing, nothing) is None
    assert metrics.error_rate(0, []).error_rate is None
    assert metrics.on_time([], date(2026, 1, 1), date(2026, 1, 31)).rate_count is None


@given(money, money, money.filter(bool))
def test_delinquent_days_are_the_difference(receivables, current, sales):
    found = metrics.dso_family(receivables, min(current, receivables), sales, 90)

    assert abs(found.dso - found.best_possible_dso - found.average_days_delinquent) <= D("0.1")


@given(money, st.lists(money, min_size=1, max_size=12))
def test_counting_back_says_when_history_ran_out(receivables, sales):
    months = [metrics.MonthSales(date(2025, 12 - back, 1), value) for back, value in enumerate(sales)]
    found = metrics.dso_count_back(receivables, months)

    assert found.truncated == (receivables > sum(sales))
    assert 0 <= found.dso <= sum(month.days for month in months)


def test_a_forecast_prefers_the_promise_and_has_no_date_in_a_dispute():
    usual = {
        "due": date(2026, 5, 4),
        "history": [],
        "segment": [3],
        "as_of": date(2026, 5, 1),
        "calendar": CALENDAR,
    }

    assert metrics.cash_forecast(**usual).basis == "segment"
    promised = metrics.cash_forecast(**usual, promise=date(2026, 5, 9))
    assert (promised.basis, promised.expected_on) == ("promise", date(2026, 5, 11))
    assert metrics.cash_forecast(**usual, disputed=True).expected_on is None
    late = metrics.cash_forecast(**(usual | {"as_of": date(2026, 5, 15)}))
    assert late.expected_on == date(2026, 5, 18)
