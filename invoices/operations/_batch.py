"""Documents that were approved together as one list: written and issued set by set, or only tried.

The gate is the one of every issue. What it stops is not written at all, so the list can be mended and tried
again. Comparing with other documents is left to whoever makes the list, because it knows what came before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from core.errors import DomainError
from core.rows import append_rows, insert_rows, new_row, without_garbage_search
from entities.queries import local_day
from invoices.events import INVOICE_APPROVED, INVOICE_CREATED
from invoices.inputs import DraftInput
from invoices.models import Instalment, Invoice, Line, TaxGroup
from invoices.operations._drafts import apply, groups_of, instalments_of, lines_of, new_reference
from invoices.operations._issue_plan import Plan, judge, plan_issue
from invoices.operations._issuing import number_and_write
from invoices.parts import Rows, parts_of
from invoices.pricing import Book, work_out
from invoices.snapshots import Parts, content_of
from team.models import User
from trail.operations import Fact, record_all
from work.operations import hash_of


@dataclass(frozen=True)
class Tried:
    """What a document would come to: its plan or the refusal that would stop it, and what the gate says.

    `invoice` is None where the input makes none.
    """

    outcome: Plan | DomainError
    invoice: Invoice | None = None
    findings: Sequence[dict[str, str]] = ()

    @property
    def refusal(self) -> DomainError | None:
        return self.outcome if isinstance(self.outcome, DomainError) else None


@transaction.atomic
@without_garbage_search()
def issue_batch(
    drafts: Sequence[DraftInput], *, actor: User | None, now: datetime, approved: str, documents: bool = True
) -> list[Invoice | DomainError]:
    """Write and issue each document, or say why not; in the order given.

    The caller holds the approval of the whole list; `approved` names it on the trail.
    """
    tried = _try(drafts, actor=actor, now=now)
    plans = [one.outcome for one in tried if isinstance(one.outcome, Plan)]
    _write([plan.parts for plan in plans])
    refused: dict[int, DomainError] = {}
    issued = number_and_write(plans, refused, actor=actor, now=now, documents=documents)
    if refused:
        # Never seen by anybody: they leave no row behind.
        Invoice.objects.filter(pk__in=refused).delete()
    _record(INVOICE_CREATED, issued, approved, actor=actor, now=now)
    _record(INVOICE_APPROVED, issued, approved, actor=actor, now=now)
    return [
        refused.get(one.outcome.invoice.pk, one.outcome.invoice)
        if isinstance(one.outcome, Plan)
        else one.outcome
        for one in tried
    ]


def try_batch(drafts: Sequence[DraftInput], *, actor: User | None, now: datetime) -> list[Tried]:
    """What `issue_batch` would do today, found out by doing all of it but writing."""
    with without_garbage_search():
        return _try(drafts, actor=actor, now=now)


def _try(drafts: Sequence[DraftInput], *, actor: User | None, now: datetime) -> list[Tried]:
    book = Book()
    book.load_tax_numbers(draft.customer for draft in drafts)
    worked = [_worked(draft, actor=actor, now=now, book=book) for draft in drafts]
    parts = iter(_parts([one for one in worked if isinstance(one, Rows)], book, now))
    return [
        Tried(one) if isinstance(one, DomainError) else _planned(next(parts), book, actor=actor, now=now)
        for one in worked
    ]


def _planned(parts: Parts, book: Book, *, actor: User | None, now: datetime) -> Tried:
    invoice = parts.invoice
    today = local_day(invoice.entity, now)
    judged = judge(parts, book, on=invoice.planned_on or today, today=today)
    outcome: Plan | DomainError
    try:
        outcome = plan_issue(invoice, parts, book, actor=actor, now=now, judged=judged)
    except DomainError as refusal:
        outcome = refusal
    return Tried(outcome, invoice, judged.findings)


def _worked(draft: DraftInput, *, actor: User | None, now: datetime, book: Book) -> Rows | DomainError:
    """The rows of a document, approved as it stands, not written yet; or why there are none."""
    try:
        worked = work_out(draft, today=local_day(draft.entity, now), book=book)
    except DomainError as refusal:
        return refusal
    invoice = new_row(
        Invoice,
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
    lines = lines_of(invoice, draft, worked)
    invoice.approved_hash = hash_of(content_of(invoice, lines))
    return Rows(invoice, lines, groups_of(invoice, draft, worked), instalments_of(invoice, worked))


def _parts(rows: Sequence[Rows], book: Book, now: datetime) -> list[Parts]:
    """The parts of each document, in their order, on its company's day."""
    found: dict[int, Parts] = {}
    by_day: dict[date, list[Rows]] = {}
    for one in rows:
        by_day.setdefault(local_day(one.invoice.entity, now), []).append(one)
    for on, some in by_day.items():
        book.load_requirements([one.invoice for one in some], on)
        found |= {id(parts.invoice): parts for parts in parts_of(some, on=on, book=book)}
    return [found[id(one.invoice)] for one in rows]


def _write(documents: Sequence[Parts]) -> None:
    """The rows of all documents, in four statements."""
    insert_rows([parts.invoice for parts in documents])
    for parts in documents:
        own: tuple[Line | TaxGroup | Instalment, ...] = (*parts.lines, *parts.groups, *parts.instalments)
        for row in own:
            row.invoice_id = parts.invoice.pk
    append_rows(row for parts in documents for row in parts.lines)
    append_rows(row for parts in documents for row in parts.groups)
    # Their keys are asked for: each will name its open item.
    insert_rows([row for parts in documents for row in parts.instalments])


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
