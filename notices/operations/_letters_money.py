"""What a customer is told when what they owe changed: payments, credit and holds."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models

from correspondence.rules import Amount, Value
from customers.models import Contact, Customer
from invoices.models import Invoice
from ledger.models import OpenItem
from notices.operations._letter import Letter, Written, how_to_pay, numbers, parties
from payments.models import Payment
from trail.models import Entry


def _receipt(entry: Entry, payment: models.Model) -> tuple[Payment, list[Invoice]] | str:
    """The payment and the invoices this allocation paid, the largest first."""
    if not isinstance(payment, Payment) or payment.state != Payment.State.RECEIVED:
        return "The money went back."
    items = [part["item"] for part in (entry.additional_data or {}).get("parts", [])]
    found = Invoice.objects.filter(
        instalments__open_item__in=items, document_type=Invoice.Type.INVOICE
    ).select_related("snapshot", "entity")
    invoices = list(found.distinct().order_by("-payable", "pk"))
    return (payment, invoices) if invoices else "It paid no invoice."


def _received(payment: Payment, invoices: list[Invoice], customer: Customer) -> dict[str, Value | None]:
    return parties(payment.entity, customer) | {
        "document_number": numbers(invoices),
        "amount": Amount(payment.amount, payment.currency),
        "received_on": payment.received_on,
    }


def _payment_received(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    found = _receipt(entry, subject)
    if isinstance(found, str):
        return found
    payment, invoices = found
    if any(invoice.balance for invoice in invoices):
        return "Something is still open; the text for part payments says so."
    first = invoices[0]
    values = _received(payment, invoices, customer) | {
        "issued_on": first.issued_on,
        "open_amount": Amount(Decimal(0), payment.currency),
        "po_number": first.po_number or None,
    }
    return Letter(
        payment,
        customer,
        payment.entity,
        Contact.Purpose.BILLING,
        values,
        first,
        once=f"payment-received:{payment.pk}",
    )


def _part_payment(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    found = _receipt(entry, subject)
    if isinstance(found, str):
        return found
    payment, invoices = found
    left = [invoice for invoice in invoices if invoice.balance]
    if not left:
        return "Nothing is open any more; the text for full payments says so."
    values = _received(payment, left, customer) | {
        "open_amount": Amount(sum((invoice.balance for invoice in left), Decimal(0)), payment.currency)
    }
    values |= how_to_pay(payment.entity, payment.currency, str(left[0].number))
    return Letter(payment, customer, payment.entity, Contact.Purpose.BILLING, values, left[0])


def _overpayment(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    found = _receipt(entry, subject)
    if isinstance(found, str):
        return found
    payment, _ = found
    left = payment.open_item.open_amount if payment.open_item else Decimal(0)
    if not left:
        return "All of it was used."
    owed = OpenItem.objects.filter(
        entity=payment.entity,
        customer=customer,
        currency=payment.currency,
        side=OpenItem.Side.DEBIT,
        open_amount__gt=0,
    )
    if owed.exists():
        return "It was not too much: other invoices are open."
    values = parties(payment.entity, customer) | {
        "amount": Amount(payment.amount, payment.currency),
        "received_on": payment.received_on,
        "credit_amount": Amount(left, payment.currency),
    }
    return Letter(
        payment, customer, payment.entity, Contact.Purpose.BILLING, values, once=f"overpayment:{payment.pk}"
    )


def _payment_returned(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    """The bank took the money back: what it had paid is open again."""
    del entry
    if not isinstance(subject, Payment) or subject.bounced_on is None:
        return "The payment did not come back."
    invoices = _once_paid_by(subject)
    if not invoices:
        return "It had paid no invoice."
    values = parties(subject.entity, customer) | how_to_pay(
        subject.entity, subject.currency, str(invoices[0].number)
    )
    values |= {
        "document_number": numbers(invoices),
        "amount": Amount(subject.amount, subject.currency),
        "returned_on": subject.bounced_on,
        "open_amount": Amount(sum((one.balance for one in invoices), Decimal(0)), subject.currency),
    }
    return Letter(subject, customer, subject.entity, Contact.Purpose.BILLING, values, invoices[0])


def _once_paid_by(payment: Payment) -> list[Invoice]:
    found = Invoice.objects.filter(
        instalments__open_item__settlements__credit=payment.open_item_id,
        document_type=Invoice.Type.INVOICE,
    )
    return list(found.select_related("entity").distinct().order_by("-payable", "pk"))


def _booking_undone(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    facts = entry.additional_data or {}
    invoice = Invoice.objects.filter(instalments__open_item=subject.pk).select_related("entity").first()
    if invoice is None or not isinstance(subject, OpenItem):
        return "It paid no invoice."
    if Payment.objects.filter(open_item=facts.get("credit"), state=Payment.State.BOUNCED).exists():
        return "The text for payments that came back says so."
    if not invoice.balance:
        return "Nothing of it is open any more."
    values = _about(invoice, customer, Decimal(str(facts["amount"])))
    return Letter(invoice, customer, invoice.entity, Contact.Purpose.BILLING, values, invoice)


def _credit_used(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    parts = (entry.additional_data or {}).get("parts", [])
    found = Invoice.objects.filter(instalments__open_item__in=[part["item"] for part in parts])
    invoices = list(found.select_related("entity").distinct().order_by("-payable", "pk"))
    if not invoices or not isinstance(subject, OpenItem):
        return "It was used for no invoice."
    used = sum((Decimal(str(part["amount"])) for part in parts), Decimal(0))
    values = parties(subject.entity, customer) | {
        "document_number": numbers(invoices),
        "amount": Amount(used, subject.currency),
        "credit_number": subject.reference.split(" · ")[0],
        "open_amount": Amount(sum((one.balance for one in invoices), Decimal(0)), subject.currency),
    }
    return Letter(invoices[0], customer, subject.entity, Contact.Purpose.BILLING, values, invoices[0])


def _hold_placed(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    """A part is not asked for, whether because of a dispute or by our own wish."""
    if _is_of_dispute(entry):
        return "The message about the dispute says it."
    if not isinstance(subject, Invoice) or not subject.held_amount:
        return "The hold has ended already."
    values = _about(subject, customer, Decimal(str((entry.additional_data or {})["amount"])))
    return Letter(subject, customer, subject.entity, Contact.Purpose.BILLING, values, subject)


def _is_of_dispute(entry: Entry) -> bool:
    return (entry.additional_data or {}).get("kind") == "dispute"


def _hold_ended(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    if _is_of_dispute(entry):
        return "The message about the dispute says it."
    if not isinstance(subject, Invoice) or not subject.balance - subject.held_amount:
        return "Nothing of it is to be paid."
    values = _about(subject, customer, Decimal(str((entry.additional_data or {})["amount"])))
    return Letter(subject, customer, subject.entity, Contact.Purpose.BILLING, values, subject)


def _new_due_date(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    facts = entry.additional_data or {}
    part = (
        subject.instalments.filter(number=facts["instalment"]).first()
        if isinstance(subject, Invoice)
        else None
    )
    item = part.open_item if part else None
    if not isinstance(subject, Invoice) or item is None or not item.open_amount - item.held_amount:
        return "Nothing of it is to be paid."
    if item.due_on != date.fromisoformat(str(facts["to"])):
        return "It was moved again; the later message says so."
    number = str(subject.number)
    values = parties(subject.entity, customer) | how_to_pay(subject.entity, subject.currency, number)
    values |= {
        "document_number": number,
        "amount_due": Amount(item.open_amount - item.held_amount, subject.currency),
        "old_due_on": date.fromisoformat(str(facts["before"])),
        "due_on": item.due_on,
        "reason": str(facts["reason"]),
    }
    return Letter(subject, customer, subject.entity, Contact.Purpose.BILLING, values, subject)


def _about(invoice: Invoice, customer: Customer, amount: Decimal) -> dict[str, Value | None]:
    """Which invoice, how much of it changed, and what is asked for now."""
    number = str(invoice.number)
    return (
        parties(invoice.entity, customer)
        | how_to_pay(invoice.entity, invoice.currency, number)
        | {
            "document_number": number,
            "amount": Amount(amount, invoice.currency),
            "open_amount": Amount(invoice.balance - invoice.held_amount, invoice.currency),
        }
    )


WRITERS: Mapping[str, Callable[[Entry, Any, Customer], Written]] = {
    "payment_received": _payment_received,
    "part_payment": _part_payment,
    "overpayment": _overpayment,
    "payment_returned": _payment_returned,
    "booking_undone": _booking_undone,
    "credit_used": _credit_used,
    "hold_placed": _hold_placed,
    "new_due_date": _new_due_date,
    "hold_ended": _hold_ended,
}
