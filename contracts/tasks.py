"""The clock's edge of contracts: doing the runs that were approved."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from contracts import operations


@shared_task
def plan_due(**_: Any) -> int:
    """Plan what is due today at each company; a person approves it. Returns how many runs there are new."""
    return len(operations.plan_by_clock(now=timezone.now()))


@shared_task(acks_late=True)
def do_plan(*, job_id: int, **_: Any) -> None:
    """Plan a bill run of many contracts. After a lost worker it goes on where it was."""
    operations.do_plan(job_id)


@shared_task(acks_late=True)
def do_run(*, job_id: int, **_: Any) -> None:
    """Work through the rows of a bill run. After a lost worker it goes on where it was."""
    operations.do_run(job_id)
