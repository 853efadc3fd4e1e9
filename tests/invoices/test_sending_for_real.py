"""Sending through a real worker and a real mail server: one mail, the stored PDF, a link that opens."""

import hashlib
import re
import time
from collections.abc import Callable

import pytest
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone

from correspondence.models import Delivery, Message
from invoices import operations
from invoices.models import Invoice
from invoices.operations import NotSendable
from tests.world import make_world
from trail.models import Announcement, Entry
from trail.tasks import relay

pytestmark = pytest.mark.django_db(transaction=True)


def until(true: Callable[[], bool], seconds: float = 150) -> None:
    """Tick as the clock does, until it is so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        close_old_connections()
        relay()
        if true():
            return
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


def sending(invoice: Invoice) -> str:
    return Invoice.objects.values_list("sending", flat=True).get(pk=invoice.pk)


@pytest.mark.timeout(240)
def test_the_customer_gets_one_mail_with_the_pdf_and_a_link_that_opens(mail_sink, start_worker):
    world = make_world()
    now = timezone.now()
    invoice = world.issued("100.00", now=now)
    # The welcome of a new customer is another mail.
    Announcement.objects.filter(task="notices.tasks.tell").delete()
    # Asked for twice before any worker is there, and told to the workers twice.
    operations.send_invoice(invoice, actor=world.clerk, now=now)
    operations.send_invoice(invoice, actor=world.clerk, now=now)
    relay()
    Announcement.objects.update(handed_over_at=None)
    start_worker(concurrency=2)

    until(lambda: sending(invoice) == "sent")

    mail = mail_sink.wait_for(1)[0]
    assert len(mail_sink.messages) == 1
    assert Message.objects.count() == Delivery.objects.count() == 1
    assert invoice.number in mail["Subject"]
    assert mail_sink.recipients == [[world.customer.contacts.get().email]]
    files = [part for part in mail.iter_attachments() if part.get_content_type() == "application/pdf"]
    assert [part.get_filename() for part in files] == [f"{invoice.number}.pdf"]
    content = files[0].get_payload(decode=True)
    assert hashlib.sha256(content).hexdigest() == invoice.documents.get().sha256
    text = mail.get_body(("plain",)).get_content()
    path = re.search(r"https?://[^/\s]+(/i/[^\s/]+/)", text)
    assert path, text
    page = Client().get(path[1])
    assert page.status_code == 200
    assert invoice.number in page.content.decode()
    assert Client().get(f"{path[1]}invoice.pdf").getvalue() == content
    # Wished for once more by name, it is sent again; what was paid meanwhile changes nothing in the document.
    world.pay(invoice, "119.00", now=now)
    # The thanks for it, and the question how it went, are other mails.
    Announcement.objects.filter(task__in=["notices.tasks.tell", "feedback.tasks.ask_about_payment"]).delete()
    operations.send_invoice(invoice, actor=world.clerk, now=timezone.now(), again=True)
    until(lambda: len(mail_sink.messages) == 2 and sending(invoice) == "sent")
    second = [
        p for p in mail_sink.messages[1].iter_attachments() if p.get_content_type() == "application/pdf"
    ]
    assert second[0].get_payload(decode=True) == content
    assert mail_sink.messages[1]["Message-ID"] != mail["Message-ID"]


def test_without_a_contact_nothing_is_asked_for():
    world = make_world()
    invoice = world.issued("100.00", now=timezone.now())
    world.customer.contacts.update(is_active=False)

    with pytest.raises(NotSendable) as refusal:
        operations.send_invoice(invoice, actor=world.clerk, now=timezone.now())

    assert (refusal.value.rule, sending(invoice)) == ("a_message_has_a_recipient", "not_sent")
    assert not Entry.objects.filter(fact="invoice.queued_for_sending").exists()
