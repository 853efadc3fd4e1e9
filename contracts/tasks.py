"""The clock's edge of contracts: doing the runs that were approved."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from contracts import operations
from work import jobs
from work.models import Job

TURN = timedelta(seconds=10)
"""How long a helper works on a run before it lets what waits behind it pass."""


@shared_task
def plan_due(**_: Any) -> int:
    """Plan what is due today at each company; a person approves it. Returns how many runs there are new."""
    made = operations.plan_by_clock(now=timezone.now())
    for run in made:
        if run.job is not None:
            jobs.hand_over(run.job)
    return len(made)


@shared_task(acks_late=True)
def do_plan(*, job_id: int, is_help: bool = False, **_: Any) -> None:
    """Plan a bill run of many contracts, helped by a second worker; after a lost one go on where it was."""
    _together(do_plan, operations.do_plan, job_id, is_help=is_help)


@shared_task(acks_late=True)
def do_run(*, job_id: int, is_help: bool = False, **_: Any) -> None:
    """Work through the rows of a bill run, helped by a second worker; after a lost one go on where it was."""
    _together(do_run, operations.do_run, job_id, is_help=is_help)


def _together(task: Any, work: Callable[..., Job], job_id: int, *, is_help: bool) -> None:
    if not is_help:
        task.delay(job_id=job_id, is_help=True)
    job = work(job_id, turn=TURN if is_help else None)
    if is_help and job.state == Job.State.RUNNING:
        task.delay(job_id=job_id, is_help=True)
