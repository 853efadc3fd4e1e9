"""Receiving, allocating, undoing, giving up: each act, each refusal, and the book stays whole."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.errors import DomainError, Invalid, Refused
from entities.models import ExchangeRate
from invoices.models import Invoice
from ledger.models import Allocation, Entry, Line, OpenItem
from ledger.queries import account_movements, faults
from payments import operations
from payments.models import Payment, Refund, WriteOff
from payments.operations import Part, Receipt
from tests.world import NOW, TODAY, make_world
from work.operations import NotYours

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def book_is_sound():
    yield
    assert faults() == []


def balance(account: str) -> Decimal:
    return sum(Line.objects.filter(account=account).values_list("amount", flat=True), Decimal())


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.get(pk=invoice.pk)


def test_a_receipt_waits_as_credit_until_it_is_used(world):
    payment = world.received("100.00")

    assert (payment.open_item.open_amount, balance("1000"), balance("2100")) == (100, 100, -100)


def test_part_payment_then_the_rest(world):
    invoice = world.issued("100.00")

    world.pay(invoice, "19.00")
    assert (fresh(invoice).balance, fresh(invoice).settlement_status) == (100, "part_paid")
    world.pay(invoice, "100.00")

    done = fresh(invoice)
    assert (done.balance, done.settlement_status, done.settled_on, done.next_due_on) == (
        0,
        "paid",
        TODAY,
        None,
    )
    assert (balance("1100"), balance("2100")) == (0, 0)


def test_overpayment_stays_unapplied(world):
    invoice = world.issued("100.00")
    payment = world.received("150.00", reference=invoice.number)

    parts, rest = operations.propose_allocation(payment)
    operations.allocate_payment(payment, parts, actor=world.cash, now=NOW)

    payment.open_item.refresh_from_db()
    assert (rest, payment.open_item.open_amount) == (31, 31)
    assert fresh(invoice).settlement_status == "paid"


def test_oldest_first_over_several_invoices(world):
    first = world.issued("100.00", now=NOW - timedelta(days=40))
    second = world.issued("200.00", now=NOW - timedelta(days=10))

    payment = world.received("200.00")
    parts, rest = operations.propose_allocation(payment)
    operations.allocate_payment(payment, parts, actor=world.cash, now=NOW, grant_discount=False)

    assert rest == 0
    assert (fresh(first).balance, fresh(second).balance) == (0, Decimal("157.00"))


def test_discount_in_time_closes_the_invoice(world):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=10))

    world.pay(invoice, "1166.20", discount=True)

    done = fresh(invoice)
    assert (done.balance, done.settlement_status) == (0, "paid")
    assert (balance("4100"), balance("2200")) == (Decimal("20.00"), Decimal("-186.20"))


def test_a_day_late_earns_no_discount(world):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=11))

    world.pay(invoice, "1166.20", discount=True)

    assert fresh(invoice).balance == Decimal("23.80")


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("119.01", "an_open_item_is_not_over_allocated"),
        ("-1.00", "only_a_reversal_is_negative"),
        ("0", "only_a_reversal_is_negative"),
        ("1.001", None),
    ],
)
def test_wrong_amounts_are_refused_and_change_nothing(world, amount, rule):
    invoice = world.issued("100.00")
    payment = world.received("500.00")
    before = (Entry.objects.count(), Allocation.objects.count())

    part = Part(invoice.instalments.get().open_item_id, Decimal(amount))
    with pytest.raises(DomainError) as refusal:
        operations.allocate_payment(payment, [part], actor=world.cash, now=NOW)

    assert rule is None or refusal.value.rule == rule
    assert refusal.value.field
    assert (Entry.objects.count(), Allocation.objects.count()) == before
    assert fresh(invoice).balance == 119


def test_more_than_the_receipt_is_refused(world):
    invoice, payment = world.issued("100.00"), world.received("50.00")

    part = Part(invoice.instalments.get().open_item_id, Decimal("60.00"))
    with pytest.raises(Refused, match="is left of"):
        operations.allocate_payment(payment, [part], actor=world.cash, now=NOW)


def test_another_currency_is_refused(world):
    invoice, payment = world.issued("100.00"), world.received("50.00", currency="USD")

    part = Part(invoice.instalments.get().open_item_id, Decimal("50.00"))
    with pytest.raises(Refused) as refusal:
        operations.allocate_payment(payment, [part], actor=world.cash, now=NOW)

    assert refusal.value.rule == "an_allocation_stays_in_its_currency"


def test_another_customer_is_refused(world):
    other = make_world()
    invoice = other.issued("100.00")
    payment = world.received("50.00")

    part = Part(invoice.instalments.get().open_item_id, Decimal("50.00"))
    with pytest.raises(Refused):
        operations.allocate_payment(payment, [part], actor=world.cash, now=NOW)


def test_undoing_an_allocation_reopens_both_sides(world):
    invoice = world.issued("100.00")
    payment = world.pay(invoice, "119.00")

    operations.undo_allocation(Allocation.objects.get(), reason="Wrong invoice", actor=world.cash, now=NOW)

    payment.open_item.refresh_from_db()
    assert (fresh(invoice).balance, fresh(invoice).settlement_status) == (119, "open")
    assert payment.open_item.open_amount == 119
    with pytest.raises(Refused, match="undone before"):
        operations.undo_allocation(
            Allocation.objects.get(reversal_of=None), reason="Again", actor=world.cash, now=NOW
        )


def test_a_returned_payment_takes_its_discount_back(world):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=5))
    payment = world.pay(invoice, "1166.20", discount=True)

    operations.bounce_payment(payment, on=TODAY, reason="Account closed", actor=world.cash, now=NOW)

    assert (fresh(invoice).balance, fresh(invoice).settlement_status) == (Decimal("1190.00"), "open")
    assert (balance("1000"), balance("2100"), balance("4100")) == (0, 0, 0)
    with pytest.raises(Refused):
        operations.bounce_payment(payment, on=TODAY, reason="Again", actor=world.cash, now=NOW)


def test_exchange_gain_is_realised_and_the_item_ends_at_zero(world):
    invoice = world.issued("1000.00", currency="USD")
    ExchangeRate.objects.create(
        currency="USD", functional="EUR", on=TODAY + timedelta(days=3), rate=Decimal("0.95"), source="test"
    )
    later = NOW + timedelta(days=3)
    payment = world.received("1190.00", currency="USD", now=later)
    part = Part(invoice.instalments.get().open_item_id, Decimal("1190.00"))
    operations.allocate_payment(payment, [part], actor=world.cash, now=later, grant_discount=False)

    gains = Line.objects.filter(account="4910").values_list("functional", flat=True)
    assert list(gains) == [Decimal("-35.70")]
    item = OpenItem.objects.get(pk=invoice.instalments.get().open_item_id)
    assert (item.open_amount, item.open_functional) == (0, 0)


def test_a_small_rest_is_let_go_within_the_policy(world):
    invoice = world.issued("100.00")
    world.pay(invoice, "118.20")

    operations.write_off_difference(invoice, actor=world.cash, now=NOW)

    assert (fresh(invoice).balance, balance("4990")) == (0, Decimal("0.80"))


def test_a_larger_rest_is_not(world):
    invoice = world.issued("100.00")
    world.pay(invoice, "117.00")

    with pytest.raises(Refused) as refusal:
        operations.write_off_difference(invoice, actor=world.cash, now=NOW)

    assert refusal.value.rule == "tolerance_by_policy"
    assert fresh(invoice).balance == 2


def test_a_write_off_needs_a_second_person_with_the_limit_and_can_come_back(world):
    invoice = world.issued("1000.00")
    row = operations.request_write_off(
        invoice, Decimal("1190.00"), reason="Insolvent, no quota", actor=world.lead, now=NOW
    )
    with pytest.raises(NotYours):
        operations.approve_write_off(row, actor=world.lead, now=NOW)
    assert fresh(invoice).balance == 1190

    operations.approve_write_off(row, actor=world.controller, now=NOW)
    assert (fresh(invoice).settlement_status, balance("6800"), balance("2200")) == ("written_off", 1000, 0)

    operations.recover_write_off(WriteOff.objects.get(), actor=world.lead, now=NOW)
    assert (fresh(invoice).balance, balance("6800")) == (1190, 0)


def test_a_refund_is_within_what_is_unapplied_and_of_two_persons(world):
    payment = world.received("100.00")

    with pytest.raises(Refused):
        operations.request_refund(
            payment.open_item, Decimal("100.01"), reason="Paid twice", actor=world.cash, now=NOW
        )
    refund = operations.request_refund(
        payment.open_item, Decimal("40.00"), reason="Paid twice", actor=world.cash, now=NOW
    )
    with pytest.raises(NotYours):
        operations.approve_refund(refund, actor=world.cash, now=NOW)
    operations.approve_refund(refund, actor=world.controller, now=NOW)

    payment.open_item.refresh_from_db()
    assert (payment.open_item.open_amount, balance("1000")) == (60, 60)
    assert Refund.objects.get().state == "paid"


@pytest.mark.parametrize("act", ["use", "bounce"])
def test_a_refund_of_credit_that_was_used_meanwhile_is_not_paid_and_can_be_rejected(world, act):
    payment = world.received("100.00")
    refund = operations.request_refund(
        payment.open_item, Decimal("100.00"), reason="Paid twice", actor=world.cash, now=NOW
    )
    if act == "use":
        invoice = world.issued("50.00")
        part = Part(invoice.instalments.get().open_item_id, Decimal("59.50"))
        operations.allocate_payment(payment, [part], actor=world.cash, now=NOW)
    else:
        operations.bounce_payment(payment, on=TODAY, reason="Account closed", actor=world.cash, now=NOW)
    entries = Entry.objects.count()

    with pytest.raises(Refused) as refusal:
        operations.approve_refund(refund, actor=world.controller, now=NOW)

    left = "40.50" if act == "use" else "0.00"
    assert refusal.value.message.startswith(f"{left} EUR of ")
    assert refusal.value.message.endswith("is left; the refund is over 100.00 EUR.")
    refund.refresh_from_db()
    assert (refund.state, Entry.objects.count(), balance("1000")) == (
        "pending", entries, 100 if act == "use" else 0,
    )  # fmt: skip
    operations.reject_refund(refund, actor=world.controller, now=NOW, reason="It was used")
    assert Refund.objects.get().state == "rejected"


def test_an_unidentified_receipt_waits_apart_and_is_identified_once(world):
    payment = operations.record_payment(
        Receipt(world.entity, TODAY, "EUR", Decimal("70.00")), actor=world.cash, now=NOW
    )
    assert (balance("1200"), balance("2100")) == (-70, 0)

    payment = operations.identify_payment(payment, world.customer, actor=world.cash, now=NOW)
    assert (balance("1200"), balance("2100")) == (0, -70)
    with pytest.raises(Refused):
        operations.identify_payment(payment, world.customer, actor=world.cash, now=NOW)


def test_the_same_receipt_is_recorded_once(world):
    first = world.received("10.00", external_key="bank:1")

    assert world.received("10.00", external_key="bank:1") == first
    with pytest.raises(Refused):
        world.received("11.00", external_key="bank:1")
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": "10", "fee": Decimal(11)}, "fee"),
        ({"amount": "10", "received_on": TODAY + timedelta(days=1)}, "received_on"),
        ({"amount": "10", "method": "barter"}, "method"),
        ({"amount": "10", "currency": "XXQ"}, "currency"),
        ({"amount": "10", "currency": "CHF"}, "currency"),
    ],
)
def test_an_impossible_receipt_is_refused_naming_the_field(world, given, field):
    with pytest.raises(Invalid) as refusal:
        world.received(**given)

    assert refusal.value.field == field
    assert refusal.value.mend
    assert not Payment.objects.exists()
    assert not Entry.objects.exists()


def test_fee_and_withheld_tax_are_credited_too(world):
    world.received("120.00", fee=Decimal("2.00"), withheld=Decimal("10.00"))

    assert [balance(a) for a in ("1000", "6810", "1300", "2100")] == [108, 2, 10, -120]


def test_the_statement_foots(world):
    invoice = world.issued("100.00", now=NOW - timedelta(days=20))
    world.pay(invoice, "50.00", now=NOW - timedelta(days=5))

    opening, movements = account_movements(world.customer.pk, "EUR", since=date(2026, 11, 1), until=TODAY)

    assert opening == 119
    assert [m.amount for m in movements] == [-50]
    assert movements[-1].balance == fresh(invoice).balance == 69


def test_a_refunded_receipt_does_not_bounce_and_a_refund_is_not_undone(world):
    payment = world.received("100.00")
    refund = operations.request_refund(
        payment.open_item, Decimal("40.00"), reason="Paid twice", actor=world.cash, now=NOW
    )
    operations.approve_refund(refund, actor=world.controller, now=NOW)

    with pytest.raises(Refused, match="refunded"):
        operations.bounce_payment(payment, on=TODAY, reason="Account closed", actor=world.cash, now=NOW)
    with pytest.raises(Refused, match="not undone"):
        operations.undo_allocation(Allocation.objects.get(), reason="Try", actor=world.cash, now=NOW)

    assert Payment.objects.get().state == "received"


def test_undoing_an_allocation_takes_its_discount_back(world):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=5))
    world.pay(invoice, "1166.20", discount=True)

    paid = Allocation.objects.get(kind="payment")
    operations.undo_allocation(paid, reason="Wrong invoice", actor=world.cash, now=NOW)

    assert (fresh(invoice).balance, balance("4100")) == (Decimal("1190.00"), 0)
