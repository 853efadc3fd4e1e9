"""The clock's edge: the daily round of each company, and the alarm when there is none."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from correspondence.events import MESSAGE_CANCELLED
from entities.models import Entity
from reminders import operations, queries
from reminders.models import Digest, Reminder
from trail.models import Entry

_AGAIN_AFTER = timedelta(minutes=30)
BATCH = 100
"""Customers written to in one transaction: not too many, for their open items are locked meanwhile."""


@shared_task
def go_round(**_: Any) -> int:
    """Queue a round for each company that has none of its local day, or an old one; returns how many."""
    now = timezone.now()
    due = queries.companies_to_go_round(now, again_after=_AGAIN_AFTER)
    for entity in due:
        decide_round.delay(entity_id=entity.pk)
    return len(due)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def decide_round(*, entity_id: int, **_: Any) -> None:
    """Decide for one company. Safe to run twice."""
    entity, now = Entity.objects.get(pk=entity_id), timezone.now()
    operations.release_ended_holds(entity, now=now)
    operations.decide_round(entity, now=now)
    operations.close_steps(entity, now=now)


@shared_task
def send_due(**_: Any) -> int:
    """Queue the sending of what is meant today where it is a decent hour now; returns how many customers.

    Letters that wait for the post are asked again as well, whatever the hour.
    """
    now, count = timezone.now(), 0
    for entity in queries.companies():
        operations.withdraw_letters(entity, now=now)
        customers = queries.customers_to_write_to(entity, now)
        for at in range(0, len(customers), BATCH):
            send.delay(entity_id=entity.pk, customers=customers[at : at + BATCH])
        count += len(customers)
    return count


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def send(*, entity_id: int, customers: list[int], **_: Any) -> None:
    """Write the day's message to each of these customers. Safe to run twice: the rows are the claim."""
    operations.send_reminders(Entity.objects.get(pk=entity_id), customers, now=timezone.now())


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def note_delivery(*, entry_id: int, **_: Any) -> None:
    """After something became of a message: where it was a reminder, its steps say so."""
    entry = Entry.objects.select_related("content_type").get(pk=entry_id)
    if entry.content_type.model_class() is not Digest:
        return
    digest, now = Digest.objects.get(pk=entry.object_id), timezone.now()
    by_hand = entry.fact == MESSAGE_CANCELLED and entry.actor_id is not None
    if operations.note_delivery(digest, now=now, by_hand=by_hand) == Reminder.State.SENT:
        operations.charge_steps(digest, now=now)


@shared_task
def watch(**_: Any) -> int:
    """Raise the alarm for companies without a decision for 26 hours; returns how many."""
    return operations.raise_alarms(now=timezone.now())
