"""One document with everything its page shows, in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Prefetch, Q, QuerySet

from invoices.models import Deduction, Hold, Invoice
from ledger.models import Allocation


def record_of(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """The rows with what the page of one document reads."""
    return rows.select_related(
        "entity",
        "customer__owner",
        "customer__segment",
        "policy_version__policy",
        "credits",
        "replaces",
        "made_from",
        "issued_by",
        "created_by",
        "edited_by",
        "snapshot",
    ).prefetch_related(
        "lines",
        "tax_groups",
        "instalments__open_item",
        "documents",
        Prefetch("holds", Hold.objects.select_related("line", "placed_by", "released_by")),
    )


@dataclass(frozen=True)
class Kin:
    """The documents that belong to one: what corrects, follows and replaces it, and deposits taken off."""

    notes: Sequence[Invoice]
    made_into: Sequence[Invoice]
    replaced_by: Sequence[Invoice]
    deductions: Sequence[Deduction]
    uses: Sequence[Deduction]


def kin_of(invoice: Invoice) -> Kin:
    """Read in two queries, discarded drafts left out."""
    here = invoice.pk
    found = Invoice.objects.exclude(document_status=Invoice.Status.DISCARDED).filter(
        Q(credits=here) | Q(made_from=here) | Q(replaces=here)
    )
    taken = Deduction.objects.filter(Q(invoice=here) | Q(deposit=here)).select_related(
        "deposit", "invoice", "released_by"
    )
    documents, rows = list(found), list(taken.order_by("id"))
    return Kin(
        notes=[one for one in documents if one.credits_id == here],
        made_into=[one for one in documents if one.made_from_id == here],
        replaced_by=[one for one in documents if one.replaces_id == here],
        deductions=[row for row in rows if row.invoice_id == here],
        uses=[row for row in rows if row.deposit_id == here],
    )


@dataclass(frozen=True)
class Settled:
    """One allocation on the document: how much was settled by what, or taken back."""

    on: date
    kind: str
    words: str
    amount: Decimal
    payment_id: int | None
    is_reversal: bool
    is_reversed: bool
    at: datetime


def settlements_of(invoice: Invoice) -> Sequence[Settled]:
    """What settled the document, in the order it was booked."""
    items = [part.open_item_id for part in invoice.instalments.all() if part.open_item_id]
    if not items:
        return []
    rows = (
        Allocation.objects.filter(debit_id__in=items)
        .select_related("credit__payment", "entry", "reversed_by")
        .order_by("id")
    )
    return [_settled(row) for row in rows]


def _settled(row: Allocation) -> Settled:
    payment = getattr(row.credit, "payment", None) if row.credit else None
    words = str(payment) if payment else row.credit.reference if row.credit else row.get_kind_display()
    return Settled(
        on=row.on,
        kind=row.get_kind_display(),
        words=words,
        amount=row.amount,
        payment_id=payment.pk if payment else None,
        is_reversal=row.reversal_of_id is not None,
        is_reversed=getattr(row, "reversed_by", None) is not None,
        at=row.entry.posted_at,
    )


@dataclass(frozen=True)
class Neighbours:
    """The documents before and after, None at the ends."""

    newer: int | None
    older: int | None


def neighbours(invoice: Invoice, rows: QuerySet[Invoice]) -> Neighbours:
    """The next newer and older document among `rows`, by when they were written."""
    near = rows.exclude(document_status=Invoice.Status.DISCARDED).values_list("pk", flat=True)
    newer = near.filter(pk__gt=invoice.pk).order_by("pk")[:1]
    older = near.filter(pk__lt=invoice.pk).order_by("-pk")[:1]
    found = list(newer.union(older))
    return Neighbours(
        newer=next((pk for pk in found if pk > invoice.pk), None),
        older=next((pk for pk in found if pk < invoice.pk), None),
    )


def interest_day(invoice: Invoice, today: date) -> int:
    """Days since the oldest open instalment was due; 0 when nothing is late."""
    if not invoice.balance or invoice.next_due_on is None:
        return 0
    return max(0, (today - invoice.next_due_on).days)
