"""A receipt given to the wrong customer is taken back: mirrored, told, and given anew."""

from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from banking import operations as banking
from banking.models import Payer
from banking.tasks import forget_payer
from core.errors import DomainError
from invoices.models import Invoice
from ledger.models import Allocation, Entry, OpenItem
from ledger.queries import faults
from payments import operations
from payments.models import Payment
from tests.banking.statements import camt
from tests.factories import make_customer
from tests.world import NOW, furnish, make_world
from trail.models import Entry as Act

pytestmark = pytest.mark.django_db
WHY = "The customer says it is not theirs."


@pytest.fixture(autouse=True)
def book_is_sound(db):
    yield
    assert faults() == []


def test_what_it_paid_is_open_again_and_the_money_goes_on():
    world = make_world()
    right = furnish(make_customer(entity=world.entity, actor=world.lead, name="Rightful Rail"), world.lead)
    invoice = world.issued("1000.00")
    payment = world.pay(invoice, "1166.20", discount=True)
    first_item = payment.open_item_id
    assert Invoice.objects.get(pk=invoice.pk).balance == 0

    def refuse(rule, one=payment, **given):
        before = (Entry.objects.count(), Act.objects.count(), Payment.objects.get(pk=payment.pk).customer_id)
        with pytest.raises(DomainError) as refusal:
            operations.take_back_payment(one, actor=world.cash, now=NOW, **({"reason": WHY} | given))
        assert refusal.value.rule == rule
        assert before == (
            Entry.objects.count(), Act.objects.count(), Payment.objects.get(pk=payment.pk).customer_id
        )  # fmt: skip

    refuse("a_reversal_has_a_reason", reason=" no ")
    refuse("a_receipt_goes_to_somebody_else", customer=world.customer)
    taken = operations.take_back_payment(payment, reason=WHY, actor=world.cash, now=NOW)
    assert (taken.customer, taken.open_item, taken.use[0]) == (None, None, "Unidentified")
    # The early discount stood and fell with it.
    assert Invoice.objects.get(pk=invoice.pk).balance == Decimal("1190.00")
    assert OpenItem.objects.get(pk=first_item).open_amount == 0
    assert Allocation.objects.get(credit=first_item, kind="moved").amount == Decimal("1166.20")
    refuse("only_a_known_receipt_is_taken_back", one=taken)
    # Given to the right one, taken back again in one step, and returned by the bank from where it is.
    operations.identify_payment(taken, right, actor=world.cash, now=NOW)
    again = operations.take_back_payment(
        Payment.objects.get(pk=payment.pk), reason=WHY, customer=world.customer, actor=world.cash, now=NOW
    )
    assert again.customer == world.customer
    assert Entry.objects.filter(key__startswith=f"payment:{payment.pk}:identified").count() == 2
    operations.take_back_payment(again, reason=WHY, actor=world.cash, now=NOW)
    nobodys = Payment.objects.select_related("entity").get(pk=payment.pk)
    back = operations.bounce_payment(nobodys, on=NOW.date(), reason="Recalled", actor=world.cash, now=NOW)
    assert back.state == Payment.State.BOUNCED
    assert Act.objects.filter(fact="payment.taken_back", object_id=payment.pk).count() == 3
    refuse("only_a_known_receipt_is_taken_back", one=back)
    # What left the company stays: a refund was paid or waits.
    loose = world.received("50.00")
    asked = operations.request_refund(
        loose.open_item, Decimal("50.00"), reason="Paid twice", actor=world.cash, now=NOW
    )
    refuse("a_receipt_with_a_refund_stays", one=loose)
    operations.approve_refund(asked, actor=world.director, now=NOW)
    refuse("a_refunded_receipt_does_not_return", one=loose)


def test_from_the_bank_statement_and_the_receipts_page():
    world = make_world()
    right = furnish(make_customer(entity=world.entity, actor=world.lead, name="Rightful Rail"), world.lead)
    [statement] = banking.import_file(
        "a.xml", camt(("61.00", "?", "Nobody")), actor=world.cash, now=NOW
    ).statements
    line = banking.book_line(statement.lines.get(), banking.Choice(world.customer), actor=world.cash, now=NOW)
    assert Payer.objects.filter(customer=world.customer).exists()
    with time_machine.travel(NOW, tick=False):
        client = Client()
        client.force_login(world.cash)
        page = client.get(reverse("banking:detail", args=[statement.pk]) + "?tab=all").content.decode()
        address = reverse("payments:take_back", args=[line.payment_id])
        assert address in page
        shown = client.post(address, {"reason": "", "customer": ""})
        assert shown.status_code == 422
        done = client.post(address, {"reason": WHY, "customer": right.number})
        assert done.status_code == 302
    assert Payment.objects.get(pk=line.payment_id).customer == right
    # What was learned from the mistake is forgotten.
    forget_payer(entry_id=Act.objects.get(fact="payment.taken_back").pk)
    assert not Payer.objects.filter(customer=world.customer).exists()
