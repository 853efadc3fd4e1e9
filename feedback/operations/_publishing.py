"""You said, we did: each linked customer is told once, however often, and reads it on their page."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from correspondence.links import OVERVIEW, OVERVIEW_DAYS, create_link
from correspondence.models import Message
from correspondence.operations import queue_message
from correspondence.queries import recipients_for
from customers.models import Contact, Customer
from customers.rules import obstacle
from feedback.events import IMPROVEMENT_PUBLISHED
from feedback.models import Answer, Improvement, OptOut, Publication
from feedback.operations._common import clean_words
from feedback.operations._improving import ImprovementStands
from team.models import User
from trail.operations import Fact, record_all

State, Outcome = Improvement.State, Publication.Outcome


@transaction.atomic
def publish_improvement(
    improvement: Improvement, *, said: str, did: str, actor: User, now: datetime
) -> list[Publication]:
    """Tell each customer whose answer it comes from what was done; returns whom it is new to.

    Who wants no surveys, or has nobody to write to, gets no mail; the row says so. The lock and the unique
    row make it one message each, also when two press at once. The first texts stay.
    """
    row = Improvement.objects.select_for_update(of=("self",)).get(pk=improvement.pk)
    if row.state not in (State.CLOSED, State.MEASURED):
        raise ImprovementStands(
            "Only what is done is told to customers.",
            rule="what_is_done_is_published",
            mend="Close it first.",
        )
    if row.published_at is None:
        row.said = clean_words(said, field="said", needed=True)
        row.did = clean_words(did, field="did", needed=True)
        row.published_at, row.published_by = now, actor
        row.save(update_fields=["said", "did", "published_at", "published_by"])
    told = set(row.publications.values_list("customer_id", flat=True))
    new = [_tell(row, one, actor=actor, now=now) for one in _spoke(row) if one.customer_id not in told]
    # On the trail of each customer: what they were told is part of what happened between us.
    facts = [Fact(row, {"outcome": one.outcome, "message": one.message_id}, one.customer_id) for one in new]
    record_all(IMPROVEMENT_PUBLISHED, facts, actor=actor, at=now)
    return new


def _spoke(row: Improvement) -> list[Answer]:
    """The newest answer of each linked customer."""
    rows = Answer.objects.filter(improved_by__improvement=row).select_related(
        "customer__entity", "contact", "entity"
    )
    return list(rows.order_by("customer_id", "-given_at", "-id").distinct("customer_id"))


def _tell(row: Improvement, answer: Answer, *, actor: User, now: datetime) -> Publication:
    customer = answer.customer
    contact, outcome = _whom(answer)
    message = _write(row, answer, contact, actor=actor, now=now) if contact else None
    return Publication.objects.create(
        improvement=row, customer=customer, contact=contact, message=message, outcome=outcome, at=now
    )


def _whom(answer: Answer) -> tuple[Contact | None, str]:
    """Whoever said it, else who gets invoices; nobody who wants to be left alone."""
    customer = answer.customer
    if customer.status == Customer.Status.INACTIVE:
        return None, Outcome.UNREACHED
    spoke = answer.contact
    if spoke is not None:
        if spoke.opted_out_at or OptOut.objects.filter(contact=spoke).exists():
            return None, Outcome.OPTED_OUT
        if spoke.is_active and not obstacle(spoke):
            return spoke, Outcome.TOLD
    people = [choice.contact for choice in recipients_for(customer, ("billing",))]
    silent = set(OptOut.objects.filter(contact__in=people).values_list("contact_id", flat=True))
    left = [one for one in people if one.pk not in silent]
    if left:
        return left[0], Outcome.TOLD
    has_wish = bool(silent) or customer.contacts.filter(opted_out_at__isnull=False).exists()
    return None, Outcome.OPTED_OUT if has_wish else Outcome.UNREACHED


def _write(row: Improvement, answer: Answer, contact: Contact, *, actor: User, now: datetime) -> Message:
    customer, company = answer.customer, answer.entity
    # Their own page has the log of what was improved.
    link = create_link(customer, purpose=OVERVIEW, contact=contact, actor=actor, now=now, days=OVERVIEW_DAYS)
    return queue_message(
        situation="improvement",
        about=row,
        customer=customer,
        entity=company,
        language=contact.language or customer.language,
        variables={
            "seller_name": company.legal_name or company.name,
            "customer_name": customer.name,
            "contact_email": company.email or None,
            "contact_phone": company.phone or None,
            "said": row.said,
            "did": row.did,
        },
        contacts=[contact],
        link=link,
        actor=actor,
        now=now,
    )
