"""The clock's edge of integrations: imports that were asked for."""

from typing import Any

from celery import shared_task

from integrations import importing


@shared_task(acks_late=True)
def run_import(*, job_id: int, **_: Any) -> None:
    """Bring the rows of a file in. After a lost worker it begins again and adds what is missing."""
    importing.run(job_id)
