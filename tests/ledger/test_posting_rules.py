"""Every event is a balanced entry, and what is settled leaves the books to the last cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, Refused
from core.money import split, unit
from ledger import rules as ledger
from ledger.rules import Item, Leg, Rate, Tax

D = Decimal
money = st.integers(min_value=1, max_value=10**9).map(lambda units: D(units).scaleb(-2))
rates = st.integers(min_value=1, max_value=10**6).map(lambda units: Rate("USD", "EUR", D(units).scaleb(-4)))
HOME = Rate("EUR", "EUR")


def balanced(legs):
    assert sum(leg.amount_doc for leg in legs) == 0
    assert sum(leg.amount_functional for leg in legs) == 0
    return legs


def accounts(legs):
    return {(leg.account, leg.amount_functional) for leg in legs}


def item(amount, rate, ref=""):
    return Item(amount, rate.convert(amount), amount, rate.convert(amount), ref)


def parts_of(total, data, most=4):
    count = data.draw(st.integers(min_value=1, max_value=most))
    weights = [D(data.draw(st.integers(min_value=1, max_value=99))) for _ in range(count)]
    return [part for part in split(total, weights, unit=unit("EUR")) if part]


@given(money, money, rates, st.data())
def test_an_issued_invoice_balances_in_both_currencies(net, tax, rate, data):
    instalments = parts_of(net + tax, data)
    legs = balanced(ledger.issue(net=net, taxes=[Tax(tax)], instalments=instalments, rate=rate))

    owed = [leg for leg in legs if leg.account == ledger.RECEIVABLES]
    assert sum(leg.amount_functional for leg in owed) == rate.convert(net + tax)
    assert [leg.amount_doc for leg in owed] == instalments


@given(money, rates, st.data())
def test_settling_in_any_parts_ends_at_exactly_nothing(total, rate, data):
    debit = item(total, rate, "invoice")
    booked = debit.open_functional
    for part in parts_of(total, data, most=8):
        left = ledger.relief(debit, part, "EUR")
        assert 0 <= left <= debit.open_functional
        debit = debit.less(part, left)
        booked -= left

    assert (debit.open_amount, debit.open_functional, booked) == (0, 0, 0)


@given(money, rates, rates, st.data())
def test_undoing_an_allocation_in_between_changes_nothing_at_the_end(total, rate, other, data):
    debit, first, *rest = item(total, rate), *parts_of(total, data)
    done = ledger.relief(debit, first, "EUR")
    after = debit.less(first, done)
    for part in rest:
        gone = ledger.relief(after, part, "EUR")
        after = after.less(part, gone)
    reopened = after.less(-first, -done)

    assert ledger.relief(reopened, reopened.open_amount, "EUR") == reopened.open_functional
    assert 0 <= reopened.open_functional <= reopened.functional


@given(money, rates, rates, st.data())
def test_an_allocation_takes_the_exchange_difference(amount, invoiced, paid, data):
    extra = data.draw(money)
    debit, credit = item(amount, invoiced, "i"), item(amount + extra, paid, "p")
    legs = balanced(ledger.allocate(credit=credit, debit=debit, amount=amount, functional="EUR"))

    gain = -sum(leg.amount_functional for leg in legs if leg.account == ledger.FX_GAIN_LOSS)
    assert gain == ledger.relief(credit, amount, "EUR") - debit.open_functional


@given(money, money, rates, st.data())
def test_every_other_event_balances(net, tax, rate, data):
    gross = net + tax
    debit, credit = item(gross, rate, "d"), item(gross, rate, "c")
    fee = min(D("2.00"), gross)
    part = data.draw(st.integers(min_value=1, max_value=int(gross * 100))) * unit("EUR")
    written_off = ledger.write_off(debit=debit, loss=net, taxes=[Tax(tax)], rate=rate)
    entries = [
        ledger.credit_note(net=net, taxes=[Tax(tax)], rate=rate, open_parts=[(debit, part)]),
        ledger.credit_note(net=net, taxes=[Tax(tax)], rate=rate),
        ledger.receipt(amount=gross, rate=rate, fee=fee),
        ledger.receipt(amount=gross, rate=rate, withheld=fee, identified=False),
        ledger.identify(amount=gross, functional=rate.convert(gross)),
        ledger.withholding(amount=tax, rate=rate),
        ledger.discount(debit=debit, net=net, taxes=[Tax(tax)], rate=rate),
        ledger.small_difference(debit=debit, amount=part, functional="EUR"),
        ledger.absorb_overpayment(credit=credit, amount=part, functional="EUR"),
        written_off,
        ledger.write_off(debit=debit, loss=gross, taxes=[], rate=rate),
        ledger.recovery(written_off, part, currency="USD", functional="EUR"),
        ledger.recovery(written_off, gross, currency="USD", functional="EUR"),
        ledger.refund(credit=credit, amount=part, rate=rate),
        ledger.bank_fee(amount=fee, rate=rate),
        ledger.provide_allowance(net),
        ledger.use_allowance(debit=debit, amount=part, functional="EUR"),
        ledger.revalue([debit], Rate("USD", "EUR", rate.value * 2)),
    ]

    for legs in entries:
        balanced(legs)
        balanced(ledger.reverse(legs))


def test_the_table_of_postings_in_one_currency():
    debit = item(D("120.00"), HOME, "i")
    credit = item(D("120.00"), HOME, "p")
    vat = [Tax(D("20.00"))]
    issued = ledger.issue(net=D("100.00"), taxes=vat, instalments=[D("120.00")], rate=HOME)

    assert accounts(issued) == {("1100", D("120.00")), ("2200", D("-20.00")), ("4000", D("-100.00"))}
    assert accounts(ledger.receipt(amount=D("120.00"), rate=HOME, fee=D("2.00"))) == {
        ("1000", D("118.00")),
        ("6810", D("2.00")),
        ("2100", D("-120.00")),
    }
    assert accounts(ledger.allocate(credit=credit, debit=debit, amount=D("120.00"), functional="EUR")) == {
        ("2100", D("120.00")),
        ("1100", D("-120.00")),
    }
    assert accounts(
        ledger.credit_note(net=D(30), taxes=[Tax(D(6))], rate=HOME, open_parts=[(debit, D(36))])
    ) == {
        ("4200", D(30)),
        ("2200", D(6)),
        ("1100", D(-36)),
    }
    assert accounts(ledger.credit_note(net=D(30), taxes=[Tax(D(6))], rate=HOME)) == {
        ("4200", D(30)),
        ("2200", D(6)),
        ("2100", D(-36)),
    }
    assert accounts(ledger.discount(debit=debit, net=D("1.67"), taxes=[Tax(D("0.33"))], rate=HOME)) == {
        ("4100", D("1.67")),
        ("2200", D("0.33")),
        ("1100", D("-2.00")),
    }
    written_off = ledger.write_off(debit=debit, loss=D("100.00"), taxes=vat, rate=HOME)
    assert accounts(written_off) == {("6800", D("100.00")), ("2200", D("20.00")), ("1100", D("-120.00"))}
    assert accounts(ledger.recovery(written_off, D("120.00"), currency="EUR", functional="EUR")) == {
        ("1100", D("120.00")),
        ("6800", D("-100.00")),
        ("2200", D("-20.00")),
    }
    assert accounts(ledger.receipt(amount=D(120), rate=HOME, withheld=D(10))) == {
        ("1000", D(110)),
        ("1300", D(10)),
        ("2100", D(-120)),
    }
    late = ledger.issue(net=D("9.16"), taxes=[], instalments=[D("9.16")], rate=HOME, account=ledger.LATE_FEES)
    assert accounts(late) == {("1100", D("9.16")), ("4300", D("-9.16"))}


def test_a_deposit_is_booked_and_used_up():
    vat = [Tax(D(20))]
    deposit = ledger.issue(net=D(100), taxes=vat, instalments=[D(120)], rate=HOME, account=ledger.DEPOSITS)
    final = ledger.issue(
        net=D(1000),
        taxes=[Tax(D(200))],
        instalments=[D(1080)],
        rate=HOME,
        deposit=ledger.Deposit(D(100), D(100), (Tax(D(20)),), (D(20),)),
    )

    assert accounts(deposit) == {("1100", D(120)), ("2400", D(-100)), ("2200", D(-20))}
    assert accounts(final) == {
        ("1100", D(1080)),
        ("2400", D(100)),
        ("4000", D(-1000)),
        ("2200", D(-200)),
        ("2200", D(20)),
    }


def test_indian_components_have_their_own_accounts():
    taxes = [Tax(D(9), "CGST"), Tax(D(9), "SGST")]
    legs = ledger.issue(net=D(100), taxes=taxes, instalments=[D(118)], rate=Rate("INR", "INR"))

    assert accounts(legs) == {("1100", D(118)), ("4000", D(-100)), ("2210", D(-9)), ("2220", D(-9))}
    with pytest.raises(Invalid):
        ledger.tax_account("PST")


def test_reverse_charge_has_no_tax_line_and_rounding_has_its_account():
    legs = ledger.issue(net=D(100), taxes=[], instalments=[D("100.02")], rate=HOME, rounding=D("0.02"))

    assert accounts(legs) == {("1100", D("100.02")), ("4000", D(-100)), ("4990", D("-0.02"))}


@pytest.mark.parametrize("amount", ["0", "-1", "120.01"])
def test_more_than_is_open_cannot_be_settled(amount):
    debit, credit = item(D("120.00"), HOME), item(D("500.00"), HOME)

    with pytest.raises(Refused) as refusal:
        ledger.allocate(credit=credit, debit=debit, amount=D(amount), functional="EUR")

    assert refusal.value.rule == "settled_within_open"


def test_an_entry_that_does_not_balance_is_never_made():
    with pytest.raises(ledger.Unbalanced):
        ledger.check_balanced([Leg("1000", D(1), D(1)), Leg("1100", D(-1), D("-0.99"))])
    with pytest.raises(Invalid):
        ledger.issue(net=D(100), taxes=[], instalments=[D(99)], rate=HOME)
    with pytest.raises(Invalid):
        Rate("EUR", "EUR", D("1.1"))


@given(money, st.data())
def test_a_write_off_splits_into_loss_and_tax(gross, data):
    tax = D(data.draw(st.integers(min_value=0, max_value=int(gross * 100)))).scaleb(-2)
    rest = D(data.draw(st.integers(min_value=0, max_value=int(gross * 100)))).scaleb(-2)
    for relief in (True, False):
        result = ledger.write_off_split(
            open_amount=rest, gross=gross, tax=tax, tax_relief=relief, currency="EUR"
        )
        assert result.bad_debt + result.output_tax == result.receivable == rest
        assert relief or result.output_tax == 0
