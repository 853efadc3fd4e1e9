"""Every change to what a customer owes has a line of the protocol, words of its own, and is told once."""

from decimal import Decimal

import pytest

from correspondence.defaults import LANGUAGES
from correspondence.models import Message
from customers import operations as customers
from customers.models import Contact
from invoices import operations as invoices
from ledger.models import Allocation, OpenItem
from notices import operations
from notices.models import Notice, Telling
from payments import operations as payments
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def told(fact: str) -> list[Message]:
    """Tell the newest act of this kind twice; the messages it made."""
    entry = Entry.objects.filter(fact=fact).latest("id")
    operations.tell(entry.pk, now=NOW)
    operations.tell(entry.pk, now=NOW)
    rows = Telling.objects.filter(entry=entry, rule__audience="customer")
    assert {row.state for row in rows} <= {"told", "skipped"}, [row.reason for row in rows]
    return [row.message for row in rows if row.message]


def hold(world, invoice, amount="19.00"):
    return invoices.hold(invoice, Decimal(amount), reason="Asked about it", actor=world.clerk, now=NOW)


def test_a_hold_and_its_end_are_told_with_what_is_asked_for_meanwhile(world):
    invoice = world.issued("100.00")
    row = hold(world, invoice)

    [message] = told("invoice.held")
    assert message.situation == "hold_placed"
    assert "€19.00" in message.text
    assert "€100.00" in message.text
    assert "Asked about it" not in message.text  # our reason is not the customer's to read

    invoices.release(row, actor=world.clerk, now=NOW)
    [message] = told("invoice.released")
    assert message.situation == "hold_ended"
    assert "€119.00" in message.text


def test_a_hold_that_ended_before_it_was_told_is_not_told(world):
    invoice = world.issued("100.00")
    invoices.release(hold(world, invoice), actor=world.clerk, now=NOW)

    assert told("invoice.held") == []
    assert Telling.objects.get(entry__fact="invoice.held").state == "skipped"


def test_a_payment_that_came_back_is_told_once_and_not_as_an_undone_booking(world):
    invoice = world.issued("100.00")
    payment = world.pay(invoice, "119.00")
    payments.bounce_payment(payment, on=NOW.date(), reason="AC04", actor=world.cash, now=NOW)

    [message] = told("payment.bounced")
    assert message.situation == "payment_returned"
    assert "€119.00" in message.text
    assert str(invoice.number) in message.text
    assert "AC04" not in message.text
    assert told("payment.unallocated") == []


def test_an_undone_booking_is_told_with_what_is_open_now(world):
    invoice = world.issued("100.00")
    world.pay(invoice, "19.00")
    row = Allocation.objects.get(debit__instalment__invoice=invoice)
    payments.undo_allocation(row, reason="Wrong invoice", actor=world.cash, now=NOW)

    [message] = told("payment.unallocated")
    assert message.situation == "booking_undone"
    assert "€119.00" in message.text
    assert "Wrong invoice" not in message.text


def test_credit_that_was_used_is_told(world):
    paid, other = world.issued("50.00"), world.issued("100.00")
    world.pay(paid, "59.50")
    note = invoices.credit_in_full(paid, reason_code="PRC", reason="Price", actor=world.clerk, now=NOW)
    note = invoices.issue_invoice(world.approve(note), actor=world.clerk, now=NOW)
    credit = OpenItem.objects.get(kind="credit_note", customer=world.customer)
    part = payments.Part(other.instalments.get().open_item_id, credit.open_amount)
    payments.use_credit(credit, [part], actor=world.cash, now=NOW)

    [message] = told("credit.used")
    assert message.situation == "credit_used"
    assert str(note.number) in message.text
    assert str(other.number) in message.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_of_them_has_words_in_each_language(world, language):
    Contact.objects.filter(customer=world.customer).update(language=language)
    invoice = world.issued("100.00")
    row = hold(world, invoice)
    messages = told("invoice.held")
    invoices.release(row, actor=world.clerk, now=NOW)
    messages += told("invoice.released")

    assert [message.language for message in messages] == [language, language]
    assert all("{{" not in message.text and "19" in message.text for message in messages)


def test_colleagues_read_words_and_no_codes(world):
    customers.add_requirement(
        customer=world.customer,
        kind="po_required",
        parameters={"pattern": r"45\d{8}"},
        severity="block",
        actor=world.lead,
        now=NOW,
        source="Mail",
        valid_from=NOW.date(),
    )
    operations.tell(Entry.objects.get(fact="requirement.created").pk, now=NOW)

    notice = Notice.objects.get(person=world.clerk)
    assert notice.title == f"New requirement of {world.customer.name}: Purchase order"
    assert ["Requirement", "", "Purchase order"] in notice.diff
    assert ["Severity", "", "Blocks issue"] in notice.diff
    assert ["Details", "", r"Pattern: 45\d{8}"] in notice.diff
    assert "_" not in str(notice.diff)

    requirement = world.customer.requirements.get()
    customers.edit_requirement(requirement, severity="warn", parameters={}, actor=world.lead, now=NOW)
    operations.tell(Entry.objects.get(fact="requirement.edited").pk, now=NOW)
    notice = Notice.objects.get(person=world.clerk, entry__fact="requirement.edited")
    assert ["Severity", "Blocks issue", "Warns"] in notice.diff
    assert ["Details", r"Pattern: 45\d{8}", ""] in notice.diff


def test_watchers_read_words_and_no_codes(world):
    invoice = world.issued("100.00")
    operations.watch(invoice, path=invoice.get_absolute_url(), actor=world.lead, now=NOW)
    hold(world, invoice)
    operations.tell_watchers(now=NOW)

    assert Notice.objects.get(person=world.lead).title == f"{invoice.number}: Part of an invoice held"
