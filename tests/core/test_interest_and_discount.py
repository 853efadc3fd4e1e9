"""Late interest and early discount: rounded once, never more than agreed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.discount import annual_cost, discounted, early_discount
from core.errors import Invalid
from core.interest import late_interest, msmed_interest

RATES = [
    (date(2024, 7, 1), Decimal("4.25")),
    (date(2025, 1, 1), Decimal("3.15")),
    (date(2025, 7, 1), Decimal("2.15")),
]
DUE = date(2025, 6, 15)
money = st.integers(min_value=1, max_value=10**9).map(lambda units: Decimal(units).scaleb(-2))
percent = (
    st.integers(min_value=1, max_value=500).map(lambda tenths: Decimal(tenths) / 10).filter(lambda p: p < 50)
)


def interest(**given_):
    usual = {"principal": Decimal(10000), "due": DUE, "until": date(2025, 7, 15), "currency": "EUR"}
    return late_interest(**(usual | {"reference_rates": RATES} | given_))


def test_a_part_payment_lowers_the_principal_from_the_day_after():
    whole = interest()
    part = interest(payments=[(date(2025, 6, 30), Decimal(10000))])

    assert whole.interest == Decimal("87.53")
    assert part.interest == Decimal("45.82")  # 15 days at 11.15 %
    assert interest(payments=[(DUE, Decimal(10000))], compensation="EU").total == 0


def test_a_change_of_the_rate_within_a_half_year_waits_for_the_next():
    mid = [*RATES, (date(2025, 6, 20), Decimal(99))]

    assert interest(reference_rates=mid, until=date(2025, 6, 30)).interest == Decimal("45.82")


def test_a_rate_that_nobody_entered_is_an_error():
    with pytest.raises(Invalid, match="2025-06-16"):
        interest(reference_rates=[(date(2025, 7, 1), Decimal(2))])


def test_the_contract_rate_and_another_year_length():
    flat = [(date.min, Decimal(0))]

    assert interest(reference_rates=flat, margin=Decimal(12), basis=360).interest == Decimal("100.00")


@given(money, st.integers(min_value=0, max_value=900), st.integers(min_value=0, max_value=900))
def test_later_payment_never_costs_less(principal, first, more):
    sooner = interest(principal=principal, until=DUE + timedelta(days=first), compensation="UK")
    later = interest(principal=principal, until=DUE + timedelta(days=first + more), compensation="UK")

    assert later.total >= sooner.total >= 0


@given(money, st.integers(min_value=0, max_value=800))
def test_monthly_rests_count_every_day_once(principal, days):
    until = DUE + timedelta(days=days)
    result = msmed_interest(principal=principal, due=DUE, until=until, bank_rates=RATES)

    assert 0 <= result.stub_days <= 30
    assert (result.interest == 0) or days > 0
    assert result.full_months == (until.year - DUE.year) * 12 + until.month - DUE.month - (
        until.day < DUE.day
    )


@given(money, percent, st.integers(min_value=-5, max_value=20), st.data())
def test_a_discount_never_does_more_than_close_the_invoice(gross, pct, day, data):
    payment = Decimal(data.draw(st.integers(min_value=0, max_value=int(gross * 110)))).scaleb(-2)
    tax = Decimal(data.draw(st.integers(min_value=0, max_value=int(gross * 100)))).scaleb(-2)
    result = early_discount(
        gross=gross,
        tax=tax,
        pct=pct,
        days=10,
        invoice_date=DUE,
        paid_on=DUE + timedelta(days=day),
        payment=payment,
        currency="EUR",
    )

    assert result.eligible == (day <= 10)
    assert payment + result.discount + result.open_after - result.unapplied == gross
    assert result.discount == result.discount_net + result.discount_tax
    assert (
        min(result.discount, result.discount_net, result.discount_tax, result.open_after, result.unapplied)
        >= 0
    )
    assert not (result.open_after and result.unapplied)
    assert result.eligible or not result.discount


@given(money, percent)
def test_paying_the_discounted_amount_in_time_closes_the_invoice(gross, pct):
    pays = discounted(gross, pct, "EUR")
    result = early_discount(
        gross=gross,
        tax=Decimal(0),
        pct=pct,
        days=10,
        invoice_date=DUE,
        paid_on=DUE,
        payment=pays,
        currency="EUR",
    )

    assert pays == 0 or (result.open_after, result.discount) == (0, gross - pays)


def test_what_a_discount_is_worth_a_year():
    assert annual_cost(Decimal(2), 10, 30) == Decimal("37.2")
    assert annual_cost(Decimal(2), 30, 30) is None
