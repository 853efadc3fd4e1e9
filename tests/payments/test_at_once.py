"""Two people at one credit: what it holds leaves once, and what was matched is undone once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import DomainError
from invoices.models import Invoice
from ledger.models import Allocation, Line, OpenItem
from ledger.queries import faults
from payments import operations
from payments.models import Refund
from payments.operations import Part
from tests.book.test_concurrency import together
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db(transaction=True)


def bank() -> Decimal:
    return sum(Line.objects.filter(account="1000").values_list("amount", flat=True), Decimal())


def test_a_credit_leaves_once_however_many_ask():
    world = make_world()
    payment = world.received("100.00")
    credit = payment.open_item

    def ask(number: int) -> None:
        operations.request_refund(
            credit, Decimal("60.00"), reason=f"Paid twice {number}", actor=world.cash, now=NOW
        )

    assert [one.rule for one in together(2, ask)] == ["a_refund_is_within_what_is_unapplied"]
    refund = Refund.objects.get()

    people = (world.controller, world.director)
    raised = together(2, lambda n: operations.approve_refund(refund, actor=people[n], now=NOW))

    assert [one.rule for one in raised] == ["a_question_is_answered_once"]
    assert (bank(), OpenItem.objects.get(pk=credit.pk).open_amount) == (40, 40)
    assert faults() == []


def test_a_credit_that_is_refunded_and_used_at_once_is_one_or_the_other():
    world = make_world()
    invoice = world.issued("50.00")
    payment = world.received("59.50")
    refund = operations.request_refund(
        payment.open_item, Decimal("59.50"), reason="Paid twice", actor=world.cash, now=NOW
    )
    part = Part(invoice.instalments.get().open_item_id, Decimal("59.50"))
    acts = (
        lambda: operations.approve_refund(refund, actor=world.controller, now=NOW),
        lambda: operations.allocate_payment(payment, [part], actor=world.cash, now=NOW),
    )

    raised = together(2, lambda n: acts[n]())

    assert [isinstance(one, DomainError) for one in raised] == [True], raised
    refund.refresh_from_db()
    paid = Invoice.objects.get(pk=invoice.pk).settlement_status == "paid"
    assert (refund.state == "paid") is not paid
    assert OpenItem.objects.get(pk=payment.open_item_id).open_amount == 0
    assert faults() == []


def test_a_match_is_undone_once_also_after_the_rest_of_it_was_refunded():
    world = make_world()
    invoice = world.issued("50.00", now=NOW - timedelta(days=40))
    payment = world.received("100.00", now=NOW - timedelta(days=30))
    part = Part(invoice.instalments.get().open_item_id, Decimal("59.50"))
    operations.allocate_payment(payment, [part], actor=world.cash, now=NOW)
    refund = operations.request_refund(
        payment.open_item, Decimal("40.50"), reason="Paid too much", actor=world.cash, now=NOW
    )
    operations.approve_refund(refund, actor=world.controller, now=NOW)
    match = Allocation.objects.get(kind="payment")

    def undo(_number: int) -> None:
        operations.undo_allocation(match, reason="Wrong invoice", actor=world.cash, now=NOW)

    assert [one.rule for one in together(2, undo)] == ["an_allocation_is_undone_once"]
    for row in (match, Allocation.objects.get(reversal_of=match)):
        with pytest.raises(DomainError) as refusal:
            operations.undo_allocation(row, reason="Once more", actor=world.cash, now=NOW)
        assert refusal.value.rule == "an_allocation_is_undone_once"
    assert Invoice.objects.get(pk=invoice.pk).balance == Decimal("59.50")
    assert OpenItem.objects.get(pk=payment.open_item_id).open_amount == Decimal("59.50")
    assert Allocation.objects.filter(kind="payment").count() == 2
    assert faults() == []
