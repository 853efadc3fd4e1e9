"""Holds end on their day: what they kept back is asked for again."""

from datetime import datetime

from django.db import transaction

from entities.models import Entity
from entities.queries import local_day
from invoices.models import Hold
from invoices.operations import release


def release_ended_holds(entity: Entity, *, now: datetime) -> int:
    """Release the holds placed by hand whose last day has passed; returns how many. Disputes end theirs."""
    ended = Hold.objects.filter(
        invoice__entity=entity, kind="manual", released_at=None, until__lt=local_day(entity, now)
    ).order_by("invoice_id", "pk")
    for row in ended:
        with transaction.atomic():
            release(row, actor=None, now=now)
    return len(ended)
