"""Documents that were approved together as one list: written and issued set by set, or only tried.

The gate is the one of every issue. What it stops is not written at all, so the list can be mended and tried
again. Comparing with other documents is left to whoever makes the list, because it knows what came before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from core.errors import DomainError
from core.rows import insert_rows, without_garbage_search
from entities.queries import local_day
from invoices import gate
from invoices.events import INVOICE_APPROVED, INVOICE_CREATED
from invoices.inputs import DraftInput
from invoices.models import Instalment, Invoice, Line, TaxGroup
from invoices.operations._drafts import apply, groups_of, instalments_of, lines_of, new_reference
from invoices.operations._issue_load import load, lock_invoices
from invoices.operations._issue_plan import plan_issue
from invoices.operations._issuing import issue_invoices
from invoices.pricing import Book, work_out
from invoices.snapshots import content_of, snapshot_of
from team.models import User
from trail.operations import Fact, record_all
from work.operations import hash_of


@dataclass(frozen=True)
class Tried:
    """What a document would come to: its total, what the gate says, and the refusal that would stop it."""

    invoice: Invoice | None
    findings: Sequence[dict[str, str]] = ()
    refusal: DomainError | None = None


@transaction.atomic
@without_garbage_search()
def issue_batch(
    drafts: Sequence[DraftInput], *, actor: User | None, now: datetime, approved: str, documents: bool = True
) -> list[Invoice | DomainError]:
    """Write and issue each document, or say why not; in the order given.

    The caller holds the approval of the whole list; `approved` names it on the trail.
    """
    done: list[Invoice | DomainError] = list(_write(drafts, actor=actor, now=now, book=Book()))
    written = [one for one in done if isinstance(one, Invoice)]
    issued = issue_invoices([one.pk for one in written], actor=actor, now=now, documents=documents)
    # Never seen by anybody: they leave no row behind.
    Invoice.objects.filter(pk__in=issued.refused).delete()
    by_key = {one.pk: one for one in issued.invoices}
    _record(INVOICE_CREATED, list(by_key.values()), approved, actor=actor, now=now)
    _record(INVOICE_APPROVED, list(by_key.values()), approved, actor=actor, now=now)
    return [
        one if isinstance(one, DomainError) else by_key.get(one.pk) or issued.refused[one.pk] for one in done
    ]


@transaction.atomic
@without_garbage_search()
def try_batch(drafts: Sequence[DraftInput], *, actor: User | None, now: datetime) -> list[Tried]:
    """What `issue_batch` would do today, found out by doing all of it but the numbers, and undone."""
    book = Book()
    point = transaction.savepoint()
    try:
        written = _write(drafts, actor=actor, now=now, book=book)
        rows = lock_invoices([one.pk for one in written if isinstance(one, Invoice)])
        tried: dict[int, Tried] = {}
        for invoice, parts in zip(rows, load(rows, book, now), strict=True):
            today = local_day(invoice.entity, now)
            snapshot = snapshot_of(parts, issued_on=today, number="")
            asked = book.requirements(invoice.customer, invoice.entity, today)
            findings = gate.as_rows(gate.own_checks(parts, snapshot, asked, today=today))
            try:
                plan_issue(invoice, parts, book, actor=actor, now=now)
                tried[invoice.pk] = Tried(invoice, findings)
            except DomainError as refusal:
                tried[invoice.pk] = Tried(invoice, findings, refusal)
    finally:
        transaction.savepoint_rollback(point)
    return [Tried(None, (), one) if isinstance(one, DomainError) else tried[one.pk] for one in written]


def _write(
    drafts: Sequence[DraftInput], *, actor: User | None, now: datetime, book: Book
) -> list[Invoice | DomainError]:
    """The rows of each document, approved as it stands, in four statements; or why there are none."""
    found: list[Invoice | DomainError] = []
    invoices, lines, groups, instalments = [], [], [], []
    book.load_tax_numbers(draft.customer for draft in drafts)
    for draft in drafts:
        try:
            worked = work_out(draft, today=local_day(draft.entity, now), book=book)
        except DomainError as refusal:
            found.append(refusal)
            continue
        invoice = Invoice(
            public_ref=new_reference(),
            document_status=Invoice.Status.APPROVED,
            entity=draft.entity,
            customer=draft.customer,
            created_by=actor,
            created_at=now,
            edited_by=actor,
            edited_at=now,
        )
        apply(invoice, draft, worked)
        rows = lines_of(invoice, draft, worked)
        invoice.approved_hash = hash_of(content_of(invoice, rows))
        found.append(invoice)
        invoices.append(invoice)
        lines.append(rows)
        groups.append(groups_of(invoice, draft, worked))
        instalments.append(instalments_of(invoice, worked))
    insert_rows(invoices)
    _insert_parts(invoices, lines)
    _insert_parts(invoices, groups)
    _insert_parts(invoices, instalments)
    return found


def _insert_parts(
    invoices: Sequence[Invoice], parts: Sequence[Sequence[Line] | Sequence[TaxGroup] | Sequence[Instalment]]
) -> None:
    for invoice, rows in zip(invoices, parts, strict=True):
        for row in rows:
            row.invoice_id = invoice.pk
    insert_rows([row for rows in parts for row in rows])


def _record(
    fact: str, invoices: Sequence[Invoice], approved: str, *, actor: User | None, now: datetime
) -> None:
    facts = [
        Fact(
            one,
            {"payable": one.payable, "currency": one.currency, "by": approved},
            one.customer_id,
        )
        for one in invoices
    ]
    record_all(fact, facts, actor=actor, at=now)
