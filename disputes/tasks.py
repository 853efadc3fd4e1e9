"""The clock's edge of disputes, and what they hear of conversations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from conversations.models import Thread
from core.errors import DomainError
from disputes import operations
from disputes.models import Dispute
from payments.models import Payment
from trail.models import Entry

logger = structlog.get_logger(__name__)

# Nobody is asked about something long ago, nor is a receipt of long ago disputed.
_FRESH = timedelta(days=2)


@shared_task
def watch(**_: Any) -> dict[str, int]:
    """Warn, escalate and close what nobody answered. Safe beside itself."""
    return operations.watch(now=timezone.now())


@shared_task(acks_late=True)
def note_message(*, entry_id: int, **_: Any) -> None:
    """A customer wrote on: a dispute that waited for them goes on. Safe to run twice."""
    entry = Entry.objects.get(pk=entry_id)
    thread = Thread.objects.filter(pk=entry.object_id).first()
    if thread is not None and not (entry.additional_data or {}).get("automatic"):
        operations.note_message(thread, now=timezone.now())


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def ask_how_it_went(*, entry_id: int, **_: Any) -> None:
    """After a dispute ended. Safe to run twice: a thing is asked about once."""
    entry = Entry.objects.get(pk=entry_id)
    now = timezone.now()
    if "dispute" not in settings.SURVEY_OCCASIONS or now - entry.timestamp > _FRESH:
        return
    rows = Dispute.objects.select_related("customer__entity", "entity", "invoice", "contact")
    dispute = rows.get(pk=entry.object_id)
    try:
        operations.ask_how_it_went(dispute, now=now)
    except DomainError as refusal:
        logger.info("survey_not_sent", dispute=dispute.pk, rule=refusal.rule)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def note_short_payment(*, entry_id: int, **_: Any) -> None:
    """After `payment.allocated`: what was deducted for a reason we know is disputed. Safe to run twice."""
    entry = Entry.objects.get(pk=entry_id)
    now = timezone.now()
    if now - entry.timestamp <= _FRESH:
        payment = Payment.objects.select_related("entity", "customer", "open_item").get(pk=entry.object_id)
        operations.dispute_short_payment(payment, now=now)
