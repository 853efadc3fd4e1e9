"""Long work that people watch: begun, counted, cancelled, ended. Every act is safe beside itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Q

from core.errors import Refused
from team.models import User
from trail.operations import record
from work.events import JOB_ASKED, JOB_CANCELLED, JOB_ENDED
from work.models import Job

KEPT_FAILURES = 1000
FAILED_IDS = "failed_ids"
SILENT = timedelta(seconds=120)
"""A job whose worker said nothing for so long is given to another one."""
OVER = (Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED)


@transaction.atomic
def ask(
    kind: str,
    *,
    title: str,
    arguments: Mapping[str, Any],
    total: int,
    actor: User | None,
    now: datetime,
    task: str = "",
) -> Job:
    """Note work to be done; `hand_over` gives it to a worker.

    `task` is the name of that task, given `job_id`: with it the job is taken up again after a lost worker.
    """
    job = Job.objects.create(
        kind=kind,
        title=title[:160],
        arguments={**arguments, "task": task} if task else dict(arguments),
        total=total,
        requested_by=actor,
        requested_at=now,
    )
    record(JOB_ASKED, job, actor=actor, at=now, kind=kind, title=title, total=total)
    return job


def hand_over(job: Job) -> Job:
    """Give the job to a worker once it is written. Given twice, its task finds the job over."""
    transaction.on_commit(
        lambda: current_app.send_task(str(job.arguments["task"]), kwargs={"job_id": job.pk})
    )
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
    failed_ids: Sequence[int] = (),
    now: datetime,
) -> Job:
    """Count `done` more rows, `failures` of them without success: {row, field, message, mend}.

    `failed_ids` are all that failed, for trying them again; of the failures the first 1,000 are kept.
    `job.cancel_asked` of the answer says whether to stop.
    """
    job = Job.objects.select_for_update().get(pk=job.pk)
    job.done = min(job.total, job.done + done)
    job.failed += len(failures)
    job.failures = [*job.failures, *map(dict, failures)][:KEPT_FAILURES]
    if failed_ids:
        job.result = {**job.result, FAILED_IDS: [*job.result.get(FAILED_IDS, []), *failed_ids]}
    job.beat_at = now
    job.save(update_fields=["done", "failed", "failures", "result", "beat_at"])
    return job


@transaction.atomic
def take_up_lost(*, now: datetime) -> list[tuple[str, int]]:
    """(task, job id) of jobs nobody works on: waiting or silent for longer than SILENT.

    Each is named once per SILENT, so a busy queue does not fill with the same job. Its next worker goes on
    where the last one ended; where that one lives after all, they take turns under the job's lock.
    """
    silent = Q(beat_at__lt=now - SILENT) | Q(beat_at=None, requested_at__lt=now - SILENT)
    rows = Job.objects.select_for_update(skip_locked=True).filter(
        silent, state__in=[Job.State.QUEUED, Job.State.RUNNING], arguments__has_key="task"
    )
    found = []
    for job in rows:
        job.beat_at = now
        job.save(update_fields=["beat_at"])
        found.append((str(job.arguments["task"]), job.pk))
    return found


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
