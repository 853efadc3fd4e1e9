"""The clock's edge of collection work."""

from typing import Any

import structlog
from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from cases import operations
from cases.models import Case
from core.errors import DomainError
from entities.models import Entity
from trail.models import Entry
from work import jobs
from work.models import Job

logger = structlog.get_logger(__name__)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def go_round(**_: Any) -> None:
    """Every five minutes, company by company: one that fails does not keep the others waiting."""
    for entity in Entity.objects.order_by("pk"):
        moved = operations.go_round(entity, now=timezone.now())
        if any(moved.values()):
            logger.info("collection_round", entity=entity.code, **moved)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def note_reminder(*, entry_id: int, **_: Any) -> None:
    """After `reminder.sent`: the customer's open cases are reminded of at least."""
    customer = Entry.objects.values_list("customer_key", flat=True).get(pk=entry_id)
    for case in Case.objects.filter(customer=customer, closed_at__isnull=True, stage=Case.Stage.WATCH):
        operations.note_reminder(case)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def make_pack(*, job_id: int, **_: Any) -> None:
    """Make the file of a hand-over. Safe to run twice."""
    job = Job.objects.get(pk=job_id)
    try:
        operations.make_pack(job, now=timezone.now())
    except DomainError as refusal:
        jobs.end(job, now=timezone.now(), error=refusal.message)
