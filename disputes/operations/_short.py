"""A receipt pays less than an invoice asks: its rest is disputed, by one act or by the payer's words."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import structlog

from core.errors import DomainError, Refused
from core.money import plain
from disputes.models import Channel, Dispute
from disputes.operations._raising import Claim, raise_dispute
from disputes.queries import Short, limits_of, once, short_paid
from invoices.models import Invoice
from payments.models import Payment
from team.models import User

logger = structlog.get_logger(__name__)


class NothingShort(Refused):
    """The receipt left nothing of the invoice open that nobody disputes yet."""


def dispute_rest(payment: Payment, invoice: Invoice, *, reason: str, actor: User, now: datetime) -> Dispute:
    """Dispute exactly what a receipt left open of an invoice. Asked twice it is one dispute."""
    before = Dispute.objects.filter(external_id=once(payment, invoice.pk)).first()
    if before is not None and not before.is_over:
        return before
    short = next((one for one in short_paid(payment) if one.invoice.pk == invoice.pk), None)
    if short is None:
        raise NothingShort(
            f"{payment} left nothing of {invoice} open that could be disputed.",
            field="invoice",
            rule="a_short_payment_leaves_a_rest",
            mend="A rest within the tolerance is let go of; what is disputed already is worked on there.",
        )
    if before is not None:
        raise NothingShort(
            f"{before} was about this rest; it is {before.get_state_display().lower()}.",
            field="invoice",
            rule="a_short_payment_is_disputed_once",
            mend=f"Reopen {before}, or note a dispute on the page of the invoice.",
        )
    return _raise(payment, short, short.rest, reason, actor=actor, now=now)


def dispute_short_payment(payment: Payment, *, now: datetime) -> list[Dispute]:
    """Dispute what the payer deducted for a reason we know, where the company wants it; never twice."""
    if not limits_of(payment.entity).disputes_short_payments:
        return []
    found = []
    for short in short_paid(payment):
        if not short.reason or Dispute.objects.filter(external_id=once(payment, short.invoice.pk)).exists():
            continue
        try:
            found.append(
                _raise(payment, short, short.deducted or short.rest, short.reason, actor=None, now=now)
            )
        except DomainError as refusal:
            logger.info("short_payment_not_disputed", payment=payment.pk, rule=refusal.rule)
    return found


def _raise(
    payment: Payment, short: Short, amount: Decimal, reason: str, *, actor: User | None, now: datetime
) -> Dispute:
    invoice = short.invoice
    detail = (
        f"Paid short: {payment} of {payment.received_on:%Y-%m-%d} left "
        f"{plain(short.rest, invoice.currency)} {invoice.currency} of {invoice} open."
    )
    if short.said:
        detail += f" The payer wrote: {short.said}"
    return raise_dispute(
        invoice,
        [Claim(None, amount)],
        reason=reason,
        detail=detail[:5_000],
        channel=Channel.BANK,
        external_id=once(payment, invoice.pk),
        actor=actor,
        now=now,
    )
