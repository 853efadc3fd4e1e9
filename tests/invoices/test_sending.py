"""Sending: asked for on the page, written by a worker once, its state on the document."""

import pytest
from django.urls import reverse
from django.utils import timezone

from correspondence.models import Delivery, Message
from correspondence.operations import deliver
from invoices import operations, tasks
from invoices.models import Invoice
from invoices.operations import NotSendable
from tests.invoices.scene import make_scene
from trail.models import Announcement, Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def wish():
    return Entry.objects.get(fact="invoice.queued_for_sending")


def test_the_mail_is_written_once_with_the_stored_pdf(client, scene):
    invoice = scene.issued("3000")
    client.force_login(scene.clerk)
    assert client.post(reverse("invoices:send", args=[invoice.pk])).status_code == 302
    assert client.post(reverse("invoices:send", args=[invoice.pk])).status_code == 302
    assert Announcement.objects.filter(task="invoices.tasks.write_message").count() == 1

    tasks.write_message(entry_id=wish().pk)
    tasks.write_message(entry_id=wish().pk)
    message = Message.objects.get()
    assert message.attachments.get().sha256 == invoice.documents.get().sha256
    assert invoice.number in message.subject


def test_the_state_of_the_mail_comes_back_to_the_document(scene):
    invoice = operations.send_invoice(scene.issued("3000"), actor=scene.clerk, now=timezone.now())
    tasks.write_message(entry_id=wish().pk)
    deliver(Delivery.objects.get().pk, now=timezone.now())
    tasks.note_delivery(entry_id=Entry.objects.get(fact="message.sent").pk)
    invoice.refresh_from_db()
    assert invoice.sending == Invoice.Sending.SENT
    assert operations.send_invoice(invoice, actor=scene.clerk, now=timezone.now()).sending == "sent"
    again = operations.send_invoice(invoice, actor=scene.clerk, now=timezone.now(), again=True)
    assert again.sending == "queued"


def test_a_draft_or_a_customer_nobody_can_reach_is_refused(scene):
    with pytest.raises(NotSendable, match="only an issued"):
        operations.send_invoice(scene.draft(), actor=scene.clerk, now=timezone.now())
    invoice = scene.issued("3000")
    scene.customer.contacts.update(is_active=False)
    with pytest.raises(NotSendable, match="no contact") as refusal:
        operations.send_invoice(invoice, actor=scene.clerk, now=timezone.now())
    assert "Add a contact" in refusal.value.mend
    invoice.refresh_from_db()
    assert invoice.sending == "not_sent"


def test_a_contact_lost_meanwhile_is_said_on_the_document(scene):
    invoice = operations.send_invoice(scene.issued("3000"), actor=scene.clerk, now=timezone.now())
    scene.customer.contacts.update(is_active=False)
    tasks.write_message(entry_id=wish().pk)
    invoice.refresh_from_db()
    assert invoice.sending == "failed"
    assert not Message.objects.exists()
    assert Entry.objects.filter(fact="invoice.not_sent").exists()


def test_the_pdf_follows_the_issue(scene):
    invoice = scene.issued("3000")
    entry = Entry.objects.get(fact="invoice.issued")
    tasks.render_issued(entry_id=entry.pk)
    tasks.render_issued(entry_id=entry.pk)
    assert invoice.documents.get().state == "ready"
