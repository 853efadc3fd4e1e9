"""What an issued credit note does to its invoice's open items."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from django.db.models import Sum

from core.money import round_money
from correspondence.links import revoke_links_of
from correspondence.operations import cancel_queued
from invoices.events import INVOICE_CANCELLED, INVOICE_CREDITED
from invoices.models import Deduction, Invoice
from invoices.operations._settlement import sync_settlement, taxes_of
from ledger import operations as ledger
from ledger.models import Allocation, Line, OpenItem
from ledger.rules import Rate
from team.models import User
from trail.operations import record

DISCOUNTS = "4100"


def settle_credit(
    note: Invoice, credit: OpenItem | None, *, on: date, actor: User | None, now: datetime
) -> None:
    """Close what is open of the invoice with its credit note; what was paid becomes the customer's credit.

    An early payment discount shrinks with what is left of the invoice, so that nobody gets back more than
    was paid. Part of issuing: the invoice is locked, in the same transaction.
    """
    original = cast("Invoice", note.credits)
    if note.prepaid:
        # What the invoice had taken off can be taken off another one, or be credited itself.
        Deduction.objects.filter(invoice=original, released_by=None).update(released_by=note)
    if credit is None:
        # Deposits had paid all of it: they are all that comes back.
        _record(note, original, actor=actor, now=now)
        return
    ids = [pk for pk in original.instalments.values_list("open_item_id", flat=True) if pk]
    items = ledger.lock_items([*ids, credit.pk])
    credit = items[credit.pk]
    _shrink_discounts(note, original, {pk: items[pk] for pk in ids}, on=on, actor=actor, now=now)
    left, parts = credit.open_amount, []
    for item in sorted((items[pk] for pk in ids), key=lambda item: (item.due_on, item.pk)):
        amount = min(left, item.open_amount)
        if amount:
            parts.append((item, amount))
            left -= amount
    if parts:
        ledger.allocate(
            credit,
            parts,
            kind=Allocation.Kind.CREDIT,
            functional=note.entity.functional_currency,
            source=ledger.Source("credit_note", note.pk, f"credit_note:{note.pk}:settles"),
            text=f"Credit note {note.number} against {original.number}",
            on=on,
            actor=actor,
            now=now,
        )
    sync_settlement([original.pk])
    _record(note, original, actor=actor, now=now)


def _shrink_discounts(
    note: Invoice,
    original: Invoice,
    items: Mapping[int, OpenItem],
    *,
    on: date,
    actor: User | None,
    now: datetime,
) -> None:
    """Take back the discount's share of what is credited: undone whole, the rest granted anew."""
    granted = Allocation.objects.filter(
        debit__in=items, kind=Allocation.Kind.DISCOUNT, reversal_of=None, reversed_by=None
    ).select_related("entry")
    after = original.payable - _credited(original)
    before = after + note.payable
    rate = Rate(original.currency, original.entity.functional_currency, original.fx_rate)
    for row in granted:
        item = items[cast("int", row.debit_id)]
        row.debit = item
        net = sum(Line.objects.filter(entry=row.entry, account=DISCOUNTS).values_list("amount", flat=True))
        kept = round_money(row.amount * after / before, original.currency)
        kept_tax = min(round_money((row.amount - net) * after / before, original.currency), kept)
        source = ledger.Source("credit_note", note.pk, f"credit_note:{note.pk}:discount:{row.pk}")
        text = f"Discount on {original.number} falls with credit note {note.number}"
        ledger.undo_allocation(row, source=source, text=text, on=on, actor=actor, now=now)
        if kept:
            ledger.give_up(
                item,
                kind=Allocation.Kind.DISCOUNT,
                net=kept - kept_tax,
                taxes=taxes_of(original, kept_tax),
                rate=rate,
                # The key stays that of the payment that earned it: they stand and fall together.
                source=ledger.Source("discount", original.pk, f"{row.entry.key}:n{note.pk}"),
                text=f"Early payment discount on {original.number}, what is left of it",
                on=on,
                actor=actor,
                now=now,
            )


def _credited(original: Invoice) -> Decimal:
    """What issued credit notes, this one included, take of the invoice."""
    issued = original.credit_notes.filter(document_status=Invoice.Status.ISSUED)
    return issued.aggregate(total=Sum("payable"))["total"] or Decimal(0)


def _record(note: Invoice, original: Invoice, *, actor: User | None, now: datetime) -> None:
    record(
        INVOICE_CREDITED,
        original,
        actor=actor,
        at=now,
        customer_id=original.customer_id,
        credit_note=note.number,
        amount=note.payable,
        currency=note.currency,
        reason=note.credit_reason,
    )
    if note.payable == original.payable:
        Invoice.objects.filter(pk=original.pk).update(document_status=Invoice.Status.CANCELLED)
        # Nothing of a cancelled document goes out or stays open; the credit note has its own page.
        cancel_queued(original, now=now, actor=actor, reason=f"Cancelled by {note.number}.")
        revoke_links_of(original, actor=actor, now=now)
        record(
            INVOICE_CANCELLED, original, actor=actor, at=now, customer_id=original.customer_id, by=note.number
        )
