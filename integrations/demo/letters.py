"""What became of what the demo company wrote: letters in every state, mails opened, come back and failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.errors import DomainError
from correspondence import operations
from correspondence.models import Channel, Delivery
from correspondence.rules import Amount, Item
from customers.models import Contact
from customers.operations import edit_contact
from entities.queries import local_day
from integrations.demo.talk import contacts_of
from invoices.models import Invoice
from team.models import User

logger = structlog.get_logger(__name__)

_LETTERS = 7
_SAID = (
    "You pay the two invoices of October on the first of next month.",
    "The delivery note is with your driver; we send a copy today.",
    "Your new address holds from January on.",
    "The price of the contract applies; we look into the difference.",
)


def write_letters(people: dict[str, User], now: datetime) -> None:
    """Notices on paper: four wait, two were posted, one came back. Recaps of calls by mail, each with another
    end: delivered, opened by somebody who agreed to that, come back, and never handed over."""
    clerk = people["specialist"]
    printed = list(_printed(now - timedelta(days=4)))
    posted = printed[: min(max(len(printed) - 4, 2), len(printed) - 1)]
    operations.mark_posted(posted, actor=clerk, now=now - timedelta(days=3))
    if len(posted) > 1:
        operations.return_letter(posted[0], reason="Moved, new address unknown", actor=clerk, now=now)
    _mails(people, now)


def _printed(now: datetime) -> Iterator[Delivery]:
    """Letters about the longest overdue invoices, one per customer, as a worker prints them."""
    late = Invoice.objects.filter(
        document_status=Invoice.Status.ISSUED,
        document_type=Invoice.Type.INVOICE,
        balance__gt=0,
        next_due_on__lt=now.date(),
    ).select_related("customer", "entity")
    written: set[int] = set()
    for invoice in late.order_by("next_due_on", "pk")[: _LETTERS * 6]:
        if invoice.customer_id in written or len(written) == _LETTERS:
            continue
        try:
            row = _notice(invoice, now)
        except DomainError as refusal:
            logger.info("demo_without", what="letter", why=str(refusal))
            continue
        written.add(invoice.customer_id)
        operations.deliver(row.pk, now=now)
        row.refresh_from_db()
        yield row


def _notice(invoice: Invoice, now: datetime) -> Delivery:
    customer, entity = invoice.customer, invoice.entity
    today = local_day(entity, now)
    assert invoice.issued_on is not None  # noqa: S101 (issued documents have both days)
    assert invoice.next_due_on is not None  # noqa: S101
    item = Item(
        invoice.number or "",
        invoice.issued_on,
        invoice.next_due_on,
        Amount(invoice.balance, invoice.currency),
        (today - invoice.next_due_on).days,
    )
    message = operations.queue_message(
        situation="formal_notice",
        about=invoice,
        customer=customer,
        entity=entity,
        language=customer.language or entity.language,
        variables={
            "seller_name": entity.legal_name,
            "customer_name": customer.name,
            "items": (item,),
            "pay_by": today + timedelta(days=14),
        },
        contacts=list(customer.contacts.filter(is_active=True)[:1]),
        channel=Channel.LETTER,
        actor=None,
        now=now,
    )
    return message.deliveries.get()


def _mails(people: dict[str, User], now: datetime) -> None:
    contacts = contacts_of(people, 16)[-len(_SAID) :]
    for number, (contact, said) in enumerate(zip(contacts, _SAID, strict=False)):
        at = now - timedelta(hours=30 - number)
        if number == 1:
            edit_contact(contact, opens_agreed=True, actor=people["specialist"], now=at)
        row = _recap(contact, said, people["collector"], at, spoilt=number == 3)
        operations.deliver(row.pk, now=at)
        if number < 2:
            operations.note_delivered(row.mail_id, now=at + timedelta(minutes=1))
        if number == 1:
            operations.note_opened(row.mail_id, now=at + timedelta(minutes=40))
        if number == 2:
            operations.note_bounce_of(
                row.mail_id,
                reason="550 5.1.1 No such user here",
                permanent=True,
                now=at + timedelta(minutes=2),
            )


def _recap(contact: Contact, said: str, actor: User, at: datetime, *, spoilt: bool) -> Delivery:
    """A recap of a call. `spoilt`: its file is not the one attached, so it is never handed over."""
    customer = contact.customer
    files = []
    if spoilt:
        stored = default_storage.save("demo/agreement.pdf", ContentFile(b"%PDF-1.4\n% what was agreed\n"))
        files = [operations.File("agreement.pdf", "application/pdf", stored, "0" * 64)]
    message = operations.queue_message(
        situation="call_recap",
        about=customer,
        customer=customer,
        entity=customer.entity,
        language=contact.language or customer.language or customer.entity.language,
        variables={
            "seller_name": customer.entity.legal_name,
            "customer_name": customer.name,
            "called_on": local_day(customer.entity, at),
            "summary": said,
        },
        contacts=[contact],
        attachments=files,
        actor=actor,
        now=at,
    )
    return message.deliveries.get()
