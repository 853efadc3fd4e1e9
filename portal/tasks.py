"""The clock's edge of customers' pages: links that were asked for, away from the page that asked."""

from typing import Any

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from portal import operations


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def send_fresh_links(*, email: str, **_: Any) -> None:
    """Mail a link to whoever is known by the address. Safe to run twice: a fresh one is not sent again."""
    operations.send_fresh_links(email, now=timezone.now())
