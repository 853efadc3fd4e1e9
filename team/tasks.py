"""The clock's edge of people: keys of requests end."""

from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from team import idempotency

logger = structlog.get_logger(__name__)


@shared_task(acks_late=True)
def forget_old_requests(**_: Any) -> None:
    """Delete Idempotency-Keys older than a day. Safe to run twice."""
    logger.info("idempotency_keys_forgotten", count=idempotency.forget_old(now=timezone.now()))
