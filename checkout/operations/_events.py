"""What the gateway tells: checked, noted once, and answered at once; a worker then asks how things stand."""

from __future__ import annotations

from datetime import datetime, timedelta

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet

from checkout.gateways import Declined, NoAnswer
from checkout.models import Checkout, Event, Repayment
from checkout.operations._asking import settle
from checkout.operations._disputes import note_dispute
from checkout.operations._gateways import gateway_of
from checkout.operations._repaying import note_repayment, wonder_who_repaid
from checkout.rules import LIVE
from entities.models import Entity

TASK = "checkout.tasks.handle"
_AWAITED = timedelta(minutes=15)


def take_event(entity: Entity, body: bytes, signature: str, *, now: datetime) -> bool:
    """Take an event; whether it is new. `BadSignature` for one the gateway did not sign lately."""
    knock = gateway_of(entity).read_event(body, signature, now=now)
    with transaction.atomic():
        event, is_new = Event.objects.get_or_create(
            entity=entity,
            event_id=knock.event_id,
            defaults={
                "kind": knock.kind,
                "about": knock.about,
                "made_at": knock.made_at,
                "received_at": now,
            },
        )
        if is_new:
            transaction.on_commit(lambda: current_app.send_task(TASK, kwargs={"event_id": event.pk}))
    return is_new


def handle_event(event: Event, *, now: datetime) -> Event:
    """Ask how what the event is about stands now, and take that over.

    Safe to repeat and in any order: nothing is taken from the event but what to ask for. Without an answer
    the event stays unhandled, and is handled later.
    """
    if event.handled_at is not None:
        return event
    try:
        said = _said(event, now=now)
    except NoAnswer:
        return event
    except Declined as no:
        said = no.message
    Event.objects.filter(pk=event.pk, handled_at=None).update(handled_at=now, outcome=said[:200])
    return Event.objects.get(pk=event.pk)


def _said(event: Event, *, now: datetime) -> str:
    gateway, kind = gateway_of(event.entity), event.kind
    if kind.startswith("checkout.session."):
        return _of_checkout(event, Checkout.objects.filter(gateway_id=event.about), now=now)
    if kind.startswith("payment_intent."):
        return _of_checkout(event, Checkout.objects.filter(intent_id=event.about), now=now)
    if kind.startswith("charge.dispute."):
        dispute = note_dispute(event.entity, gateway.dispute(event.about), now=now)
        return f"{dispute}: {dispute.words}" if dispute else _perhaps_later(event, now=now)
    if kind.startswith("refund.") or kind == "charge.refund.updated":
        found = Repayment.objects.filter(gateway_id=event.about, checkout__entity=event.entity).first()
        if found is None:
            return wonder_who_repaid(event, now=now)
        done = note_repayment(found, gateway.repayment(event.about), now=now)
        return f"{done}: {done.get_state_display().lower()}"
    return "Not followed"


def _of_checkout(event: Event, found: QuerySet[Checkout], *, now: datetime) -> str:
    checkout = found.filter(entity=event.entity).select_related("entity").first()
    if checkout is None:
        return _perhaps_later(event, now=now)
    settled = settle(checkout, gateway_of(event.entity).outcome(str(checkout.gateway_id)), now=now)
    return f"{settled}: {settled.get_state_display().lower()}"


def _perhaps_later(event: Event, *, now: datetime) -> str:
    """News may overtake the answer that says which page it is of: while one is awaited, ask once more."""
    if (
        now - event.received_at < _AWAITED
        and Checkout.objects.filter(entity=event.entity, state__in=LIVE).exists()
    ):
        raise NoAnswer("not known yet")
    return "Of no payment of ours"
