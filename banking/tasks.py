"""The clock's edge of bank statements."""

from typing import Any

from celery import shared_task

from banking import jobs, operations
from banking.models import Line
from trail.models import Entry


@shared_task(acks_late=True)
def match(*, job_id: int, **_: Any) -> None:
    """Match the lines of a statement. After a lost worker it goes on where it was."""
    jobs.run(job_id)


@shared_task(acks_late=True)
def forget_payer(*, entry_id: int, **_: Any) -> None:
    """A receipt was taken back from a customer: what was learned from its line is not true."""
    entry = Entry.objects.get(pk=entry_id)
    line = Line.objects.filter(payment_id=entry.object_id).select_related("account").first()
    if line is not None and entry.customer_key is not None:
        operations.forget_payer(line, entry.customer_key)
