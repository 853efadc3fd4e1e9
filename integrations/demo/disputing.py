"""Amounts that customers of the demo company do not accept: in every state, over the last months."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction

from core.errors import DomainError
from core.money import round_money
from disputes import operations
from disputes.models import Dispute
from disputes.operations import Claim
from disputes.queries import short_paid
from invoices.models import Invoice
from invoices.operations import pending_approval
from payments.models import Payment
from team.models import User

logger = structlog.get_logger(__name__)

_WEEK = 24 * 7
_SHORT = 2
_TRIES = 4
"""Not every invoice allows every end; so many are tried."""
_SAID = {
    "PRC": "The contract says a lower price for this line since the first of the month.",
    "QTY": "Two pallets were missing, the delivery note says so.",
    "QLT": "The second visit did not repair it; the machine stood still again the next day.",
    "NDL": "This position never arrived. Please send us the proof of delivery.",
    "DUP": "We have the same line on the invoice before.",
    "PON": "Our order number is missing, accounts payable sends it back.",
    "DSC": "The volume discount of this quarter is not on the invoice.",
    "CLC": "Our sum is lower. Please check hours and rate.",
    "TAX": "We are outside the country: no tax should be on this line.",
    "DOC": "The time sheets are not attached, so we cannot approve this line.",
    "CAN": "We cancelled this service in writing at the end of last quarter.",
    "ADR": "The invoice names our old company.",
}
_ANSWER = "Thank you for telling us. We compared it with the contract and the delivery note: you are right."
_NO = "Thank you for your patience. We compared it with what was signed: it was delivered as it was billed."
_PROOF = "The delivery note is signed by your warehouse on the day of the delivery; a copy is attached to it."


@dataclass(frozen=True)
class _People:
    specialist: User
    collector: User
    lead: User
    controller: User
    director: User
    cash_applier: User


@dataclass(frozen=True)
class _Plan:
    """One dispute: why, how many hours ago it was raised, which share of the line (above 1 an amount), and
    how far it came."""

    reason: str
    hours: int
    share: str
    path: Callable[[Dispute, _People, datetime], object]


def dispute(people: dict[str, User], now: datetime) -> None:
    """Have customers dispute some amounts and colleagues work on them; then look at the clocks."""
    who = _People(**people)
    invoices = _open(now)
    # The oldest first: the days of credit notes follow their numbers.
    for plan in sorted(_PLANS, key=lambda one: -one.hours):
        at = _begin(now, plan.hours)
        for invoice in [one for one in invoices if one.issued_at and one.issued_at < at][:_TRIES]:
            try:
                with transaction.atomic():
                    plan.path(_raise(invoice, plan, at), who, at)
            except DomainError as refusal:
                logger.info("demo_without", what="dispute", why=str(refusal))
            else:
                invoices.remove(invoice)
                break
    for days in range(6, -1, -1):
        operations.watch(now=now - timedelta(days=days))
    _short(people["cash_applier"], now)


def _begin(now: datetime, hours: int) -> datetime:
    """So many hours ago; what is older than a week came on a working morning, so it took office hours."""
    at = now - timedelta(hours=hours)
    if hours <= _WEEK:
        return at
    return (at - timedelta(days=max(0, at.weekday() - 3))).replace(hour=8, minute=20)


def _short(applier: User, now: datetime) -> None:
    """What two receipts of the last weeks left open is disputed as well."""
    count = 0
    for payment in Payment.objects.filter(state=Payment.State.RECEIVED).order_by("-received_on", "-pk")[:400]:
        for short in short_paid(payment)[:1]:
            try:
                with transaction.atomic():
                    operations.dispute_rest(payment, short.invoice, reason="QTY", actor=applier, now=now)
            except DomainError as refusal:
                logger.info("demo_without", what="short payment", why=str(refusal))
            else:
                count += 1
        if count == _SHORT:
            return


def _open(now: datetime) -> list[Invoice]:
    """Open invoices nobody holds, the newest first."""
    rows = Invoice.objects.filter(
        document_type=Invoice.Type.INVOICE,
        document_status=Invoice.Status.ISSUED,
        balance__gt=100,
        held_amount=0,
        is_imported=False,
        issued_at__lt=now,
        customer__insolvent=False,
    )
    return list(rows.select_related("entity", "customer").order_by("-issued_at", "-pk"))


def _raise(invoice: Invoice, plan: _Plan, at: datetime) -> Dispute:
    line = invoice.lines.order_by("-taxable", "position").first()
    position = line.position if line else None
    amount = None
    share = Decimal(plan.share)
    if share > 1:
        amount = share
    elif share < 1 and line is not None:
        amount = round_money(min(line.taxable, invoice.balance) * share, invoice.currency)
    return operations.raise_dispute(
        invoice,
        [Claim(position, amount)],
        reason=plan.reason,
        detail=_SAID[plan.reason],
        channel="portal",
        contact=invoice.customer.contacts.filter(is_active=True).order_by("pk").first(),
        actor=None,
        now=at,
    )


# ------------------------------------------------------------------------------------------ how far it came
def _new(row: Dispute, who: _People, at: datetime) -> Dispute:
    del who, at
    return row


def _known(row: Dispute, who: _People, at: datetime) -> Dispute:
    return operations.acknowledge(row, actor=who.collector, now=at + timedelta(hours=1))


def _with_us(row: Dispute, who: _People, at: datetime) -> Dispute:
    row = _known(row, who, at)
    row = operations.investigate(row, actor=who.collector, now=at + timedelta(hours=2))
    body = "Thank you for telling us. I ask the colleagues who were there and write again within two days."
    return operations.answer_customer(row, body=body, actor=who.collector, now=at + timedelta(hours=3))


def _asked(row: Dispute, who: _People, at: datetime) -> Dispute:
    row = _known(row, who, at)
    body = "I am sorry for the trouble. Can you send us the delivery note, and tell us the day?"
    return operations.ask_customer(row, body=body, actor=who.collector, now=at + timedelta(hours=2))


def _proposed(row: Dispute, who: _People, at: datetime, outcome: str = "credit_note") -> Dispute:
    row = _with_us(row, who, at)
    operations.propose(
        row,
        outcome=outcome,
        root_cause="contract-data" if outcome != "reject" else "customer",
        answer=_NO if outcome == "reject" else _ANSWER,
        evidence=_PROOF if outcome == "reject" else "",
        actor=who.collector,
        now=at + timedelta(hours=6),
    )
    return Dispute.objects.get(pk=row.pk)


def _credited(row: Dispute, who: _People, at: datetime) -> Dispute:
    return _accepted(_proposed(row, who, at), who, at + timedelta(hours=8))


def _goodwill(row: Dispute, who: _People, at: datetime) -> Dispute:
    return _accepted(_proposed(row, who, at, "goodwill"), who, at + timedelta(hours=8))


def _rebilled(row: Dispute, who: _People, at: datetime) -> Dispute:
    return _accepted(_proposed(row, who, at, "rebill"), who, at + timedelta(hours=8))


def _small(row: Dispute, who: _People, at: datetime) -> Dispute:
    return _accepted(_proposed(row, who, at, "write_off_small"), who, at + timedelta(hours=8))


def _rejected(row: Dispute, who: _People, at: datetime) -> Dispute:
    row = _proposed(row, who, at, "reject")
    row = operations.finish_free(row, actor=who.collector, now=at + timedelta(hours=7))
    return row if row.is_over else operations.accept(row, actor=who.controller, now=at + timedelta(hours=9))


def _accepted(row: Dispute, who: _People, at: datetime) -> Dispute:
    note = row.proposals.get(state="pending").credit_note
    flags = [flag["key"] for flag in pending_approval(note).flags] if note else []
    return operations.accept(row, actor=who.director, now=at, confirmed=flags)


def _withdrawn(row: Dispute, who: _People, at: datetime) -> Dispute:
    row = _with_us(row, who, at)
    reason = "They found the delivery note themselves."
    return operations.withdraw(row, reason=reason, actor=who.collector, now=at + timedelta(hours=20))


def _again(row: Dispute, who: _People, at: datetime) -> Dispute:
    row = _rejected(row, who, at)
    reason = "The signature on the note is not of our people."
    return operations.reopen(row, reason=reason, actor=None, now=at + timedelta(hours=30))


def _up(row: Dispute, who: _People, at: datetime, levels: int = 1) -> Dispute:
    row = _with_us(row, who, at)
    reason = "The customer stops all orders until this is settled."
    for hours in range(levels):
        when = at + timedelta(hours=5 + 4 * hours)
        row = operations.escalate(row, reason=reason, actor=who.collector, now=when)
    return row


def _up_twice(row: Dispute, who: _People, at: datetime) -> Dispute:
    return _up(row, who, at, 2)


def _to_the_top(row: Dispute, who: _People, at: datetime) -> Dispute:
    return _up(row, who, at, 3)


_PLANS = (
    _Plan("PRC", 2, "0.3", _new),
    _Plan("QTY", 5, "0.5", _new),
    _Plan("NDL", 30, "1", _new),
    _Plan("TAX", 52, "0.2", _new),
    _Plan("PON", 26, "1", _known),
    _Plan("DSC", 50, "0.1", _known),
    _Plan("PRC", 54, "0.25", _with_us),
    _Plan("QLT", 74, "0.6", _with_us),
    _Plan("CLC", 98, "0.15", _with_us),
    _Plan("DUP", 122, "1", _up),
    _Plan("QLT", 28, "0.2", _up),
    _Plan("PRC", 31, "0.3", _up_twice),
    _Plan("CAN", 33, "1", _to_the_top),
    _Plan("CAN", 146, "1", _with_us),
    _Plan("DOC", 76, "1", _asked),
    _Plan("NDL", 100, "0.5", _asked),
    _Plan("QTY", 124, "0.4", _asked),
    _Plan("DSC", 56, "0.1", _proposed),
    _Plan("PRC", 78, "0.2", _proposed),
    _Plan("CLC", 102, "0.1", _proposed),
    _Plan("PON", 20, "0.1", _credited),
    _Plan("PRC", 24, "0.2", _credited),
    _Plan("QLT", 22, "0.05", _goodwill),
    _Plan("ADR", 21, "1", _rebilled),
    _Plan("CLC", 24 * 15, "40.00", _small),
    _Plan("QTY", 24 * 8, "0.2", _credited),
    _Plan("CLC", 24 * 10, "0.1", _credited),
    _Plan("QTY", 24 * 12, "0.2", _rejected),
    _Plan("DSC", 24 * 16, "0.1", _credited),
    _Plan("PRC", 24 * 22, "0.2", _withdrawn),
    _Plan("NDL", 24 * 25, "0.3", _rejected),
    _Plan("ADR", 24 * 40, "0.5", _withdrawn),
    _Plan("CLC", 24 * 70, "0.2", _withdrawn),
    _Plan("QLT", 24 * 9, "0.3", _again),
    _Plan("QTY", 24 * 20, "0.2", _asked),
)
