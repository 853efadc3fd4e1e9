"""Queued messages for tests."""

from datetime import date
from decimal import Decimal

from correspondence import links, operations
from correspondence.rules import Amount, Item
from customers.models import Address
from tests.portal.bills import NOW, make_bill, make_contact


def values_of(invoice, **changes):
    values = {
        "seller_name": invoice.entity.legal_name,
        "customer_name": invoice.customer.name,
        "document_number": invoice.number,
        "issued_on": invoice.issued_on,
        "amount_due": Amount(Decimal("12840.50"), "EUR"),
        "due_on": date(2026, 11, 9),
        "bank_account": "IE64 IRCE 9205 0112 3456 78",
        "payment_reference": invoice.number,
    }
    return values | changes


def queue(invoice=None, *, contacts=None, now=NOW, **options):
    """A message about the invoice to its contacts, with a link, as sending an invoice queues it."""
    invoice = invoice or make_bill()
    contacts = contacts if contacts is not None else [make_contact(invoice.customer)]
    values = {
        "situation": "invoice",
        "about": invoice,
        "customer": invoice.customer,
        "entity": invoice.entity,
        "language": "en",
        "variables": values_of(invoice),
        "contacts": contacts,
        "actor": None,
        "now": now,
    }
    if "link" not in options:
        options["link"] = links.create_link(
            invoice, purpose=links.INVOICE, contact=contacts[0] if contacts else None, actor=None, now=now
        )
    return operations.queue_message(**values | options)


def make_letter(invoice=None, *, printed=False, now=NOW):
    """A letter to the invoice's customer; printed, it waits to be posted."""
    invoice = invoice or make_bill()
    if not invoice.customer.addresses.filter(kind="billing", is_active=True).exists():
        Address.objects.create(
            customer=invoice.customer,
            kind="billing",
            lines=["Hafenstraße 1"],
            postal_code="20457",
            city="Hamburg",
            country="DE",
        )
    open_item = Item(
        invoice.number, date(2026, 10, 9), date(2026, 11, 9), Amount(Decimal("800.00"), "EUR"), 17
    )
    values = {
        "seller_name": invoice.entity.legal_name,
        "customer_name": invoice.customer.name,
        "items": (open_item,),
        "pay_by": date(2026, 12, 10),
    }
    message = queue(
        invoice,
        situation="formal_notice",
        contacts=[],
        channel="letter",
        link=None,
        variables=values,
        now=now,
    )
    row = message.deliveries.get()
    if printed:
        operations.deliver(row.pk, now=now)
        row.refresh_from_db()
    return row
