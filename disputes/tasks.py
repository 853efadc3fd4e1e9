"""The clock's edge of disputes, and what they hear of conversations."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from conversations.models import Thread
from disputes import operations
from trail.models import Entry


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
