"""Sending an issued document to its customer, and keeping its state in step with the mail's."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from core.errors import Refused
from correspondence.links import INVOICE, create_link
from correspondence.models import Delivery, Message
from correspondence.operations import File, queue_message
from correspondence.queries import messages_about
from correspondence.rules import Amount, Value
from customers.models import Contact
from customers.queries import contacts_for
from entities.rules import iban_in_groups
from invoices.events import INVOICE_ANNOTATED, INVOICE_SENT, INVOICE_UNSENT
from invoices.models import Invoice
from invoices.operations._documents import render_document
from invoices.operations._drafts import lock
from team.models import User
from trail.models import Entry
from trail.operations import record

SITUATIONS = {
    Invoice.Type.INVOICE: "invoice",
    Invoice.Type.DEPOSIT: "invoice",
    Invoice.Type.CREDIT_NOTE: "credit_note",
    Invoice.Type.PROFORMA: "proforma",
}

LATE_CHARGE = "late_charge"
"""The situation of debit notes, whose mail the app of late charges writes."""


class NotSendable(Refused):
    """The document is not issued, or nobody can be reached."""


@transaction.atomic
def send_invoice(invoice: Invoice, *, actor: User | None, now: datetime, again: bool = False) -> Invoice:
    """Ask for the document to be sent to the customer's contacts; a worker writes the mail.

    What is queued or sent stays as it is, unless `again` says that the customer shall get it once more.
    """
    invoice = lock(invoice)
    recipients_of(invoice)
    if invoice.sending == Invoice.Sending.QUEUED or (invoice.sending == Invoice.Sending.SENT and not again):
        return invoice
    invoice.sending = Invoice.Sending.QUEUED
    invoice.save(update_fields=["sending"])
    record(INVOICE_SENT, invoice, actor=actor, at=now, customer_id=invoice.customer_id, again=again)
    return invoice


def recipients_of(invoice: Invoice, contacts: Sequence[Contact] | None = None) -> Sequence[Contact]:
    """Whom the document would go to; NotSendable says what has to be mended first.

    `contacts` are the customer's for invoices, where they were read before.
    """
    if not invoice.is_issued:
        raise NotSendable(
            f"{invoice} is {invoice.get_document_status_display().lower()}; only an issued document is sent.",
            rule="only_an_issued_document_is_sent",
            mend="Issue it first.",
        )
    if invoice.document_type not in SITUATIONS:
        raise NotSendable(
            f"There is no message text for a {invoice.get_document_type_display().lower()}.",
            rule="a_situation_has_a_template_in_use",
            mend="Download the PDF and send it yourself.",
        )
    if contacts is None:
        contacts = contacts_for(invoice.customer, Contact.Purpose.BILLING)
    if not contacts:
        raise _nobody(invoice)
    return contacts


def _nobody(invoice: Invoice) -> NotSendable:
    return NotSendable(
        f"{invoice.customer.name} has no contact for invoices that mail reaches.",
        field="customer",
        rule="a_message_has_a_recipient",
        mend="Add a contact with the purpose Invoices to the customer.",
    )


def write_message(request: Entry, *, now: datetime) -> Message | None:
    """Put the mail into the outbox that a recorded `send_invoice` asked for; once, however often called.

    The PDF is made first. None when the mail is there already or the wish was withdrawn.
    """
    invoice = Invoice.objects.select_related("entity", "customer").get(pk=int(request.object_pk))
    document = render_document(invoice, now=now)
    with transaction.atomic():
        invoice = lock(invoice)
        written = messages_about(invoice).filter(queued_at__gte=request.timestamp).exists()
        if written or invoice.sending != Invoice.Sending.QUEUED:
            return None
        contacts = contacts_for(invoice.customer, Contact.Purpose.BILLING)
        if not contacts:
            raise _nobody(invoice)
        actor = request.actor
        link = create_link(invoice, purpose=INVOICE, contact=contacts[0], actor=actor, now=now)
        name = f"{str(invoice.number).replace('/', '-')}.pdf"
        return queue_message(
            situation=SITUATIONS[Invoice.Type(invoice.document_type)],
            about=invoice,
            customer=invoice.customer,
            entity=invoice.entity,
            language=invoice.language,
            variables=variables_of(invoice.snapshot.content, invoice.customer.name),
            contacts=contacts,
            link=link,
            attachments=[File(name, "application/pdf", document.stored_name, document.sha256)],
            actor=actor,
            now=now,
        )


@transaction.atomic
def note_delivery(invoice: Invoice) -> str:
    """Set the document's sending state from its newest mail: sent when one recipient has it."""
    invoice = lock(invoice)
    message = messages_about(invoice).filter(situation__in=[*SITUATIONS.values(), LATE_CHARGE]).first()
    if message is None:
        return str(invoice.sending)
    states = {delivery.state for delivery in message.deliveries.all()}
    waiting = {Delivery.State.QUEUED, Delivery.State.SENDING, Delivery.State.TO_POST}
    received = {
        Delivery.State.SENT,
        Delivery.State.DELIVERED,
        Delivery.State.OPENED,
        Delivery.State.POSTED,
    }
    if states & received:
        state = Invoice.Sending.SENT
    elif states & waiting:
        state = Invoice.Sending.QUEUED
    else:
        state = Invoice.Sending.FAILED
    if state != invoice.sending:
        invoice.sending = state
        invoice.save(update_fields=["sending"])
    return str(state)


@transaction.atomic
def note_unsent(invoice: Invoice, reason: str, *, now: datetime) -> Invoice:
    """The mail could not be written: say so on the document and its timeline."""
    invoice = lock(invoice)
    if invoice.sending == Invoice.Sending.QUEUED:
        invoice.sending = Invoice.Sending.FAILED
        invoice.save(update_fields=["sending"])
        record(INVOICE_UNSENT, invoice, actor=None, at=now, customer_id=invoice.customer_id, reason=reason)
    return invoice


def variables_of(snapshot: dict[str, Any], customer_name: str) -> dict[str, Value | None]:
    """What the message texts may say about a document."""
    currency, totals = snapshot["currency"], snapshot["totals"]
    values: dict[str, Value | None] = {
        "seller_name": snapshot["seller"]["legal_name"] or snapshot["seller"]["name"],
        "customer_name": customer_name,
        "document_number": snapshot["number"],
        "issued_on": date.fromisoformat(snapshot["issued_on"]),
        "po_number": snapshot["po_number"] or None,
        "contact_email": snapshot["seller"]["email"] or None,
        "contact_phone": snapshot["seller"]["phone"] or None,
    }
    due = Amount(Decimal(totals["due"]), currency)
    if credited := snapshot.get("credits"):
        return values | {"amount": due, "credited_number": credited["number"], "reason": credited["reason"]}
    if snapshot["document_type"] == Invoice.Type.PROFORMA:
        return values | {"amount": due}
    values |= {
        "amount_due": due,
        "due_on": date.fromisoformat(snapshot["due_on"]),
        "payment_reference": snapshot["payment"]["reference"],
        "bank_account": _account(snapshot["payment"]["bank"]),
        "policy_link": _policy_link(snapshot["policy"]),
    }
    if offer := snapshot.get("early_discount"):
        values["discount_amount"] = Amount(Decimal(offer["amount_if_paid"]), currency)
        values["discount_until"] = date.fromisoformat(offer["until"])
    return values


def _account(bank: dict[str, str] | None) -> str | None:
    if bank is None:
        return None
    return iban_in_groups(bank["iban"]) if bank["iban"] else bank["account_number"] or None


def _policy_link(policy: dict[str, Any] | None) -> str | None:
    return f"{settings.BASE_URL}{policy['path']}" if policy else None


@transaction.atomic
def annotate(invoice: Invoice, text: str, *, actor: User, now: datetime) -> Invoice:
    """Note something beside an issued document, like a purchase order that came late. It prints nowhere."""
    invoice = lock(invoice)
    if not invoice.is_issued:
        raise Refused(
            f"{invoice} is not issued.",
            field="annotation",
            rule="an_annotation_is_on_an_issued_document",
            mend="Write it into the draft itself.",
        )
    before, invoice.annotation = invoice.annotation, " ".join(text.split())[:300]
    if before == invoice.annotation:
        return invoice
    invoice.save(update_fields=["annotation"])
    record(
        INVOICE_ANNOTATED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        changes={"annotation": (before, invoice.annotation)},
    )
    return invoice
