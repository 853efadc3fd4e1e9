"""Telling a customer that their message came, and what every message of a thread says."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from conversations import events
from conversations.models import Thread
from conversations.operations._common import note_fact
from core.errors import DomainError
from correspondence.operations import queue_message
from customers.rules import obstacle
from entities.queries import local_day

logger = structlog.get_logger(__name__)

_CHATTY = timedelta(hours=1)
_CHATTY_THREADS = 5


def acknowledge(thread: Thread, *, now: datetime) -> None:
    """Tell a known customer that it came, its reference, and by when we answer. Once."""
    contact = thread.contact
    if thread.acknowledged_at or thread.customer is None or contact is None or thread.answer_due_at is None:
        return
    if obstacle(contact) or _is_chatty(thread, now):
        return
    try:
        with transaction.atomic():
            queue_message(
                situation="inquiry_received",
                about=thread,
                customer=thread.customer,
                entity=thread.entity,
                language=contact.language or thread.customer.language,
                variables={
                    **parties(thread),
                    **named(thread),
                    "answer_by": local_day(thread.entity, thread.answer_due_at),
                },
                contacts=[contact],
                link=None,
                actor=None,
                now=now,
            )
    except DomainError as refusal:
        # What the customer wrote is kept whatever becomes of our receipt for it.
        logger.warning("inquiry_not_acknowledged", thread=thread.pk, rule=refusal.rule, reason=str(refusal))
        return
    thread.acknowledged_at = now
    thread.save(update_fields=["acknowledged_at"])
    note_fact(events.INQUIRY_ACKNOWLEDGED, thread, actor=None, now=now)


def parties(thread: Thread) -> dict[str, str]:
    """The variables every message of a thread has."""
    return {
        "seller_name": thread.entity.legal_name,
        "customer_name": thread.customer.name if thread.customer else "",
        "contact_email": thread.entity.email,
        "contact_phone": thread.entity.phone,
    }


def named(thread: Thread) -> dict[str, str]:
    """What the thread is called."""
    return {"reference": thread.reference, "subject": thread.subject}


def _is_chatty(thread: Thread, now: datetime) -> bool:
    """Two machines that answer each other open many threads at once: we fall silent first."""
    opened = Thread.objects.filter(sender=thread.sender, opened_at__gt=now - _CHATTY).exclude(sender="")
    return opened.count() > _CHATTY_THREADS
