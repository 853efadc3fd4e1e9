"""A later due date: who agrees, what follows, and what stays as it was issued."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from core.errors import DomainError
from correspondence.models import Message
from invoices import operations
from invoices.models import DueDateMove, Invoice
from notices.operations import tell
from reminders import operations as reminders
from reminders.models import Reminder
from tests.reminders.scenes import at, decide, make_scene
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
DUE = TODAY + timedelta(days=30)
LATER = DUE + timedelta(days=20)


def ask(world, invoice, to=LATER, **given):
    usual = {"reason": "Agreed with Ann by phone", "actor": world.clerk, "now": NOW}
    return operations.ask_due_date(invoice, to, **(usual | given))


def days(invoice: Invoice):
    """(the day that holds, next due day, the document's own day, the frozen content's)."""
    invoice.refresh_from_db()
    part = invoice.instalments.get()
    return part.open_item.due_on, invoice.next_due_on, invoice.due_on, part.due_on, invoice.snapshot.content


def test_a_small_one_holds_at_once_and_the_document_stays_as_it_was():
    world = make_world()
    invoice = world.issued("100")
    frozen = invoice.snapshot.sha256
    row = ask(world, invoice)

    assert row.state == "moved"
    held, following, document, part, content = days(invoice)
    assert (held, following) == (LATER, LATER)
    assert (document, part, content["due_on"]) == (DUE, DUE, DUE.isoformat())
    assert invoice.snapshot.sha256 == frozen
    entry = Entry.objects.get(fact="due_date.moved")
    assert (entry.object_id, entry.additional_data["before"], entry.additional_data["to"]) == (
        invoice.pk, DUE.isoformat(), LATER.isoformat(),
    )  # fmt: skip

    tell(entry.pk, now=NOW)
    message = Message.objects.get(situation="new_due_date")
    assert "Agreed with Ann by phone" in message.text
    assert tell(entry.pk, now=NOW) == 0
    # A second one begins where the first ended.
    assert ask(world, invoice, LATER + timedelta(days=5)).from_on == LATER


def test_a_large_one_waits_for_another_person_who_may_say_no():
    world = make_world()
    invoice = world.issued("5000")
    row = ask(world, invoice)
    assert (row.state, days(invoice)[0]) == ("pending", DUE)
    with pytest.raises(DomainError):
        ask(world, invoice)
    with pytest.raises(DomainError):
        operations.approve_due_date(row, actor=world.clerk, now=NOW)
    assert days(invoice)[0] == DUE

    row = operations.reject_due_date(row, actor=world.lead, now=NOW, reason="They always pay late")
    assert (row.state, days(invoice)[0]) == ("rejected", DUE)
    with pytest.raises(DomainError):
        operations.approve_due_date(row, actor=world.lead, now=NOW)

    again = operations.approve_due_date(ask(world, invoice), actor=world.lead, now=NOW)
    assert (again.state, days(invoice)[:2]) == ("moved", (LATER, LATER))


def test_what_is_no_extension_is_refused_and_changes_nothing():
    world = make_world()
    invoice, paid = world.issued("100"), world.issued("50")
    world.pay(paid, "59.50")
    draft = world.approved("10")
    for subject, given, rule in [
        (invoice, {"to": DUE}, "a_due_day_moves_later"),
        (invoice, {"to": DUE - timedelta(days=3)}, "a_due_day_moves_later"),
        (invoice, {"to": DUE + timedelta(days=181)}, "an_extension_has_an_end"),
        (invoice, {"reason": " ok "}, "a_moved_due_day_has_a_reason"),
        (invoice, {"number": 2}, "an_open_instalment_is_moved"),
        (paid, {}, "an_open_instalment_is_moved"),
        (draft, {}, "an_open_instalment_is_moved"),
    ]:
        with pytest.raises(DomainError) as refusal:
            ask(world, subject, **given)
        assert refusal.value.rule == rule
    assert not DueDateMove.objects.exists()
    assert days(invoice)[0] == DUE


def test_reminders_follow_also_one_that_was_decided_this_morning():
    world = make_scene()
    invoice = world.issued("100", now=NOW)
    decide(world, DUE, hour=5)
    assert Reminder.objects.get().state == "meant"
    ask(world, invoice, now=at(DUE, 6))

    assert reminders.send_reminders(world.entity, [world.customer.pk], now=at(DUE)) == []
    row = Reminder.objects.get()
    assert (row.state, row.rule) == ("dropped", "moved")
    assert decide(world, DUE + timedelta(days=3))[-1].outcome == "wait"
    decide(world, LATER)
    [digest] = reminders.send_reminders(world.entity, [world.customer.pk], now=at(LATER))
    assert (digest.situation, invoice.balance) == ("due_today", Decimal("119.00"))


def test_the_page_asks_and_the_second_person_decides(client):
    world = make_world()
    invoice = world.issued("5000")
    client.force_login(world.clerk)
    page = reverse("invoices:move_due_date", args=[invoice.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"to": "2020-01-01", "reason": "Agreed by phone"}).status_code == 422
    client.post(page, {"to": LATER.isoformat(), "reason": "Agreed by phone"})
    row = DueDateMove.objects.get()
    assert "You cannot decide this" in client.get(row.get_absolute_url()).content.decode()

    client.force_login(world.lead)
    client.post(reverse("invoices:due_date_approve", args=[row.pk]))
    row.refresh_from_db()
    assert (row.state, days(invoice)[0]) == ("moved", LATER)
