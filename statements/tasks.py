"""The clock's edge of statements: periods that ended, and the sending of many."""

from datetime import date
from typing import Any

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from customers.models import Customer
from entities.models import Entity
from statements import bulk, operations
from statements.rules import Period

BATCH = 200
_TICK_SECONDS = 300


@shared_task
def go_round(**_: Any) -> int:
    """Queue one task per account and period that is due; returns how many. Rows say what is done already."""
    due = operations.go_round(now=timezone.now(), most=BATCH)
    for one in due:
        # What no worker took before the next tick is queued again by it.
        mail_period.apply_async(
            kwargs={
                "customer_id": one.customer_id,
                "entity_id": one.entity_id,
                "currency": one.currency,
                "since": one.period.since.isoformat(),
                "until": one.period.until.isoformat(),
                "form": one.form,
            },
            expires=_TICK_SECONDS,
        )
    return len(due)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def mail_period(
    *, customer_id: int, entity_id: int, currency: str, since: str, until: str, form: str, **_: Any
) -> None:
    """State one period of one account. Safe to run twice."""
    operations.mail_period(
        Customer.objects.select_related("entity", "segment").get(pk=customer_id),
        Entity.objects.get(pk=entity_id),
        currency,
        period=Period(date.fromisoformat(since), date.fromisoformat(until)),
        form=form,
        now=timezone.now(),
    )


@shared_task(acks_late=True)
def run_bulk_job(*, job_id: int, **_: Any) -> None:
    """Send many statements. Goes on where a lost worker was."""
    bulk.run(job_id)
