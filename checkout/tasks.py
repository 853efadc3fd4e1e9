"""The clock's edge of online payments."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from checkout import operations
from checkout.models import Event
from payments.models import Refund
from trail.models import Entry


@shared_task(acks_late=True)
def handle(*, event_id: int, **_: Any) -> None:
    """Ask how what an event is about stands now. Once handled, it does nothing."""
    event = Event.objects.select_related("entity").filter(pk=event_id).first()
    if event is not None:
        operations.handle_event(event, now=timezone.now())


@shared_task(acks_late=True)
def settle_unknown(**_: Any) -> None:
    """One round of the janitor."""
    operations.settle_unknown(now=timezone.now())


@shared_task(acks_late=True)
def repay(*, entry_id: int, **_: Any) -> None:
    """Send a refund that was approved back to its card, if it came from one."""
    refund = Refund.objects.filter(pk=Entry.objects.get(pk=entry_id).object_id).first()
    if refund is not None and refund.left_on is None:
        operations.repay(refund, now=timezone.now())
