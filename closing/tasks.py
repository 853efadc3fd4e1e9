"""The clock's edge of month ends: revaluing as a job."""

from typing import Any

from celery import shared_task

from closing import jobs


@shared_task(acks_late=True)
def revalue(*, job_id: int, **_: Any) -> None:
    """Revalue a month. After a lost worker nothing is posted twice."""
    jobs.run(job_id)
