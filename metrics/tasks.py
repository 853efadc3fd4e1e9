"""Jobs of the clock that measure."""

from typing import Any

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from metrics import health, kpis


@shared_task(acks_late=False)
def heartbeat(**_: Any) -> None:
    """Note that the clock ticks and a worker answers. Lost ones do not matter: the next is near."""
    health.note_worker()


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def measure_improvements(**_: Any) -> int:
    """The value before of improvements that began, the one 30 days after their end. Safe beside itself."""
    return kpis.measure_improvements(now=timezone.now())
