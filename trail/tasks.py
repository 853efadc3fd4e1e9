"""The clock's edge of the trail: announcing facts to their subscribers."""

import structlog
from celery import current_app, shared_task
from django.utils import timezone

from trail.models import Announcement
from trail.relay import BATCH, hand_over

logger = structlog.get_logger(__name__)

_MOST_BATCHES = 50  # one tick announces at most this many batches; the next one goes on


@shared_task
def relay() -> int:
    """Announce what waits; returns how many. Safe to run beside itself."""
    total = 0
    for _ in range(_MOST_BATCHES):
        handed = hand_over(_send, now=timezone.now())
        total += handed.count
        if handed.error is not None:
            raise handed.error
        if handed.count < BATCH:
            break
    return total


def _send(row: Announcement) -> None:
    """Queue the subscriber under the correlation id of the act, so that both are found together."""
    context = {"request_id": row.entry.cid} if row.entry.cid else {}
    with structlog.contextvars.bound_contextvars(**context):
        current_app.send_task(row.task, kwargs={"entry_id": row.entry_id})
