"""The clock's edge of bank statements."""

from typing import Any

from celery import shared_task

from banking import jobs


@shared_task(acks_late=True)
def match(*, job_id: int, **_: Any) -> None:
    """Match the lines of a statement. After a lost worker it goes on where it was."""
    jobs.run(job_id)
