"""The clock's edge of work."""

from celery import current_app, shared_task
from django.utils import timezone

from work import jobs


@shared_task
def take_up_lost_jobs() -> int:
    """Give jobs whose worker is gone to another one; returns how many. Safe to run beside itself."""
    lost = jobs.take_up_lost(now=timezone.now())
    for task, pk in lost:
        current_app.send_task(task, kwargs={"job_id": pk})
    return len(lost)
