"""What contracts bill: days never drift, parts of a period add up, tiers cost what they say."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.rules import Tier, plan_change, proration, recurring, tiered_usage
from core.dates import month_end
from core.errors import Invalid

D = Decimal
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))
money = st.integers(min_value=0, max_value=10**8).map(lambda units: D(units).scaleb(-2))


@given(days, st.integers(min_value=1, max_value=36), st.integers(min_value=1, max_value=12))
def test_a_billing_day_is_counted_from_the_anchor(anchor, count, every):
    found = recurring(anchor, count, every_months=every)

    assert found[0] == anchor
    assert all(day.day == anchor.day or (day == month_end(day) and day.day < anchor.day) for day in found)
    assert len({(day.year, day.month) for day in found}) == count


@given(money, days, st.integers(min_value=1, max_value=366), st.data())
def test_two_parts_of_a_period_cost_the_whole_within_a_cent(price, start, length, data):
    end = start + timedelta(days=length - 1)
    change = start + timedelta(days=data.draw(st.integers(min_value=0, max_value=length - 1)))
    period = {"price": price, "period_start": start, "period_end": end, "currency": "EUR"}
    before = proration(**period, active_to=change - timedelta(days=1))
    after = proration(**period, active_from=change)

    assert before.active_days + after.active_days == before.period_days == length
    assert abs(before.amount + after.amount - price) <= D("0.01")
    assert proration(**period).amount == price


@given(money, days, st.integers(min_value=1, max_value=366), st.data())
def test_changing_to_the_same_price_costs_nothing(price, start, length, data):
    end = start + timedelta(days=length - 1)
    change = start + timedelta(days=data.draw(st.integers(min_value=0, max_value=length - 1)))
    result = plan_change(
        old_price=price, new_price=price, period_start=start, period_end=end, change_on=change, currency="EUR"
    )

    assert result.net == 0
    assert result.credit <= 0 <= result.charge


@given(st.integers(min_value=0, max_value=5000))
def test_more_usage_never_costs_less(quantity):
    tiers = [Tier(D(100), D("0.10")), Tier(D(1000), D("0.08")), Tier(None, D("0.05"))]
    result = tiered_usage(D(quantity), tiers, "EUR")

    assert result.amount == sum(result.tier_amounts)
    assert tiered_usage(D(quantity + 1), tiers, "EUR").amount >= result.amount


def test_what_nobody_priced_or_agreed_is_refused():
    with pytest.raises(Invalid, match="No tier"):
        tiered_usage(D(101), [Tier(D(100), D(1))], "EUR")
    with pytest.raises(Invalid, match="ends above"):
        tiered_usage(D(1), [Tier(D(100), D(1)), Tier(D(50), D(1))], "EUR")
    period = {"period_start": date(2026, 1, 2), "period_end": date(2026, 1, 1), "currency": "EUR"}
    with pytest.raises(Invalid, match="ends before"):
        proration(price=D(1), **period)
    with pytest.raises(Invalid):
        recurring(date(2026, 1, 1), 3, every_months=0)
