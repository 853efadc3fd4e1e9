"""After a dispute the customer is asked how it went."""

from __future__ import annotations

from datetime import datetime

from disputes import rules
from disputes.models import Dispute
from feedback.models import Occasion, Survey
from feedback.operations import NotAsked, ask_customer


def ask_how_it_went(dispute: Dispute, *, now: datetime) -> Survey:
    """Ask whoever raised it, where they are a contact, once it ended with an answer of ours."""
    if not dispute.is_over or dispute.recap == rules.UNANSWERED:
        raise NotAsked(f"{dispute} did not end with an answer.", rule="who_got_an_answer_is_asked")
    contact = dispute.contact
    is_theirs = contact is not None and contact.customer_id == dispute.customer_id and contact.is_active
    return ask_customer(
        dispute.customer,
        occasion=Occasion.DISPUTE,
        subject=dispute,
        label=f"{dispute.reference}, {dispute.invoice.number}",
        entity=dispute.entity,
        contact=contact if is_theirs else None,
        actor=None,
        now=now,
    )
