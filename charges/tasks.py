"""The clock's edge of late charges: mails that wait for their document."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from charges import operations, queries

BATCH = 100


@shared_task
def send_waiting(**_: Any) -> int:
    """Write the mails of charges that are issued and not announced yet; returns how many were looked at."""
    waiting = list(
        queries.waiting_to_send().select_related("document", "invoice", "customer", "entity")[:BATCH]
    )
    for charge in waiting:
        operations.send_charge(charge, now=timezone.now())
    return len(waiting)
