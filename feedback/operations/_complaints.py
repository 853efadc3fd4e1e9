"""Complaints: a thread with the customer, and work for somebody with two business days to answer."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from conversations import queries as conversations
from conversations.models import Channel as By
from conversations.models import Thread
from conversations.operations import receive_message
from core.errors import Refused
from entities.queries import business_deadline, hours_of
from feedback.events import COMPLAINT_ANSWERED, COMPLAINT_MADE
from feedback.models import Answer, Channel
from feedback.operations._common import clean_words, locked_answer, note
from feedback.rules import COMPLAINT_DAYS, office_minutes
from invoices.models import Invoice
from team.models import User
from work.operations import finish_work, open_work

_BY = {Channel.PAGE: By.PORTAL, Channel.SURVEY: By.PORTAL, Channel.PHONE: By.PHONE, Channel.MAIL: By.EMAIL}


class NoComplaint(Refused):
    """There is nothing to answer, or not any more."""


def complaint_clock(answer: Answer, now: datetime) -> datetime:
    """By when a complaint is answered: two business days of the company."""
    entity = answer.entity
    minutes = office_minutes(entity.opens, entity.closes, COMPLAINT_DAYS)
    return business_deadline(hours_of(entity), now, minutes)


def begin_complaint(answer: Answer, *, actor: User | None, now: datetime) -> None:
    """The customer's words become an inquiry, and somebody gets the work. In the caller's transaction."""
    subject = answer.subject
    post = receive_message(
        customer=answer.customer,
        entity=answer.entity,
        body=answer.comment,
        subject=f"Complaint: {answer.label}",
        about=subject if isinstance(subject, Invoice) else None,
        contact=answer.contact,
        sender=answer.contact.email if answer.contact else "",
        channel=_BY.get(Channel(answer.channel), By.STAFF),
        external_id=f"complaint:{answer.pk}",
        now=now,
    )
    answer.thread = post.thread
    answer.save(update_fields=["thread"])
    owner = post.thread.owner or answer.customer.owner
    open_work(
        kind="complaint",
        key=_key(answer),
        subject=answer,
        label=f"Complaint of {answer.customer.name}: {answer.label}",
        path=answer.get_absolute_url(),
        why="A customer complains and waits for an answer.",
        owner=owner if owner and conversations.may_answer(owner, answer.entity) else None,
        role="specialist",
        entity=answer.entity,
        customer_id=answer.customer_id,
        due_at=answer.complaint_due_at,
        actor=actor,
        now=now,
    )
    note(COMPLAINT_MADE, answer, actor=actor, now=now, due_at=answer.complaint_due_at)


@transaction.atomic
def flag_complaint(answer: Answer, *, actor: User, now: datetime) -> Answer:
    """A colleague reads a complaint in an answer that was not marked as one."""
    answer = locked_answer(answer)
    if answer.is_complaint:
        return answer
    if not answer.comment:
        raise NoComplaint(
            "There are no words to answer to.",
            rule="a_complaint_says_what_is_wrong",
            mend="Ask the customer what happened.",
        )
    answer.is_complaint, answer.complaint_due_at = True, complaint_clock(answer, now)
    answer.save(update_fields=["is_complaint", "complaint_due_at"])
    begin_complaint(answer, actor=actor, now=now)
    return answer


@transaction.atomic
def finish_complaint(answer: Answer, *, how: str, actor: User | None, now: datetime) -> Answer:
    """The customer has their answer; `how` says in words what was told them."""
    answer = locked_answer(answer)
    if not answer.is_complaint or answer.complaint_answered_at is not None:
        raise NoComplaint("No complaint waits for an answer here.", rule="a_waiting_complaint_is_answered")
    how = clean_words(how, field="how", most=300, needed=True)
    answer.complaint_answered_at = now
    answer.save(update_fields=["complaint_answered_at"])
    finish_work(_key(answer), outcome=how, actor=actor, now=now)
    is_late = answer.complaint_due_at is not None and now > answer.complaint_due_at
    note(COMPLAINT_ANSWERED, answer, actor=actor, now=now, how=how, late=is_late)
    return answer


def note_thread_answered(thread: Thread, *, actor: User | None, now: datetime) -> int:
    """The inquiry a complaint became was answered: so is the complaint. Returns how many."""
    waiting = Answer.objects.filter(thread=thread, is_complaint=True, complaint_answered_at__isnull=True)
    how = f"Answered in {thread.reference}."
    return len([finish_complaint(one, how=how, actor=actor, now=now) for one in waiting.order_by("pk")])


def _key(answer: Answer) -> str:
    return f"complaint:{answer.pk}"
