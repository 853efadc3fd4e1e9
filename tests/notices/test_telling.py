"""The protocol at work: each recipient of an act once, nothing for history, everything that failed again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from customers import operations as customers
from customers.models import Contact
from invoices import operations as invoices
from invoices.models import Invoice
from notices import operations, queries
from notices.models import Notice, Rule, Telling
from notices.operations._letter import Letter
from notices.operations._letters import letter_for
from notices.protocol import SHIPPED, SILENT
from notices.rules import uncovered
from tests.book.test_concurrency import together
from tests.world import NOW, make_world
from trail.models import Announcement, Entry
from work.models import WorkItem

pytestmark = pytest.mark.django_db
TELL = "notices.tasks.tell"


@pytest.fixture
def world():
    return make_world()


def credited(world) -> tuple[Invoice, Entry]:
    """A credit note of a whole invoice, and the act on the invoice."""
    invoice = world.issued("100.00")
    note = invoices.credit_in_full(
        invoice, reason_code="PRC", reason="Wrong price", actor=world.clerk, now=NOW
    )
    note = invoices.issue_invoice(world.approve(note), actor=world.clerk, now=NOW)
    return note, Entry.objects.get(fact="invoice.credited")


def paid(world, amount: str, net: str = "100.00") -> Entry:
    invoice = world.issued(net)
    world.pay(invoice, amount)
    return Entry.objects.filter(fact="payment.allocated").latest("id")


def letter(world, situation: str, entry: Entry):
    subject = entry.content_type.get_object_for_this_type(pk=entry.object_pk)
    return letter_for(situation, entry, subject, world.customer)


def test_a_credit_note_is_sent_to_the_customer_once_however_often_it_is_told(world):
    note, entry = credited(world)

    assert operations.tell(entry.pk, now=NOW) == 1
    assert operations.tell(entry.pk, now=NOW + timedelta(minutes=1)) == 0

    note.refresh_from_db()
    assert note.sending == Invoice.Sending.QUEUED
    assert Entry.objects.filter(fact="invoice.queued_for_sending", object_id=note.pk).count() == 1
    telling = Telling.objects.get(entry=entry)
    assert (telling.state, telling.due_at) == ("told", NOW + timedelta(minutes=1))


def test_the_facts_of_the_protocol_are_announced_to_its_task(world):
    _, entry = credited(world)

    assert Announcement.objects.filter(entry=entry, task=TELL).count() == 1


def test_history_is_told_to_nobody(world):
    _, entry = credited(world)

    assert operations.tell(entry.pk, now=NOW + timedelta(days=8)) == 0
    assert not Telling.objects.exists()


def test_a_customer_nobody_reaches_makes_one_work_item(world):
    _, entry = credited(world)
    for contact in world.customer.contacts.all():
        customers.note_bounce(contact, reason="550", now=NOW)

    operations.tell(entry.pk, now=NOW)
    operations.tell(entry.pk, now=NOW)

    assert Telling.objects.get(entry=entry).state == "unreached"
    assert WorkItem.objects.get(kind="find_contact").customer_key == world.customer.pk


def test_a_requirement_is_told_to_billers_with_the_change_and_not_to_who_made_it(world):
    requirement = customers.add_requirement(
        customer=world.customer,
        kind="po_required",
        parameters={},
        severity="block",
        actor=world.lead,
        now=NOW,
        source="Mail",
        valid_from=NOW.date(),
    )
    entry = Entry.objects.get(fact="requirement.created", object_id=requirement.pk)

    operations.tell(entry.pk, now=NOW)
    operations.tell(entry.pk, now=NOW)

    notice = Notice.objects.get()
    assert (notice.person, notice.must_read) == (world.clerk, True)
    assert notice.diff
    assert queries.unread_count(world.clerk) == 1
    assert queries.unread_count(world.lead) == queries.unread_count(world.cash) == 0


def test_reading_does_not_confirm_and_only_the_person_confirms(world):
    test_a_requirement_is_told_to_billers_with_the_change_and_not_to_who_made_it(world)
    notice = Notice.objects.get()

    operations.read_notice(notice, actor=world.clerk, now=NOW)
    assert queries.unread_count(world.clerk) == 1
    assert [one.missing for one in queries.readers([notice.entry_id])] == [[world.clerk]]
    with pytest.raises(Exception, match="somebody else"):
        operations.acknowledge_notice(notice, actor=world.lead, now=NOW)
    operations.acknowledge_notice(notice, actor=world.clerk, now=NOW)
    operations.acknowledge_notice(notice, actor=world.clerk, now=NOW)

    assert queries.unread_count(world.clerk) == 0
    assert [one.missing for one in queries.readers([notice.entry_id])] == [[]]
    assert Entry.objects.filter(fact="notice.acknowledged").count() == 1


def test_a_failed_line_waits_says_why_and_is_told_by_the_sweep(world, monkeypatch):
    _, entry = credited(world)
    real = invoices.send_invoice

    def broken(*_args, **_values):
        raise OSError("disk full")

    monkeypatch.setattr(invoices, "send_invoice", broken)
    with pytest.raises(OSError, match="disk full"):
        operations.tell(entry.pk, now=NOW)
    waiting = Telling.objects.get(entry=entry)
    assert (waiting.state, waiting.attempts, waiting.reason) == ("waiting", 1, "disk full")

    monkeypatch.setattr(invoices, "send_invoice", real)
    late = NOW + timedelta(hours=1)
    assert operations.sweep(now=late) == 1

    assert Telling.objects.get(entry=entry).state == "told"
    assert [row.entry for row in queries.late(now=late)] == [entry]
    assert WorkItem.objects.get(kind="told_late").role == "lead"
    assert operations.note_breaches(now=late) == 0


def test_an_act_whose_task_was_lost_is_told_by_the_sweep(world):
    note, _ = credited(world)

    operations.sweep(now=NOW + timedelta(seconds=30))
    note.refresh_from_db()
    assert note.sending == Invoice.Sending.NOT_SENT
    operations.sweep(now=NOW + timedelta(minutes=3))

    note.refresh_from_db()
    assert note.sending == Invoice.Sending.QUEUED


def test_the_texts_of_a_receipt_follow_what_it_paid(world, monkeypatch):
    monkeypatch.setattr(
        "notices.operations._letters.SITUATIONS",
        dict.fromkeys(("payment_received", "part_payment", "overpayment"), ()),
    )
    part = paid(world, "19.00")
    assert isinstance(letter(world, "payment_received", part), str)
    assert isinstance(letter(world, "overpayment", part), str)
    written = letter(world, "part_payment", part)
    assert isinstance(written, Letter)
    assert written.variables["open_amount"].value == Decimal("100.00")
    assert written.variables["amount"].value == Decimal("19.00")

    full = paid(world, "178.50", net="150.00")
    assert isinstance(letter(world, "part_payment", full), str)
    assert letter(world, "payment_received", full).variables["open_amount"].value == 0


def test_too_much_is_said_only_where_nothing_else_is_owed(world, monkeypatch):
    monkeypatch.setattr("notices.operations._letters.SITUATIONS", {"overpayment": ()})
    from payments import operations as payments

    invoice, other = world.issued("100.00"), world.issued("50.00")
    payment = world.received("200.00")
    part = payments.Part(invoice.instalments.get().open_item_id, Decimal("119.00"))
    payments.allocate_payment(payment, [part], actor=world.cash, now=NOW)
    entry = Entry.objects.filter(fact="payment.allocated").latest("id")
    assert isinstance(letter(world, "overpayment", entry), str)

    part = payments.Part(other.instalments.get().open_item_id, Decimal("59.50"))
    payments.allocate_payment(payment, [part], actor=world.cash, now=NOW)
    assert letter(world, "overpayment", entry).variables["credit_amount"].value == Decimal("21.50")


def test_the_welcome_is_for_new_customers_with_a_contact_for_invoices(world, monkeypatch):
    monkeypatch.setattr("notices.operations._letters.SITUATIONS", {"welcome": ()})
    contact = customers.add_contact(
        world.customer,
        name="Accounts",
        email="accounts@kestrel.example",
        purposes=[Contact.Purpose.BILLING],
        actor=world.clerk,
        now=NOW,
    )
    entry = Entry.objects.get(fact="contact.created", object_id=contact.pk)
    world.customer.since = NOW.date()
    assert letter(world, "welcome", entry).once == f"welcome:{world.customer.pk}"
    world.customer.since = NOW.date() - timedelta(days=400)
    assert isinstance(letter(world, "welcome", entry), str)


def test_every_fact_has_a_line_or_a_reason_and_a_new_one_is_found(monkeypatch):
    operations.install_rules(now=NOW)
    monkeypatch.setattr("team.events.SOMETHING_NEW", "something.new", raising=False)

    assert ("something.new", "team") in queries.facts_without_rule()
    assert not uncovered((line.fact for line in SHIPPED), queries.known_facts())
    assert not set(SILENT) & {line.fact for line in SHIPPED}


def test_a_change_of_the_protocol_is_a_version_with_an_author(world):
    operations.install_rules(now=NOW)
    rule = Rule.objects.get(code="credit-note")
    given = {"audience": "customer", "unit": "minutes", "situation": "credit_note"}

    with pytest.raises(Exception, match="why"):
        operations.change_rule(rule, **given, within=5, reason="", actor=world.controller, now=NOW)
    after = operations.change_rule(rule, **given, within=5, reason="Agreed", actor=world.controller, now=NOW)
    with pytest.raises(Exception, match="meanwhile"):
        operations.change_rule(rule, **given, within=9, reason="Late", actor=world.controller, now=NOW)

    assert (after.version, after.author, after.is_current) == (2, world.controller, True)
    assert [row.version for row in Rule.objects.filter(code="credit-note", is_current=True)] == [2]
    operations.install_rules(now=NOW)
    assert Rule.objects.filter(code="credit-note").count() == 2
    with pytest.raises(Exception, match="a_rule_version_is_frozen"), transaction.atomic():
        Rule.objects.filter(pk=rule.pk).update(within=77)


def test_the_database_tells_nobody_twice(world):
    _, entry = credited(world)
    operations.tell(entry.pk, now=NOW)
    row = Telling.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_six_workers_tell_one_act_once():
    note, entry = credited(make_world())

    assert together(6, lambda _: operations.tell(entry.pk, now=NOW)) == []

    assert Telling.objects.filter(state="told").count() == 1
    assert Entry.objects.filter(fact="invoice.queued_for_sending", object_id=note.pk).count() == 1
