"""The clock's edge of correspondence: handing waiting messages to the mail server."""

from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import OperationalError, transaction
from django.utils import timezone

from correspondence import operations
from correspondence.queries import due_deliveries

BATCH = 200
_QUEUED_SECONDS = 60


@shared_task
def deliver_waiting(**_: Any) -> int:
    """Queue one task per message that is due; returns how many. Rows a worker holds are passed over."""
    with transaction.atomic():
        due = due_deliveries(timezone.now()).select_for_update(skip_locked=True)
        ids = list(due.values_list("pk", flat=True)[:BATCH])
    # The mark lies beside the queue: what loses the queue loses the mark, and the row is queued again.
    fresh = [pk for pk in ids if cache.add(_mark(pk), 1, _QUEUED_SECONDS)]
    for pk in fresh:
        deliver.delay(delivery_id=pk)
    return len(fresh)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def deliver(*, delivery_id: int, **_: Any) -> None:
    """Hand one message over. Safe to run twice: the operation claims the row first."""
    try:
        operations.deliver(delivery_id, now=timezone.now())
    finally:
        cache.delete(_mark(delivery_id))


@shared_task(acks_late=True)
def print_letters(*, job_id: int, **_: Any) -> None:
    """Put the letters of a job into one file. Safe to run twice."""
    operations.print_letters(job_id)


def _mark(delivery_id: int) -> str:
    return f"correspondence:queued:{delivery_id}"
