"""A cardholder's bank takes money back, and sometimes gives it back again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from checkout import events
from checkout.gateways import Disputed, NoAnswer
from checkout.models import Checkout, Dispute
from core.errors import DomainError, Refused
from core.money import plain
from entities.models import Entity
from entities.queries import local_day
from payments import operations as payments
from payments.models import Payment
from payments.operations import Receipt
from trail.operations import record
from work.operations import open_work


@transaction.atomic
def note_dispute(entity: Entity, found: Disputed, *, now: datetime) -> Dispute | None:
    """Take over how a dispute stands: somebody answers it; money taken returns the receipt, once.

    What is given back later is a new receipt of the customer's. None: no payment of ours is disputed.
    """
    checkout = (
        Checkout.objects.select_for_update(of=("self",))
        .select_related("entity", "customer", "invoice", "payment")
        .filter(entity=entity, intent_id=found.intent_id)
        .first()
    )
    if checkout is None:
        return None
    if checkout.payment is None:
        # It was paid, or nobody could dispute it: the receipt comes first.
        raise NoAnswer("not booked yet")
    dispute, is_new = Dispute.objects.get_or_create(
        gateway_id=found.gateway_id,
        defaults={
            "checkout": checkout,
            "amount": found.amount,
            "state": found.state,
            "reason": found.reason[:80],
            "opened_at": now,
        },
    )
    if is_new:
        _record(events.DISPUTE_OPENED, dispute, now=now)
        _ask_somebody(dispute, "opened", f"The cardholder's bank says: {found.reason}.", now=now)
    dispute.state = found.state[:40]
    if (found.taken or found.given_back) and dispute.taken_at is None:
        _take(dispute, now=now)
    if found.given_back and dispute.given_back is None and dispute.taken_at is not None:
        _give_back(dispute, now=now)
    dispute.save(update_fields=["state", "taken_at", "given_back"])
    return dispute


def _take(dispute: Dispute, *, now: datetime) -> None:
    checkout = dispute.checkout
    payment = checkout.payment
    if payment is None:
        return
    try:
        if dispute.amount != payment.amount:
            _refuse_part(dispute, payment)
        with transaction.atomic():
            if payment.state == Payment.State.RECEIVED:
                payments.bounce_payment(
                    payment,
                    on=local_day(checkout.entity, now),
                    reason=f"Card dispute: {dispute.reason or 'no reason given'}",
                    actor=None,
                    now=now,
                )
    except DomainError as refusal:
        # A part of it, or a receipt that was refunded: the book needs a person.
        _ask_somebody(dispute, "taken", refusal.message, now=now)
    dispute.taken_at = now
    _record(events.DISPUTE_TAKEN, dispute, now=now)


def _refuse_part(dispute: Dispute, payment: Payment) -> None:
    """Refuse to return a whole receipt of which a part is disputed."""
    raise Refused(
        f"{plain(dispute.amount, payment.currency)} of {plain(payment.amount, payment.currency)} "
        f"{payment.currency} was taken back.",
        rule="a_whole_receipt_is_returned",
        mend="Undo its allocation, return it, and record the rest as a receipt.",
    )


def _give_back(dispute: Dispute, *, now: datetime) -> None:
    checkout = dispute.checkout
    payment = checkout.payment
    if payment is None or payment.state != Payment.State.BOUNCED:
        # The receipt was never returned, because a person had to: they see to this as well.
        _ask_somebody(dispute, "given back", "The dispute was won; nothing had been booked.", now=now)
        return
    dispute.given_back = payments.record_payment(
        Receipt(
            entity=checkout.entity,
            received_on=local_day(checkout.entity, now),
            currency=payment.currency,
            amount=dispute.amount,
            customer=payment.customer,
            method=Payment.Method.CARD,
            reference=str(checkout.invoice.number),
            note=f"Dispute {dispute.gateway_id} was won",
            external_key=f"card_dispute:{dispute.pk}",
        ),
        actor=None,
        now=now,
    )
    _record(events.DISPUTE_GIVEN_BACK, dispute, now=now)
    _ask_somebody(dispute, "won", "The money is back as a receipt: allocate it.", now=now)


def _ask_somebody(dispute: Dispute, what: str, why: str, *, now: datetime) -> None:
    checkout = dispute.checkout
    open_work(
        kind="card_dispute",
        key=f"card_dispute:{dispute.pk}:{what}",
        subject=dispute,
        label=f"Card dispute {what}: {checkout.invoice.number}, {checkout.customer.name}",
        path=checkout.get_absolute_url(),
        why=why,
        now=now,
        entity=checkout.entity,
        customer_id=checkout.customer_id,
        role="cash_applier",
        value=dispute.amount,
        currency=checkout.currency,
    )


def _record(fact: str, dispute: Dispute, *, now: datetime) -> None:
    checkout = dispute.checkout
    record(
        fact,
        checkout,
        actor=None,
        at=now,
        customer_id=checkout.customer_id,
        dispute=dispute.gateway_id,
        amount=dispute.amount,
        currency=checkout.currency,
        reason=dispute.reason,
    )
