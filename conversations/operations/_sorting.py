"""Giving threads to people and customers, and merging two that are one."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction

from conversations import events, queries
from conversations.models import Escalation, Thread
from conversations.operations._acknowledging import acknowledge
from conversations.operations._common import State, locked, locked_open, move, note_fact
from core.errors import Invalid, Refused
from customers.models import Contact, Customer
from customers.operations import add_contact
from team.models import User


class CannotOwn(Invalid):
    """This person may not answer inquiries of the company."""


class NotMergeable(Refused):
    """The two threads are one already, or of two customers."""


@transaction.atomic
def assign_thread(thread: Thread, *, owner: User | None, actor: User, now: datetime) -> Thread:
    """Give the thread to one person, or back to everybody (None)."""
    thread = locked_open(thread)
    if owner is not None and not queries.may_answer(owner, thread.entity):
        raise CannotOwn(
            f"{owner} may not answer inquiries of {thread.entity}.",
            field="owner",
            rule="an_owner_may_answer",
            mend="Choose somebody who may.",
        )
    if thread.owner_id == (owner.pk if owner else None):
        return thread
    before, thread.owner = thread.owner_id, owner
    thread.save(update_fields=["owner"])
    note_fact(
        events.INQUIRY_ASSIGNED,
        thread,
        actor=actor,
        now=now,
        before=before,
        owner=owner.pk if owner else None,
    )
    return thread


@transaction.atomic
def identify_sender(
    thread: Thread,
    *,
    customer: Customer,
    actor: User,
    now: datetime,
    about: models.Model | None = None,
    keep_contact: bool = True,
) -> Thread:
    """Say which customer an unknown sender is. With `keep_contact` their address becomes a contact."""
    thread = locked_open(thread)
    if thread.customer_id is not None:
        raise Refused(f"{thread.reference} belongs to {thread.customer}.", rule="a_thread_keeps_its_customer")
    thread.customer = customer
    thread.entity = customer.entity
    thread.contact = _contact(thread, customer, keep_contact, actor=actor, now=now)
    if about is not None:
        thread.about_type, thread.about_id = queries.kind_of(about), about.pk
    if thread.owner_id is None and customer.owner and queries.may_answer(customer.owner, customer.entity):
        thread.owner = customer.owner
    thread.save(update_fields=["customer", "entity", "contact", "owner", "about_type", "about_id"])
    note_fact(events.INQUIRY_IDENTIFIED, thread, actor=actor, now=now, sender=thread.sender)
    acknowledge(thread, now=now)
    return thread


def _contact(thread: Thread, customer: Customer, keep: bool, *, actor: User, now: datetime) -> Contact | None:
    known = customer.contacts.filter(email__iexact=thread.sender, is_active=True).first()
    if known is not None or not keep or not thread.sender:
        return known
    name = thread.sender.partition("@")[0].replace(".", " ").title()
    return add_contact(customer, name=name, email=thread.sender, purposes=[], actor=actor, now=now)


@transaction.atomic
def merge_threads(thread: Thread, *, into: Thread, actor: User, now: datetime) -> Thread:
    """Make one thread part of another: both stay as they are to read, what comes now goes to `into`."""
    if thread.pk == into.pk:
        raise NotMergeable(
            "An inquiry is not merged into itself.", field="into", rule="a_thread_is_not_merged_into_itself"
        )
    first, second = (locked(row) for row in sorted((thread, into), key=lambda row: row.pk))
    source, target = (first, second) if first.pk == thread.pk else (second, first)
    _refuse_merge(source, target)
    # What was merged into the source before follows it, so that one step finds the living thread.
    source.merged.update(merged_into=target)
    if source.state == State.OPEN:
        _keep_older_clock(source, target, now=now)
    move(source, State.CLOSED, now=now)
    source.merged_into = target
    source.save(update_fields=["merged_into"])
    note_fact(events.INQUIRY_MERGED, source, actor=actor, now=now, into=target.reference)
    note_fact(events.INQUIRY_MERGED, target, actor=actor, now=now, other=source.reference)
    return target


def _refuse_merge(source: Thread, target: Thread) -> None:
    if source.merged_into_id or target.merged_into_id:
        raise NotMergeable("One of them was merged before.", rule="a_thread_is_merged_once")
    if State.CLOSED in {source.state, target.state}:
        raise NotMergeable(
            "One of them is closed.", rule="a_closed_thread_rests", mend="Reopen it, then merge."
        )
    if source.customer_id != target.customer_id or source.entity_id != target.entity_id:
        raise NotMergeable(
            "They are of different customers, so neither may read the other's.",
            field="into",
            rule="merged_threads_are_of_one_customer",
        )


def _keep_older_clock(source: Thread, target: Thread, *, now: datetime) -> None:
    """The customer has waited since the first of the two: merging wins no time, and rings no bell twice."""
    move(target, State.OPEN, now=now)
    due, warn = source.answer_due_at, source.warn_at
    if due is None or target.answer_due_at is None or due >= target.answer_due_at:
        return
    target.answer_due_at, target.warn_at = due, warn
    target.save(update_fields=["answer_due_at", "warn_at"])
    rung = source.escalations.filter(round=source.round)
    Escalation.objects.bulk_create(
        [Escalation(thread=target, round=target.round, level=row.level, at=row.at) for row in rung],
        ignore_conflicts=True,
    )
