"""Holding part of an invoice: it is not asked for, the rest stays payable."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Invalid, Refused
from core.money import exponent, plain
from entities.queries import local_day
from invoices.events import INVOICE_HELD, INVOICE_RELEASED
from invoices.models import Hold, Invoice, Line
from invoices.operations._drafts import lock
from invoices.operations._settlement import sync_settlement
from ledger.models import OpenItem
from ledger.operations import lock_items
from team.models import User
from trail.operations import record


@transaction.atomic
def hold(
    invoice: Invoice,
    amount: Decimal,
    *,
    reason: str,
    actor: User | None,
    now: datetime,
    line: Line | None = None,
    until: date | None = None,
    kind: str = "manual",
) -> Hold:
    """Hold `amount` of what is open, with a reason and, best, an end."""
    invoice = lock(invoice)
    items = _items(invoice)
    open_amount = sum((item.open_amount for item in items), Decimal(0))
    held = sum((item.held_amount for item in items), Decimal(0))
    if not invoice.is_issued or not open_amount:
        raise Refused(f"{invoice} has nothing open to hold.", rule="a_hold_is_on_an_open_amount")
    if not reason.strip():
        raise Invalid(
            "Say why it is held.", field="reason", rule="a_hold_has_a_reason", mend="Write the reason."
        )
    if line is not None and line.invoice_id != invoice.pk:
        raise Invalid(
            f"{invoice} has no such line.",
            field="line",
            rule="a_hold_is_on_a_line_of_its_invoice",
            mend="Choose one of its lines.",
        )
    most = plain(open_amount - held, invoice.currency)
    if amount <= 0 or -int(amount.normalize().as_tuple().exponent) > exponent(invoice.currency):
        raise Invalid(
            f"{amount} is not an amount in {invoice.currency}.",
            field="amount",
            rule="a_hold_has_an_amount",
            mend=f"Enter more than 0 and at most {most}.",
        )
    if amount > open_amount - held:
        raise Refused(
            f"{amount} is more than the {most} {invoice.currency} that is open and not held.",
            field="amount",
            rule="no_more_is_held_than_is_open",
            mend=f"Hold at most {most}.",
        )
    if until is not None and until < local_day(invoice.entity, now):
        raise Invalid(
            "The hold ends in the past.", field="until", rule="a_hold_ends_later", mend="Choose a later day."
        )
    row = Hold.objects.create(
        invoice=invoice,
        line=line,
        kind=kind,
        amount=amount,
        reason=reason.strip(),
        until=until,
        placed_by=actor,
        placed_at=now,
    )
    sync_settlement([invoice.pk])
    record(
        INVOICE_HELD,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        amount=amount,
        reason=reason,
        until=until,
        line=line.position if line else None,
        kind=kind,
    )
    return row


@transaction.atomic
def release(row: Hold, *, actor: User | None, now: datetime, kind: str = "manual") -> Hold:
    """End a hold: its amount is asked for again. `kind` says whose it is; a dispute ends its own."""
    invoice = lock(row.invoice)
    row = Hold.objects.select_for_update().get(pk=row.pk)
    if row.kind != kind:
        raise Refused(
            "This amount is in dispute.",
            rule="a_dispute_ends_its_own_hold",
            mend="Resolve the dispute; then it is asked for again, or credited.",
        )
    if row.released_at is not None:
        raise Refused("This hold was released before.", rule="a_hold_is_released_once")
    row.released_at, row.released_by = now, actor
    row.save(update_fields=["released_at", "released_by"])
    sync_settlement([invoice.pk])
    record(
        INVOICE_RELEASED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        amount=row.amount,
        kind=row.kind,
    )
    return row


def _items(invoice: Invoice) -> list[OpenItem]:
    ids = [pk for pk in invoice.instalments.values_list("open_item_id", flat=True) if pk]
    return list(lock_items(ids).values())
