"""Jobs of the clock that measure."""

from typing import Any

from celery import shared_task

from metrics import health


@shared_task(acks_late=False)
def heartbeat(**_: Any) -> None:
    """Note that the clock ticks and a worker answers. Lost ones do not matter: the next is near."""
    health.note_worker()
