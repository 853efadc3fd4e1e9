"""The outbox's way out: waiting announcements are handed to the tasks that subscribed to their facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Min

from trail.models import Announcement

BATCH = 200
_MOST_ATTEMPTS = 32_000  # the column's end; counting stops there, trying does not


@dataclass(frozen=True)
class Handed:
    """What one batch did: how many were handed over, and the error that stopped it, if one did."""

    count: int
    error: Exception | None = None


@dataclass(frozen=True)
class Outbox:
    """The state of the outbox: how many wait, since when the oldest does, the most attempts of one."""

    waiting: int
    oldest_at: datetime | None
    most_attempts: int

    def lag(self, now: datetime) -> timedelta:
        """How long the oldest announcement has been waiting."""
        return now - self.oldest_at if self.oldest_at else timedelta(0)


def outbox() -> Outbox:
    """What waits to be announced."""
    found = Announcement.objects.filter(handed_over_at__isnull=True).aggregate(
        waiting=Count("id"), oldest_at=Min("queued_at"), most_attempts=Max("attempts")
    )
    return Outbox(found["waiting"], found["oldest_at"], found["most_attempts"] or 0)


@transaction.atomic
def hand_over(send: Callable[[Announcement], None], *, now: datetime, limit: int = BATCH) -> Handed:
    """Give up to `limit` waiting announcements to `send`, oldest first, at least once each.

    They are marked in the same transaction: a crash between the two repeats them. Rows that another relay
    holds are passed over. A `send` that raises ends the batch; what was sent before it stays marked.
    """
    rows = Announcement.objects.select_for_update(skip_locked=True, of=("self",)).select_related("entry")
    tried: list[Announcement] = []
    error: Exception | None = None
    for row in rows.filter(handed_over_at__isnull=True).order_by("id")[:limit]:
        row.attempts = min(row.attempts + 1, _MOST_ATTEMPTS)
        tried.append(row)
        try:
            send(row)
        except Exception as failure:  # noqa: BLE001 (whatever stopped it, the rows before it were sent)
            error = failure
            break
        row.handed_over_at = now
    Announcement.objects.bulk_update(tried, ["attempts", "handed_over_at"])
    return Handed(len(tried) - (error is not None), error)
