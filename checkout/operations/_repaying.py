"""Approved refunds of card receipts go back to the card they came from, once."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from checkout import events
from checkout.gateways import NoAnswer, Repaid
from checkout.models import Checkout, Event, Repayment
from checkout.operations._gateways import gateway_of
from core.errors import DomainError, Refused
from entities.queries import local_day
from payments import operations as payments
from payments.models import Refund
from trail.operations import record
from work.operations import open_work

State = Repayment.State
_OVER = (State.DONE, State.FAILED)


def repay(refund: Refund, *, now: datetime) -> Repayment | None:
    """Send an approved refund of a receipt paid online; None where it is none. It goes once."""
    made = _claim(refund, now=now)
    return ask_repayment(made, now=now) if made is not None else None


@transaction.atomic
def _claim(refund: Refund, *, now: datetime) -> Repayment | None:
    """The row, committed before the gateway is asked."""
    refund = Refund.objects.select_for_update(of=("self",)).get(pk=refund.pk)
    checkout = Checkout.objects.filter(payment__open_item=refund.credit_id).first()
    if checkout is None:
        return None
    if refund.state != Refund.State.PAID:
        raise Refused(
            f"{refund} is {refund.get_state_display().lower()}.",
            rule="only_an_approved_refund_is_sent",
            mend="A second person approves it first.",
        )
    made, is_new = Repayment.objects.get_or_create(
        refund=refund,
        defaults={"checkout": checkout, "handle": secrets.token_urlsafe(32), "begun_at": now},
    )
    if is_new:
        _record(events.REPAYMENT_ASKED, made, now=now)
    return made


def ask_repayment(made: Repayment, *, now: datetime) -> Repayment:
    """Ask for it, under its one key, or how it stands. Without an answer it stays as it is."""
    made = Repayment.objects.select_related("refund", "checkout__entity").get(pk=made.pk)
    if made.state in _OVER:
        return made
    gateway = gateway_of(made.checkout.entity)
    Repayment.objects.filter(pk=made.pk).update(asked_at=now)
    try:
        if made.gateway_id is not None:
            return note_repayment(made, gateway.repayment(made.gateway_id), now=now)
        answer = gateway.repay(
            made.handle, str(made.checkout.intent_id), made.refund.amount, made.refund.currency
        )
    except NoAnswer:
        return made
    except DomainError as no:
        if made.gateway_id is not None:
            return made
        answer = Repaid("", "failed", no.message)
    return note_repayment(made, answer, now=now)


@transaction.atomic
def note_repayment(made: Repayment, answer: Repaid, *, now: datetime) -> Repayment:
    """Take over how it stands. Done stays done; one that failed is somebody's work."""
    made = (
        Repayment.objects.select_for_update(of=("self",))
        .select_related("refund__customer", "checkout__entity")
        .get(pk=made.pk)
    )
    if made.state == State.FAILED or (made.state == State.DONE and answer.state != "failed"):
        return made
    made.gateway_id = answer.gateway_id or made.gateway_id
    made.state, made.reason = answer.state, answer.reason[:300]
    if made.state in _OVER:
        made.settled_at = now
    made.save(update_fields=["gateway_id", "state", "reason", "settled_at"])
    if made.state == State.DONE:
        payments.note_refund_left(
            made.refund, on=local_day(made.checkout.entity, now), by="the gateway", actor=None, now=now
        )
        _record(events.REPAYMENT_DONE, made, now=now)
    if made.state == State.FAILED:
        _record(events.REPAYMENT_FAILED, made, now=now)
        _ask_somebody(made, now=now)
    return made


def wonder_who_repaid(event: Event, *, now: datetime) -> str:
    """Money was given back at the gateway that nobody approved here: somebody books it."""
    open_work(
        kind="online_payment",
        key=f"repaid_elsewhere:{event.entity_id}:{event.about}"[:160],
        subject=event,
        label="A refund was made at the gateway, not here",
        path="/online-payments/",
        why=f"Refund {event.about}: ask for the refund here as well, so that the books say it.",
        now=now,
        entity=event.entity,
        role="cash_applier",
    )
    return "Not asked for here"


def _ask_somebody(made: Repayment, *, now: datetime) -> None:
    refund = made.refund
    open_work(
        kind="online_payment",
        key=f"repayment:{made.pk}:failed",
        subject=made,
        label=f"Refund to {refund.customer.name} did not reach the card",
        path=f"/payments/refunds/{refund.pk}/",
        why=f"{made.reason or 'The gateway gives no reason.'} Pay it another way and say so.",
        now=now,
        entity=made.checkout.entity,
        customer_id=refund.customer_id,
        role="cash_applier",
        value=refund.amount,
        currency=refund.currency,
    )


def _record(fact: str, made: Repayment, *, now: datetime) -> None:
    record(
        fact,
        made.refund,
        actor=None,
        at=now,
        customer_id=made.refund.customer_id,
        amount=made.refund.amount,
        currency=made.refund.currency,
        reason=made.reason,
    )
