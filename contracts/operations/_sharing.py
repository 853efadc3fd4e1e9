"""Several workers on one job: it is cut into shares by customer, and a worker takes whichever nobody holds.

A share is held by an advisory lock that ends with the transaction of a chunk, so a worker that is killed
holds nothing. Two contracts of a customer are never in two shares: they may share an invoice, and a missed
period is billed before the next one.
"""

import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple, TypeVar

from django.db import connection, transaction
from django.db.models import F, Model, QuerySet
from django.db.models.lookups import Exact

from work.models import Job

SHARES = 4

Row = TypeVar("Row", bound=Model)


class Share(NamedTuple):
    """The customers whose key leaves this rest, divided by `of`."""

    rest: int
    of: int

    def within(self, rows: QuerySet[Row], column: str) -> QuerySet[Row]:
        """The rows of the share, by the column that names their customer."""
        return rows.filter(Exact(F(column) % self.of, self.rest))


def shares(count: int) -> list[Share]:
    """The whole in so many shares."""
    return [Share(rest, count) for rest in range(count)]


class _Found(Enum):
    """How a share was found: worked on, with nothing left to do, or in another worker's hands."""

    WORKED, EMPTY, HELD = auto(), auto(), auto()


def work_on(
    job: Job, parts: list[Share], step: Callable[[Job, Share], Job | None], *, until: float | None
) -> Job:
    """Chunk after chunk, until all shares are empty or in other hands, time is up or it was stopped.

    `step` does one chunk of a share and counts it, or gives None where nothing is left; it runs in a
    transaction of its own. `until` is an instant of the monotonic clock.
    """
    left, held = deque(parts), 0
    while len(left) > held and not job.cancel_asked and job.state == Job.State.RUNNING:
        if until is not None and time.monotonic() >= until:
            break
        job, found = _try(job, left[0], step)
        if found is _Found.EMPTY:
            left.popleft()
        elif found is _Found.HELD:
            left.rotate(-1)
        held = held + 1 if found is _Found.HELD else 0
    return job


@transaction.atomic
def _try(job: Job, share: Share, step: Callable[[Job, Share], Job | None]) -> tuple[Job, _Found]:
    with connection.cursor() as cursor:
        # Who ends the work waits for all who are at it.
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0)),"
            " pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [_lock_of(job), f"{_lock_of(job)}.{share.rest}"],
        )
        is_ours = cursor.fetchone()[1]
    job = Job.objects.select_related("requested_by").get(pk=job.pk)
    if job.state != Job.State.RUNNING or not is_ours:
        return job, _Found.HELD
    done = step(job, share)
    return (job, _Found.EMPTY) if done is None else (done, _Found.WORKED)


def wait_for_all(job: Job) -> None:
    """Until the transaction ends nobody works on a share; those who do end their chunk first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_lock_of(job)])


def _lock_of(job: Job) -> str:
    return f"contracts.run.{job.pk}"
