"""Sending a late charge with its debit note attached."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from charges.models import Charge
from core.errors import DomainError
from correspondence.links import INVOICE, create_link
from correspondence.models import Message
from correspondence.operations import File, queue_message
from correspondence.rules import Amount, Value
from customers.models import Contact
from customers.queries import contacts_for
from invoices import operations as invoices
from invoices.models import Invoice


def send_charge(charge: Charge, *, now: datetime) -> Message | None:
    """Put the mail with the debit note into the outbox, once. What stops it is noted on the charge."""
    try:
        document = invoices.render_document(charge.document, now=now)
        with transaction.atomic():
            charge = Charge.objects.select_for_update(of=("self",)).get(pk=charge.pk)
            if charge.message_id or charge.document.document_status != Invoice.Status.ISSUED:
                return None
            charge.message = _queue(charge, document.stored_name, document.sha256, now=now)
            charge.unsent_reason = ""
            charge.save(update_fields=["message", "unsent_reason"])
            return charge.message
    except DomainError as refusal:
        Charge.objects.filter(pk=charge.pk, message__isnull=True).update(unsent_reason=refusal.message[:300])
        return None


def _queue(charge: Charge, stored_name: str, sha256: str, *, now: datetime) -> Message:
    debit = charge.document
    contacts = contacts_for(charge.customer, Contact.Purpose.BILLING)
    name = f"{str(debit.number).replace('/', '-')}.pdf"
    return queue_message(
        situation=invoices.LATE_CHARGE,
        about=debit,
        customer=charge.customer,
        entity=charge.entity,
        language=debit.language,
        variables=variables_of(charge),
        contacts=contacts,
        link=create_link(
            debit, purpose=INVOICE, contact=contacts[0] if contacts else None, actor=charge.made_by, now=now
        ),
        attachments=[File(name, "application/pdf", stored_name, sha256)],
        actor=charge.made_by,
        now=now,
    )


def variables_of(charge: Charge) -> dict[str, Value | None]:
    """What the message may say about a late charge, from its frozen document."""
    snapshot = charge.document.snapshot.content
    wanted = ("seller_name", "customer_name", "document_number", "contact_email", "contact_phone")
    told = invoices.variables_of(snapshot, charge.customer.name)
    return {
        name: told.get(name) for name in (*wanted, "bank_account", "payment_reference", "policy_link")
    } | {
        "amount": Amount(Decimal(snapshot["totals"]["due"]), snapshot["currency"]),
        "late_number": charge.invoice.number,
        "legal_basis": charge.legal_basis,
        "due_on": date.fromisoformat(snapshot["due_on"]),
    }
