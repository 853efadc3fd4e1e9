"""Submitting a document, and what follows from the answer."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from core.errors import DomainError, Problem, Refused
from core.rows import rows_of, rows_where
from customers.models import ChangeRequest
from customers.queries import unread_of
from entities.queries import local_day
from invoices import gate
from invoices.events import INVOICE_APPROVED, INVOICE_REJECTED, INVOICE_SUBMITTED
from invoices.models import Invoice, Line
from invoices.operations._drafts import lock, refuse_stale, touch
from invoices.parts import load_parts
from invoices.pricing import Book
from invoices.snapshots import content_of, snapshot_of
from invoices.states import check_next
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval


class NotSubmittable(DomainError):
    """The check found what stops the document; `problems` lists each with rule, field and mend."""

    status = 422


@transaction.atomic
def submit_invoice(
    invoice: Invoice,
    *,
    actor: User | None,
    now: datetime,
    expected_version: int | None = None,
    book: Book | None = None,
    barred: Sequence[int] = (),
) -> Invoice:
    """Check a draft and ask for approval; a small, unremarkable one is approved at once.

    `book` serves many documents of one run, as in `write_draft`. Beside who wrote it nobody of `barred`
    approves it.
    """
    work.one_at_a_time([invoice.customer_id])
    invoice = lock(invoice)
    refuse_stale(invoice, expected_version)
    check_next(invoice.document_status, Invoice.Status.PENDING)
    today = local_day(invoice.entity, now)
    on = invoice.planned_on or today
    book = book or Book()
    findings, lines = check_invoice(invoice, today=today, book=book)
    problems = [
        *_never_issued(invoice, actor, on, today),
        *gate.stopping(findings, invoice.overrides),
        *_unread(invoice, actor, on, book),
    ]
    if problems:
        first = problems[0]
        raise NotSubmittable(
            first["message"], field=first["field"], rule=first["rule"], mend=first["mend"], problems=problems
        )
    content = content_of(invoice, lines)
    invoice.checks = findings
    invoice.document_status = Invoice.Status.PENDING
    approval = work.request_approval(
        invoice,
        work.Question(
            kind=kind_of(invoice, lines),
            label=f"{invoice.get_document_type_display()} for {invoice.customer.name}",
            path=f"/invoices/{invoice.pk}/",
            snapshot=content,
            entity=invoice.entity,
            customer_id=invoice.customer_id,
            amount=invoice.payable,
            currency=invoice.currency,
            amount_functional=invoice.payable_functional,
            flags=risks(invoice, lines, findings, on=on),
            barred=[*(pk for pk in (invoice.created_by_id, invoice.edited_by_id) if pk), *barred],
        ),
        actor=actor,
        now=now,
    )
    record(
        INVOICE_SUBMITTED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        needs=approval.needed_role,
    )
    if approval.state == Approval.State.APPROVED:
        invoice.document_status = Invoice.Status.APPROVED
        invoice.approved_hash = approval.snapshot_hash
    invoice.lock_version += 1
    invoice.save(update_fields=["checks", "document_status", "approved_hash", "lock_version"])
    return invoice


def lacks_backdate_reason(invoice: Invoice, today: date) -> bool:
    """Whether it is dated back and nobody said why: it can be saved like this, and not submitted."""
    on = invoice.planned_on
    return on is not None and on < today and not invoice.backdate_reason.strip()


def _never_issued(invoice: Invoice, actor: User | None, on: date, today: date) -> list[Problem]:
    """What issuing refuses whoever approves: nobody is asked to approve it. The right is asked at issue."""
    found: list[Problem] = []
    if invoice.payable < 0 or not (invoice.payable or invoice.prepaid):
        found.append(
            Problem(
                field="lines",
                rule="an_invoice_bills_something",
                message="It bills nothing; an issued document asks for more than nothing.",
                mend="Add lines, or discard it.",
            )
        )
    if actor is not None and lacks_backdate_reason(invoice, today):
        found.append(
            Problem(
                field="backdate_reason",
                rule="backdating_needs_right_and_reason",
                message=f"It is dated back to {on} without a reason.",
                mend="Say why, or take the date out.",
            )
        )
    return found


def _unread(invoice: Invoice, actor: User | None, on: date, book: Book) -> list[Problem]:
    """A credit note is not billed by the customer's requirements; a run without a person reads nothing."""
    if actor is None or invoice.document_type == Invoice.Type.CREDIT_NOTE:
        return []
    holding = book.requirements(invoice.customer, invoice.entity, on)
    return gate.unread(unread_of(holding, invoice.customer, actor))


@transaction.atomic
def approve_invoice(
    invoice: Invoice, *, actor: User, now: datetime, confirmed: Sequence[str] = (), reason: str = ""
) -> Invoice:
    """A second person says yes to exactly what was submitted."""
    work.one_at_a_time([invoice.customer_id])
    invoice = lock(invoice, alone=True)
    check_next(invoice.document_status, Invoice.Status.APPROVED)
    approval = pending_approval(invoice)
    lines = rows_of(Line, "invoice_id", [invoice.pk], order="position")
    if work.hash_of(content_of(invoice, lines)) != approval.snapshot_hash:
        raise Refused(
            "The document is not the one that was submitted.",
            rule="approval_is_for_what_was_submitted",
            mend="Take it back to draft and submit it again.",
        )
    work.approve(approval, actor=actor, now=now, confirmed=confirmed, reason=reason)
    invoice.document_status = Invoice.Status.APPROVED
    invoice.approved_hash = approval.snapshot_hash
    touch_status(invoice)
    record(INVOICE_APPROVED, invoice, actor=actor, at=now, customer_id=invoice.customer_id)
    return invoice


@transaction.atomic
def reject_invoice(invoice: Invoice, *, actor: User, now: datetime, reason: str) -> Invoice:
    """A second person says no; the document is a draft again, with the reason on its timeline."""
    invoice = lock(invoice)
    check_next(invoice.document_status, Invoice.Status.DRAFT)
    work.reject(pending_approval(invoice), actor=actor, now=now, reason=reason)
    invoice.document_status = Invoice.Status.DRAFT
    invoice.approved_hash = ""
    touch_status(invoice)
    record(INVOICE_REJECTED, invoice, actor=actor, at=now, customer_id=invoice.customer_id, reason=reason)
    return invoice


def touch_status(invoice: Invoice) -> None:
    """Save a decision about the document: its editor stays who last changed what it says."""
    touch(invoice, invoice.edited_by, invoice.edited_at)


def pending_approval(invoice: Invoice) -> Approval:
    """The open question about the document; `Refused` when there is none."""
    kind = ContentType.objects.get_for_model(Invoice)
    for approval in rows_where(Approval, _PENDING, [kind.pk, invoice.pk]):
        return approval
    raise Refused(f"{invoice} waits for nobody's approval.", rule="a_question_is_open")


_PENDING = """
subject_type_id = %s AND subject_id = %s AND state = 'pending'
ORDER BY id DESC LIMIT 1
"""


def check_invoice(
    invoice: Invoice, *, today: date, book: Book | None = None
) -> tuple[list[dict[str, str]], list[Line]]:
    """Everything the gate says about a draft on its day, and its lines."""
    on = invoice.planned_on or today
    # Planned for later: it is looked at as on its day.
    today = max(on, today)
    book = book or Book()
    parts = load_parts([invoice], on=on, book=book)[0]
    snapshot = snapshot_of(parts, issued_on=on, number="")
    findings = [
        *gate.own_checks(
            parts, snapshot, book.requirements(invoice.customer, invoice.entity, on), today=today
        ),
        *gate.print_checks(snapshot),
        *gate.comparing_checks(invoice, parts.lines, on=on),
    ]
    return gate.as_rows(findings), list(parts.lines)


def kind_of(invoice: Invoice, lines: Sequence[Line]) -> str:
    """Which approval limits hold: list prices only is standard, anything typed in is manual."""
    if invoice.document_type == Invoice.Type.CREDIT_NOTE:
        return "fee_waiver" if _credits_a_late_charge(invoice) else "credit_note"
    if invoice.document_type == Invoice.Type.DEBIT_NOTE:
        # A late charge follows from the approved policy as a price follows from the list.
        return "standard_invoice"
    listed = all(line.list_price is not None and line.unit_price == line.list_price for line in lines)
    discounted = invoice.allowance_total or any(line.discount for line in lines)
    return "standard_invoice" if listed and not discounted else "manual_invoice"


def _credits_a_late_charge(note: Invoice) -> bool:
    return note.credits is not None and note.credits.document_type == Invoice.Type.DEBIT_NOTE


def risks(
    invoice: Invoice, lines: Sequence[Line], findings: Sequence[dict[str, str]], *, on: date
) -> list[dict[str, str]]:
    """What the reviewer must confirm one by one: only what differs from the usual."""
    flags = [
        {
            "key": f["rule"],
            "label": f["message"],
            "value": "",
            "before": "",
            "why": f"Confirmed by the author: {invoice.overrides[f['rule']]}",
        }
        for f in findings
        if f["severity"] == "confirm" and f["rule"] in invoice.overrides
    ]
    if invoice.document_type == Invoice.Type.CREDIT_NOTE:
        return flags
    if not gate.was_billed(invoice.customer_id):
        flags.append(
            {
                "key": "new-customer",
                "label": f"First invoice for {invoice.customer.name}",
                "before": "",
                "value": invoice.customer.number,
                "why": "Check name, address and tax id once.",
            }
        )
    changes = rows_of(ChangeRequest, "customer_id", [invoice.customer_id], order="decided_at")
    changed = [
        change
        for change in reversed(changes)
        if change.state == ChangeRequest.State.APPLIED
        and change.decided_at
        and on - timedelta(days=14) <= timezone.localdate(change.decided_at) <= on
    ]
    flags += [
        {
            "key": f"changed-{change.subject}",
            "label": f"{change.get_subject_display()} changed lately",
            "before": "",
            "value": f"{change.decided_at:%d %b %Y}",
            "why": "Fraud often begins with such a change.",
        }
        for change in changed[:3]
    ]
    flags += [
        {
            "key": f"price-{line.position}",
            "label": f"Price of “{line.description[:60]}”",
            "before": f"{line.list_price.normalize():f}",
            "value": f"{line.unit_price.normalize():f}",
            "why": "Differs from the price list.",
        }
        for line in lines
        if line.list_price is not None and line.list_price != line.unit_price
    ]
    return flags
