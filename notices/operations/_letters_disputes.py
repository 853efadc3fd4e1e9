"""What a customer is told of a dispute: that it came, who works on it, how it ends."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from correspondence.rules import Amount, Value
from customers.models import Contact, Customer
from disputes.models import Clock, Dispute
from entities.queries import local_day
from notices.operations._letter import Letter, Written, parties
from trail.models import Entry


def _noted(entry: Entry, dispute: Dispute, customer: Customer) -> Written:
    if dispute.is_over:
        return "It has ended already; the answer tells how."
    rest = dispute.invoice.balance - dispute.invoice.held_amount
    return _letter(
        dispute,
        customer,
        answer_by=_answer_by(dispute, entry),
        undisputed_amount=Amount(rest, dispute.currency) if rest else None,
    )


def _taken_up(entry: Entry, dispute: Dispute, customer: Customer) -> Written:
    answer_by = _answer_by(dispute, entry)
    if dispute.is_over or answer_by is None:
        return "It was answered already."
    return _letter(dispute, customer, answer_by=answer_by)


def _goes_on(entry: Entry, dispute: Dispute, customer: Customer) -> Written:
    if dispute.is_over or dispute.state == Dispute.State.WAITING:
        return "It went on to another state meanwhile; that message tells."
    answer_by = _answer_by(dispute, entry)
    is_ahead = isinstance(answer_by, date) and answer_by >= local_day(dispute.entity, entry.timestamp)
    return _letter(dispute, customer, answer_by=answer_by if is_ahead else None)


def _answered(entry: Entry, dispute: Dispute, customer: Customer) -> Written:
    if not dispute.recap:
        return "It was reopened meanwhile."
    facts = entry.additional_data or {}
    credited = Decimal(str(facts.get("credited", 0)))
    return _letter(
        dispute,
        customer,
        answer=dispute.recap,
        credit_amount=Amount(credited, dispute.currency) if credited else None,
        open_amount=Amount(dispute.invoice.balance, dispute.currency),
    )


def _ended(entry: Entry, dispute: Dispute, customer: Customer) -> Written:
    del entry
    return _letter(dispute, customer) if dispute.is_over else "It was reopened meanwhile."


def _answer_by(dispute: Dispute, entry: Entry) -> Value | None:
    """The day of the first answer while it is owed, else that of the end."""
    del entry
    clocks = dispute.clocks.filter(round=dispute.round, met_at=None, due_at__isnull=False)
    clock = clocks.exclude(kind=Clock.Kind.ACKNOWLEDGE).order_by("due_at").first()
    return local_day(dispute.entity, clock.due_at) if clock is not None and clock.due_at else None


def _letter(dispute: Dispute, customer: Customer, **values: Value | None) -> Written:
    return Letter(
        dispute,
        customer,
        dispute.entity,
        Contact.Purpose.BILLING,
        parties(dispute.entity, customer)
        | {
            "document_number": str(dispute.invoice.number),
            "dispute_reference": dispute.reference,
            "amount": Amount(dispute.amount, dispute.currency),
        }
        | values,
        dispute.invoice,
    )


WRITERS: Mapping[str, Callable[[Entry, Dispute, Customer], Written]] = {
    "dispute_acknowledged": _noted,
    "dispute_taken_up": _taken_up,
    "dispute_goes_on": _goes_on,
    "dispute_answered": _answered,
    "dispute_withdrawn": _ended,
    "dispute_unanswered": _ended,
}
