"""One receipt with its uses, and what may be decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from customers.models import Customer
from entities import queries as entities
from entities.models import Entity
from ledger import queries as ledger
from ledger.models import Allocation, OpenItem
from payments.models import Refund, WriteOff
from team.models import User


@dataclass(frozen=True)
class Use:
    """One allocation of a receipt or credit: what it settled, when, and whether it still stands."""

    allocation: Allocation
    item: OpenItem | None
    on: date
    amount: Decimal
    kind: str
    text: str
    is_reversal: bool
    is_reversed: bool

    @property
    def can_be_undone(self) -> bool:
        """Payments, credits, discounts and small differences; refunds and returns have their own acts."""
        return (
            not (self.is_reversal or self.is_reversed)
            and self.allocation.kind not in ("refund", "bounce", "moved", "write_off")
        )  # fmt: skip


def uses_of(item: OpenItem) -> list[Use]:
    """What a credit was used for, with the discounts granted by it, in the order it was booked."""
    related = ("debit__instalment__invoice", "entry", "reversed_by")
    used = list(Allocation.objects.filter(credit=item).select_related(*related).order_by("id"))
    # A discount is booked with the allocation that earned it; its entry's key begins with that one's.
    keys = [
        f"{row.entry.key}:discount:{row.debit_id}"
        for row in used
        if row.kind == "payment" and row.reversal_of_id is None
    ]
    granted = Allocation.objects.filter(entry__key__in=keys).select_related(*related) if keys else ()
    undone = (
        Allocation.objects.filter(reversal_of__in=[row.pk for row in granted]).select_related(*related)
        if granted
        else ()
    )
    return [_use(row) for row in sorted([*used, *granted, *undone], key=lambda row: row.pk)]


def _use(row: Allocation) -> Use:
    return Use(
        allocation=row,
        item=row.debit,
        on=row.on,
        amount=row.amount,
        kind=row.get_kind_display(),
        text=row.entry.text,
        is_reversal=row.reversal_of_id is not None,
        is_reversed=getattr(row, "reversed_by", None) is not None,
    )


def refunds_of(item: OpenItem) -> QuerySet[Refund]:
    """Requests to pay back this credit, newest first."""
    return Refund.objects.filter(credit=item).select_related("requested_by")


def refunds_visible_to(user: User) -> QuerySet[Refund]:
    """Refunds of the companies this person sees."""
    return Refund.objects.filter(credit__entity__in=entities.visible_to(user)).select_related(
        "customer", "credit__entity", "credit__payment", "requested_by"
    )


def write_offs_visible_to(user: User) -> QuerySet[WriteOff]:
    """Write-offs of the companies this person sees."""
    return WriteOff.objects.filter(invoice__entity__in=entities.visible_to(user)).select_related(
        "invoice__customer", "invoice__entity", "requested_by"
    )


def credits_visible_to(user: User) -> QuerySet[OpenItem]:
    """Receipts and credit notes as items, of the companies this person sees."""
    return OpenItem.objects.filter(side="credit", entity__in=entities.visible_to(user)).select_related(
        "entity", "customer", "payment"
    )


def family_of(customer: Customer) -> list[int]:
    """The customer with parent and siblings: a group may pay for its members."""
    root = customer.parent_id or customer.pk
    members = Customer.objects.filter(parent_id=root).values_list("pk", flat=True)
    return sorted({customer.pk, root, *members})


def payable_with(customer: Customer, entity: Entity, currency: str) -> QuerySet[OpenItem]:
    """What money of this customer can settle: the group's open items of one company in one currency."""
    rows = ledger.open_debits(family_of(customer), currency=currency)
    return rows.filter(entity=entity).select_related("instalment__invoice", "customer")
