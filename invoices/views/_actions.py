"""The named acts of a document. One that is not possible stays visible and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from core.errors import DomainError
from customers.models import Contact
from invoices.models import Invoice
from invoices.operations import NotSendable, open_deposits, recipients_of
from invoices.views._edges import link
from team.models import User
from work.models import Approval
from work.operations import refuse_unless_may_decide

Status = Invoice.Status
WRITE = "invoices.edit_invoice"
_NO_RIGHT = "Your role does not include this."
_OPEN = (Status.DRAFT, Status.PENDING, Status.APPROVED)


@dataclass(frozen=True)
class Act:
    """One act: `method` post sends a form, get opens a page; `why` says why not."""

    code: str
    label: str
    icon: str
    url: str
    method: str = "post"
    why: str = ""
    key: str = ""


def why_not_decide(approval: Approval | None, user: User, now: datetime) -> str:
    """ "" when this person may answer the question, else why not."""
    if approval is None:
        return "Nothing waits for a decision."
    if not user.has_perm("work.decide_approval"):
        return _NO_RIGHT
    try:
        refuse_unless_may_decide(approval, user, now=now)
    except DomainError as refusal:
        return f"{refusal.message} {refusal.mend or ''}".strip()
    return ""


def acts_of(invoice: Invoice, user: User, contacts: Sequence[Contact]) -> list[Act]:
    """What can be done with the document now, and what cannot and why; `contacts` get its mail."""
    if invoice.document_status == Status.DISCARDED:
        return [_copy(invoice, user)]
    if invoice.document_status in _OPEN:
        return _unissued(invoice, user)
    return _issued(invoice, user, contacts)


def _unissued(invoice: Invoice, user: User) -> list[Act]:
    status, is_credit = invoice.document_status, invoice.credits_id is not None
    word = invoice.get_document_status_display().lower()
    writer = "invoices.edit_invoice"
    draft = "" if status == Status.DRAFT else f"It is {word} already."
    acts = [
        _act(invoice, user, "edit", "Edit", "pencil", writer, method="get", key="E"),
        _act(invoice, user, "submit", "Submit for approval", "send", writer, why=draft),
        _act(
            invoice,
            user,
            "withdraw",
            "Take back to draft",
            "arrow-back-up",
            writer,
            why="It is a draft." if status == Status.DRAFT else "",
        ),
        _act(
            invoice,
            user,
            "issue",
            "Issue",
            "lock",
            "invoices.issue_invoice",
            why="" if status == Status.APPROVED else "It has to be approved first.",
        ),
        *_deposits(invoice, user),
        _copy(invoice, user),
        _act(
            invoice,
            user,
            "discard",
            "Discard",
            "trash",
            writer,
            method="get",
            why="" if status == Status.DRAFT else "Take it back to draft first.",
        ),
    ]
    return [act for act in acts if not (is_credit and act.code in ("edit", "copy"))]


def _issued(invoice: Invoice, user: User, contacts: Sequence[Contact]) -> list[Act]:
    if invoice.is_proforma:
        return _proforma(invoice, user, contacts)
    is_credit = invoice.document_type == Invoice.Type.CREDIT_NOTE
    owed = "" if invoice.balance else "Nothing of it is open."
    cancelled = "It is cancelled." if invoice.document_status == Status.CANCELLED else ""
    acts = [_payment(invoice, user, owed)] if not is_credit else []
    acts.append(_send(invoice, user, contacts))
    if invoice.document_type == Invoice.Type.DEPOSIT:
        used = invoice.deducted.filter(released_by=None).select_related("invoice").first()
        why = cancelled or (f"It is taken off {used.invoice}." if used else "")
        acts.append(_act(invoice, user, "final", "Write the final invoice", "file-check", WRITE, why=why))
    if not is_credit:
        acts += [
            _act(
                invoice,
                user,
                "credit",
                "Write credit note",
                "receipt-refund",
                "invoices.credit_invoice",
                method="get",
                why=cancelled,
            ),
            _act(invoice, user, "rebill", "Bill anew in its place", "refresh", "invoices.edit_invoice"),
            _act(
                invoice,
                user,
                "hold",
                "Put on hold",
                "clock-pause",
                "invoices.hold_invoice",
                method="get",
                why=owed or ("All of it is on hold." if invoice.held_amount == invoice.balance else ""),
            ),
            _act(
                invoice,
                user,
                "move_due_date",
                "Later due date",
                "calendar",
                "invoices.move_due_date",
                method="get",
                why=owed,
            ),
            *_giving_up(invoice, user, owed),
            *_dispute(invoice, user, owed),
            _copy(invoice, user),
            *_repeat(invoice, user),
        ]
    acts.append(
        _act(invoice, user, "annotate", "Note beside it", "note", "invoices.edit_invoice", method="get")
    )
    if links := link("correspondence:links", "invoice", invoice.pk):
        why = "" if user.has_perm("correspondence.manage_link") else _NO_RIGHT
        acts.append(Act("links", "Customer links", "link", links, "get", why))
    return acts


def _dispute(invoice: Invoice, user: User, owed: str) -> list[Act]:
    """What the customer does not accept, where disputes are installed."""
    page = link("disputes:new", invoice.pk)
    why = owed or ("" if user.has_perm("disputes.raise_dispute") else _NO_RIGHT)
    return [Act("dispute", "Note a dispute", "message-report", page, "get", why)] if page else []


def _proforma(invoice: Invoice, user: User, contacts: Sequence[Contact]) -> list[Act]:
    """It asks for nothing, so nothing of it is paid, credited or held."""
    made = invoice.made_into.exclude(document_status=Status.DISCARDED).first()
    why = f"It is written: {made}." if made else ""
    return [
        _act(invoice, user, "convert", "Make the invoice of it", "file-check", WRITE, why=why),
        _send(invoice, user, contacts),
        _copy(invoice, user),
        _act(invoice, user, "annotate", "Note beside it", "note", WRITE, method="get"),
    ]


def _act(  # noqa: PLR0917 (a row of a table)
    invoice: Invoice,
    user: User,
    code: str,
    label: str,
    icon: str,
    right: str,
    *,
    method: str = "post",
    why: str = "",
    key: str = "",
) -> Act:
    reason = why or ("" if user.has_perm(right) else _NO_RIGHT)
    return Act(code, label, icon, reverse(f"invoices:{code}", args=[invoice.pk]), method, reason, key)


def _deposits(invoice: Invoice, user: User) -> list[Act]:
    if invoice.document_type != Invoice.Type.INVOICE:
        return []
    why = "" if invoice.prepaid or open_deposits(invoice).exists() else "This customer has no deposit left."
    return [_act(invoice, user, "deposits", "Take deposits off", "receipt", WRITE, method="get", why=why)]


def _repeat(invoice: Invoice, user: User) -> list[Act]:
    """Contracts stand above invoices: the page is linked where there is one."""
    url = link("contracts:repeat", invoice.pk)
    if not url or invoice.document_type != Invoice.Type.INVOICE:
        return []
    why = "" if user.has_perm("contracts.edit_contract") else _NO_RIGHT
    return [Act("repeat", "Repeat it", "rotate-clockwise", url, "get", why)]


def _copy(invoice: Invoice, user: User) -> Act:
    return _act(invoice, user, "copy", "Copy to a new draft", "copy", "invoices.edit_invoice")


def _payment(invoice: Invoice, user: User, owed: str) -> Act:
    url = link("payments:record", query=f"customer={invoice.customer_id}&invoice={invoice.pk}")
    why = owed or ("" if user.has_perm("payments.record_payment") else _NO_RIGHT)
    return (
        Act("payment", "Record payment", "building-bank", url, "get", why, "P")
        if url
        else Act(
            "payment",
            "Record payment",
            "building-bank",
            "",
            "get",
            why or "Payments are recorded on their own page.",
        )
    )


def _giving_up(invoice: Invoice, user: User, owed: str) -> list[Act]:
    """A rest within the policy's tolerance, and a loss for a second person; their pages show the booking."""
    offered = (
        (
            "small_difference",
            "Let go of a small difference",
            "coins",
            ("payments.allocate_payment", "payments.write_off"),
        ),
        ("write_off_request", "Propose a write-off", "eraser", ("payments.write_off",)),
    )
    acts = []
    for code, label, icon, rights in offered:
        if url := link(f"payments:{code}", invoice.pk):
            why = owed or ("" if any(map(user.has_perm, rights)) else _NO_RIGHT)
            acts.append(Act(code, label, icon, url, "get", why))
    return acts


def _send(invoice: Invoice, user: User, contacts: Sequence[Contact]) -> Act:
    label, why = "Send to the customer", ""
    if invoice.sending == Invoice.Sending.SENT:
        label = "Send once more"
    elif invoice.sending == Invoice.Sending.QUEUED:
        why = "It is being sent."
    if not user.has_perm("correspondence.send_message"):
        why = _NO_RIGHT
    if not why:
        try:
            recipients_of(invoice, contacts)
        except NotSendable as refusal:
            why = f"{refusal.message} {refusal.mend or ''}".strip()
    return Act("send", label, "send", reverse("invoices:send", args=[invoice.pk]), "post", why)
