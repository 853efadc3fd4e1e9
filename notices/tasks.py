"""The clock's edge of notices: acts that were announced, watchers, deadlines, notices of change."""

from typing import Any

import structlog
from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from notices import operations
from notices.models import ChangeNotice
from trail.models import Entry

logger = structlog.get_logger(__name__)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def tell(*, entry_id: int, **_: Any) -> int:
    """After any act of the protocol. Safe to run twice: each recipient's row is claimed."""
    return operations.tell(entry_id, now=timezone.now())


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def send_change(*, entry_id: int, **_: Any) -> None:
    """After a notice of change was approved. Runs on where it was; each customer is written to once."""
    notice_id = Entry.objects.values_list("object_id", flat=True).get(pk=entry_id)
    notice = ChangeNotice.objects.select_related("entity", "policy", "segment", "job", "approver").get(
        pk=notice_id
    )
    operations.send_change(notice, now=timezone.now())


@shared_task
def tell_watchers() -> int:
    """A tick: what was recorded about watched records."""
    return operations.tell_watchers(now=timezone.now())


@shared_task
def sweep() -> int:
    """A tick: nothing stays untold, and a missed deadline makes work."""
    return operations.sweep(now=timezone.now())
