"""Undoing what money or credit was used for: reversals, never edits."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import cast

from django.db import transaction
from django.db.models import Q

from core.errors import Invalid, Refused
from entities.queries import local_day
from invoices.models import Invoice
from invoices.operations import sync_settlement
from ledger import operations as ledger
from ledger.models import Allocation, OpenItem
from payments.events import PAYMENT_UNALLOCATED
from payments.models import Payment
from payments.operations._locking import lock_invoices_of
from team.models import User
from trail.operations import record


@transaction.atomic
def undo_allocation(
    allocation: Allocation, *, reason: str, actor: User | None, now: datetime, on: date | None = None
) -> None:
    """Reverse one allocation: invoice and receipt are open again by what it took."""
    if not reason.strip():
        raise Invalid(
            "Say why it is undone.", field="reason", rule="a_reversal_has_a_reason", mend="Write the reason."
        )
    _refuse_final(allocation)
    _undo([*_discounts_with([allocation]), allocation], on=on, reason=reason, actor=actor, now=now)


def _discounts_with(allocations: Sequence[Allocation]) -> list[Allocation]:
    """The early payment discounts granted with these allocations: they stand and fall together."""
    earned = Q(pk=None)
    for row in allocations:
        if row.debit_id:
            key = f"{row.entry.key}:discount:{row.debit_id}"
            # What a credit note left of a discount carries its number behind the same key.
            earned |= Q(entry__key=key) | Q(entry__key__startswith=f"{key}:n")
    return list(
        Allocation.objects.filter(earned, kind=Allocation.Kind.DISCOUNT, reversal_of=None, reversed_by=None)
    )


def _refuse_final(allocation: Allocation) -> None:
    """What left the bank, was given up by approval, or cancelled a document is not undone by a click."""
    mends = {
        Allocation.Kind.REFUND: "Bill the customer, or record the money that came back as a receipt.",
        Allocation.Kind.BOUNCE: "Record the new receipt.",
        Allocation.Kind.MOVED: "Say who paid: the receipt can be given to them again.",
        Allocation.Kind.WRITE_OFF: "Recover the write-off.",
    }
    mend = mends.get(Allocation.Kind(allocation.kind))
    cancelled = Invoice.objects.filter(
        instalments__open_item=allocation.debit_id, document_status=Invoice.Status.CANCELLED
    )
    if allocation.kind == Allocation.Kind.CREDIT and allocation.debit_id and cancelled.exists():
        mend = "Write a new invoice: this one is cancelled by its credit note."
    if mend:
        raise Refused(
            f"A {allocation.get_kind_display().lower()} is not undone.",
            rule="what_is_final_is_not_undone",
            mend=mend,
        )


def undo_all(payment: Payment, *, on: date, reason: str, actor: User | None, now: datetime) -> None:
    """Undo every allocation of a receipt that leaves its customer, and the discounts granted with them."""
    used = list(
        Allocation.objects.filter(
            credit_id=payment.open_item_id, reversal_of=None, reversed_by=None
        ).select_related("entry")
    )
    _undo([*_discounts_with(used), *used], on=on, reason=reason, actor=actor, now=now)


def _undo(
    allocations: Iterable[Allocation], *, on: date | None, reason: str, actor: User | None, now: datetime
) -> None:
    rows = list(allocations)
    if not rows:
        return
    wanted = [pk for row in rows for pk in (row.debit_id, row.credit_id) if pk]
    invoice_ids = lock_invoices_of(wanted)
    items = ledger.lock_items(wanted)
    for row in rows:
        fresh = Allocation.objects.select_related("entry").get(pk=row.pk)
        fresh.debit = items.get(row.debit_id) if row.debit_id else None
        fresh.credit = items.get(row.credit_id) if row.credit_id else None
        root = cast("OpenItem", fresh.debit or fresh.credit)
        day = on or local_day(root.entity, now)
        ledger.undo_allocation(
            fresh,
            source=ledger.Source("allocation", row.pk, f"allocation:{row.pk}:undo"),
            text=f"Undone: {fresh.entry.text} ({reason})"[:200],
            on=day,
            actor=actor,
            now=now,
        )
        record(
            PAYMENT_UNALLOCATED,
            root,
            actor=actor,
            at=now,
            customer_id=root.customer_id,
            amount=row.amount,
            currency=row.currency,
            reason=reason,
            kind=row.kind,
            credit=row.credit_id,
        )
    sync_settlement(invoice_ids)
