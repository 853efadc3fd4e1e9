"""Nothing stays unknown: whatever has no outcome is asked for again, the longest unasked first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q

from checkout.models import Checkout, Event, Repayment
from checkout.operations._asking import ask_again
from checkout.operations._events import handle_event
from checkout.operations._repaying import ask_repayment, repay
from checkout.rules import LIVE
from core.errors import DomainError
from payments.models import Refund
from work.operations import open_work

logger = structlog.get_logger(__name__)
# An unknown outcome is asked for every minute; of an open page the gateway tells by itself.
_UNKNOWN_AFTER = timedelta(seconds=30)
_OPEN_AFTER = timedelta(minutes=10)
_AT_ONCE = 200


@dataclass
class Settled:
    """How much was asked for, and how much is still not known."""

    asked: int = 0
    left: int = 0


def settle_unknown(*, now: datetime) -> Settled:
    """One round. Each row by itself: one that cannot be settled does not keep the others."""
    done = Settled()
    late = Q(asked_at=None) | Q(asked_at__lt=now - _UNKNOWN_AFTER)
    due = late & Q(state="unknown") | Q(asked_at__lt=now - _OPEN_AFTER) | Q(page_until__lt=now)
    rows = Checkout.objects.filter(due & late, state__in=LIVE).select_related("entity")
    for checkout in rows.order_by(F("asked_at").asc(nulls_first=True), "pk")[:_AT_ONCE]:
        done.asked += 1
        try:
            after = ask_again(checkout, now=now)
        except DomainError as refusal:
            _tell(checkout, refusal, now=now)
            done.left += 1
        else:
            done.left += after.state == Checkout.State.UNKNOWN
    _repayments(done, late, now=now)
    for event in (
        Event.objects.filter(handled_at=None, received_at__lt=now - _UNKNOWN_AFTER)
        .select_related("entity")
        .order_by("received_at")[:_AT_ONCE]
    ):
        done.asked += 1
        try:
            done.left += handle_event(event, now=now).handled_at is None
        except DomainError as refusal:
            logger.warning("gateway_event_not_handled", entry=event.pk, rule=refusal.rule)
            done.left += 1
    return done


def _repayments(done: Settled, late: Q, *, now: datetime) -> None:
    # Approved and never asked for: the task that asks was lost.
    forgotten = Refund.objects.filter(
        state=Refund.State.PAID, credit__payment__checkout__isnull=False, repayment=None, left_on=None
    )
    for refund in forgotten[:_AT_ONCE]:
        done.asked += 1
        try:
            repay(refund, now=now)
        except DomainError as refusal:
            logger.warning("repayment_not_asked", refund=refund.pk, rule=refusal.rule)
            done.left += 1
    for made in Repayment.objects.filter(late, state__in=["unknown", "pending"])[:_AT_ONCE]:
        done.asked += 1
        try:
            done.left += ask_repayment(made, now=now).state == Repayment.State.UNKNOWN
        except DomainError as refusal:
            logger.warning("repayment_not_settled", repayment=made.pk, rule=refusal.rule)
            done.left += 1


def _tell(checkout: Checkout, refusal: DomainError, *, now: datetime) -> None:
    """The gateway has an outcome that cannot be booked: it is asked for again, and somebody is told."""
    logger.warning("online_payment_not_settled", checkout=checkout.pk, rule=refusal.rule)
    open_work(
        kind="online_payment",
        key=f"checkout:{checkout.pk}:settle",
        subject=checkout,
        label=f"{checkout} cannot be booked",
        path=checkout.get_absolute_url(),
        why=f"{refusal.message} {refusal.mend or ''}".strip(),
        now=now,
        entity=checkout.entity,
        customer_id=checkout.customer_id,
        role="cash_applier",
        value=checkout.amount,
        currency=checkout.currency,
    )
