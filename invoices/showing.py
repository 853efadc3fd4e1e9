"""How a document stands, in a word and a colour: the same in lists, on its page and in search."""

from dataclasses import dataclass
from datetime import date

from invoices.models import Invoice

Status, Settlement, Sending = Invoice.Status, Invoice.Settlement, Invoice.Sending

_UNISSUED = {
    Status.DRAFT: ("Draft", "draft"),
    Status.PENDING: ("Waiting for approval", "warn"),
    Status.APPROVED: ("Approved", "violet"),
    Status.DISCARDED: ("Discarded", ""),
    Status.CANCELLED: ("Cancelled", ""),
}
_SETTLED = {
    Settlement.PAID: ("Paid", "ok"),
    Settlement.CREDITED: ("Credited", ""),
    Settlement.WRITTEN_OFF: ("Written off", ""),
    Settlement.MIXED: ("Closed", ""),
}
_SENDING = {
    Sending.NOT_SENT: ("Not sent", "warn"),
    Sending.QUEUED: ("Being sent", ""),
    Sending.SENT: ("Sent", "ok"),
    Sending.FAILED: ("Not delivered", "bad"),
}


@dataclass(frozen=True)
class State:
    """A word and the kind of its pill."""

    word: str
    kind: str


def days_late(invoice: Invoice, today: date) -> int:
    """Days since the oldest open instalment was due; 0 when nothing is late."""
    if invoice.document_status != Status.ISSUED or not invoice.balance or invoice.next_due_on is None:
        return 0
    return max(0, (today - invoice.next_due_on).days)


def state_of(invoice: Invoice, today: date) -> State:
    """Where the document is in its life."""
    status = Status(invoice.document_status)
    if status in _UNISSUED:
        return State(*_UNISSUED[status])
    if invoice.document_type == Invoice.Type.CREDIT_NOTE:
        return State("Credit note", "info")
    if invoice.is_proforma:
        return State("Pro-forma", "info")
    settled = Settlement(invoice.settlement_status)
    if settled in _SETTLED:
        return State(*_SETTLED[settled])
    if late := days_late(invoice, today):
        return State(f"Overdue {late} d", "bad")
    if invoice.held_amount and invoice.held_amount == invoice.balance:
        return State("On hold", "violet")
    return State("Part paid", "warn") if settled == Settlement.PART_PAID else State("Open", "info")


def sending_of(invoice: Invoice) -> State | None:
    """Whether the customer has it; None while there is nothing to send."""
    return State(*_SENDING[Sending(invoice.sending)]) if invoice.is_issued else None


def _unowed(invoice: Invoice) -> tuple[str, str]:
    if invoice.is_proforma:
        return "Make the invoice of it", "When it is agreed"
    return "Nothing", "It is settled" if not invoice.credits_id else ""


def next_step(invoice: Invoice, today: date, approver: str = "") -> tuple[str, str]:
    """(what comes next, why or when) in words."""
    match invoice.document_status:
        case Status.DRAFT:
            return "Submit it", "It is checked first"
        case Status.PENDING:
            return "Approval", f"by a {approver} or above" if approver else ""
        case Status.APPROVED:
            return "Issue it", "It gets its number then"
        case Status.DISCARDED | Status.CANCELLED:
            return "Nothing", ""
    return _step_of_issued(invoice, today)


def _step_of_issued(invoice: Invoice, today: date) -> tuple[str, str]:
    if invoice.sending in (Sending.NOT_SENT, Sending.FAILED) and not invoice.is_imported:
        return "Send it", "The customer does not have it yet"
    if invoice.document_type == Invoice.Type.CREDIT_NOTE or not invoice.balance:
        return _unowed(invoice)
    if invoice.held_amount >= invoice.balance:
        return "Settle what is on hold", "All that is open; nothing is asked for until then"
    if days_late(invoice, today):
        return "Ask for payment", "It is late"
    return "Wait for payment", "It is not due yet"
