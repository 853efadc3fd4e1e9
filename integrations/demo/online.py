"""Customers of the demo company who paid on the demo's own page, left it, or have it open."""

from __future__ import annotations

from datetime import datetime, timedelta

from checkout import operations
from checkout.models import DemoPage
from checkout.queries import payable_online
from correspondence import links
from invoices.models import Invoice

_PAID, _LEFT, _OPEN = 3, 1, 1


def pay_online(now: datetime) -> None:
    """Of the newest open invoices of the Irish company some are paid online this morning."""
    rows = (
        Invoice.objects.filter(
            entity__code="NWE",
            document_type=Invoice.Type.INVOICE,
            document_status=Invoice.Status.ISSUED,
            balance__gt=0,
            held_amount=0,
        )
        .select_related("entity", "customer")
        .order_by("-issued_on", "-number")
    )
    chosen = [one for one in rows[:40] if payable_online(one, now=now) is not None][: _PAID + _LEFT + _OPEN]
    for number, invoice in enumerate(chosen):
        contact = invoice.customer.contacts.filter(is_active=True).order_by("pk").first()
        at = now - timedelta(minutes=len(chosen) - number)
        link = links.create_link(invoice, purpose=links.INVOICE, contact=contact, actor=None, now=at)
        begun = operations.begin_checkout(invoice, link=link, language="en", now=at)
        page = DemoPage.objects.get(handle=begun.handle)
        if number < _PAID:
            operations.pay_demo(page, now=now)
        elif number < _PAID + _LEFT:
            operations.cancel_demo(page, now=now)
