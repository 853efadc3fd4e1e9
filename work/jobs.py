"""Long work that people watch: begun, counted, cancelled, ended. Every act is safe beside itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from core.errors import Refused
from team.models import User
from trail.operations import record
from work.events import JOB_ASKED, JOB_CANCELLED, JOB_ENDED
from work.models import Job

KEPT_FAILURES = 1000
OVER = (Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED)


@transaction.atomic
def ask(
    kind: str, *, title: str, arguments: Mapping[str, Any], total: int, actor: User | None, now: datetime
) -> Job:
    """Note work to be done; the caller queues its task after the commit."""
    job = Job.objects.create(
        kind=kind,
        title=title[:160],
        arguments=dict(arguments),
        total=total,
        requested_by=actor,
        requested_at=now,
    )
    record(JOB_ASKED, job, actor=actor, at=now, kind=kind, title=title, total=total)
    return job


@transaction.atomic
def begin(job: Job, *, now: datetime) -> Job:
    """Take the job up, for the first time or after a worker was lost. One that is over stays over."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.state in OVER:
        return job
    job.state = Job.State.RUNNING
    job.started_at = job.started_at or now
    job.beat_at = now
    job.save(update_fields=["state", "started_at", "beat_at"])
    return job


@transaction.atomic
def advance(
    job: Job,
    *,
    done: int,
    failures: Sequence[Mapping[str, str]] = (),
    now: datetime,
) -> Job:
    """Count `done` more rows, `failures` of them without success: {row, field, message, mend}.

    `job.cancel_asked` of the answer says whether to stop.
    """
    job = Job.objects.select_for_update().get(pk=job.pk)
    job.done = min(job.total, job.done + done)
    job.failed += len(failures)
    job.failures = [*job.failures, *map(dict, failures)][:KEPT_FAILURES]
    job.beat_at = now
    job.save(update_fields=["done", "failed", "failures", "beat_at"])
    return job


@transaction.atomic
def end(job: Job, *, now: datetime, result: Mapping[str, Any] | None = None, error: str = "") -> Job:
    """The work is over: done, cancelled where that was asked, or failed with an error."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.state in OVER:
        return job
    if error:
        job.state = Job.State.FAILED
        job.failures = [*job.failures, {"row": "", "field": "", "message": error[:500], "mend": ""}]
    else:
        job.state = Job.State.CANCELLED if job.cancel_asked and job.done < job.total else Job.State.DONE
    job.finished_at = now
    job.result = {**job.result, **(result or {})}
    job.save(update_fields=["state", "failures", "finished_at", "result"])
    record(
        JOB_ENDED, job, actor=None, at=now, kind=job.kind, state=job.state, done=job.done, failed=job.failed
    )
    return job


@transaction.atomic
def cancel(job: Job, *, actor: User | None, now: datetime) -> Job:
    """Ask the worker to stop after the rows in its hands. What is done stays done."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.state in OVER:
        raise Refused(
            f"“{job.title}” is over; there is nothing to cancel.", rule="only_running_work_is_cancelled"
        )
    if job.cancel_asked:
        return job
    job.cancel_asked = True
    fields = ["cancel_asked"]
    if job.state == Job.State.QUEUED:
        job.state, job.finished_at = Job.State.CANCELLED, now
        fields += ["state", "finished_at"]
    job.save(update_fields=fields)
    record(JOB_CANCELLED, job, actor=actor, at=now, kind=job.kind, done=job.done)
    return job
