"""What feedback hears of: payments and closed inquiries are asked about, answered complaints are done."""

from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from conversations.models import Thread
from core.errors import DomainError
from feedback import operations
from payments.models import Payment
from trail.models import Entry

logger = structlog.get_logger(__name__)

# Nobody is asked about something long ago, as after books were brought over from another system.
_FRESH = timedelta(days=2)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def ask_about_payment(*, entry_id: int, **_: Any) -> None:
    """After `payment.allocated`. Safe to run twice: a thing is asked about once."""
    entry = Entry.objects.get(pk=entry_id)
    now = timezone.now()
    if "payment" not in settings.SURVEY_OCCASIONS or now - entry.timestamp > _FRESH:
        return
    payment = Payment.objects.select_related("customer__entity").get(pk=entry.object_id)
    try:
        operations.ask_about_payment(payment, now=now)
    except DomainError as refusal:
        logger.info("survey_not_sent", payment=payment.pk, rule=refusal.rule)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def ask_about_inquiry(*, entry_id: int, **_: Any) -> None:
    """After `inquiry.closed`. Safe to run twice: a thing is asked about once."""
    entry = Entry.objects.get(pk=entry_id)
    now = timezone.now()
    if "inquiry" not in settings.SURVEY_OCCASIONS or now - entry.timestamp > _FRESH:
        return
    thread = Thread.objects.select_related("customer__entity", "entity", "contact").get(pk=entry.object_id)
    try:
        operations.ask_about_inquiry(thread, now=now)
    except DomainError as refusal:
        logger.info("survey_not_sent", thread=thread.pk, rule=refusal.rule)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def note_answered(*, entry_id: int, **_: Any) -> None:
    """After `inquiry.answered` and `inquiry.closed`: so is the complaint in it. Safe to run twice."""
    entry = Entry.objects.select_related("actor").get(pk=entry_id)
    operations.note_thread_answered(
        Thread.objects.get(pk=entry.object_id), actor=entry.actor, now=entry.timestamp
    )
