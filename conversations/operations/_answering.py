"""Answering, closing with a recap, and coming back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from conversations import events
from conversations.models import Channel, Post, Recap, Thread
from conversations.operations._acknowledging import named, parties
from conversations.operations._common import (
    State,
    ThreadIsNotThere,
    checked_body,
    locked,
    locked_open,
    move,
    note_fact,
)
from conversations.operations._receiving import may_reopen
from core.errors import Invalid
from correspondence.links import OVERVIEW, OVERVIEW_DAYS, create_link
from correspondence.models import Message, PublicLink
from correspondence.operations import find_template, queue_message
from correspondence.rendering import Rendered, render
from correspondence.rules import Value
from customers.models import Contact
from customers.rules import obstacle
from team.models import User


class NobodyToAnswer(Invalid):
    """The thread has no customer yet, or the customer nobody who reads mail."""


@transaction.atomic
def reply(thread: Thread, *, body: str, actor: User, now: datetime, ask: bool = False) -> Post:
    """Answer the customer by mail. With `ask` it is a question, and the thread waits for them."""
    thread = locked_open(thread)
    body = checked_body(body)
    contact = refuse_without_reader(thread)
    message = _send(thread, "inquiry_answered", _answer(thread, body), contact, actor=actor, now=now)
    post = Post.objects.create(
        thread=thread,
        direction=Post.Direction.OUT,
        channel=Channel.EMAIL,
        body=body,
        at=now,
        author=actor,
        contact=contact,
        message=message,
    )
    if thread.first_answered_at is None:
        thread.first_answered_at = now
        thread.save(update_fields=["first_answered_at"])
    if thread.owner_id is None:
        thread.owner = actor
        thread.save(update_fields=["owner"])
    move(thread, State.WAITING if ask else State.ANSWERED, now=now)
    note_fact(events.INQUIRY_ANSWERED, thread, actor=actor, now=now, post=post.pk, asks=ask)
    return post


def preview_reply(thread: Thread, *, body: str, now: datetime) -> Rendered:
    """What `reply` would send, byte by byte, without sending it."""
    contact = refuse_without_reader(thread)
    template = find_template("inquiry_answered", _language(thread, contact), thread.entity, now=now)
    return render(template, _answer(thread, checked_body(body)), entity=thread.entity)


def _answer(thread: Thread, body: str) -> dict[str, Value | None]:
    return {**parties(thread), **named(thread), "answer": body}


@transaction.atomic
def write_to_customer(
    thread: Thread, *, body: str, channel: str, contact: Contact | None, actor: User, now: datetime
) -> Post:
    """Note what a customer said on the phone, or what was told them there: part of what both sides know."""
    thread = locked_open(thread)
    post = Post.objects.create(
        thread=thread,
        direction=Post.Direction.OUT,
        channel=channel,
        body=checked_body(body),
        at=now,
        author=actor,
        contact=contact,
    )
    move(thread, State.ANSWERED, now=now)
    note_fact(events.INQUIRY_ANSWERED, thread, actor=actor, now=now, post=post.pk, asks=False)
    return post


@transaction.atomic
def close_thread(
    thread: Thread,
    *,
    said: str,
    understood: str,
    agreed: str,
    actor: User,
    now: datetime,
    send: bool = True,
) -> Recap:
    """Close with what was said, understood and agreed; the customer gets it and may say "not solved"."""
    thread = locked_open(thread)
    parts = [
        checked_body(text, field=field)
        for text, field in ((said, "said"), (understood, "understood"), (agreed, "agreed"))
    ]
    message = None
    if send:
        contact = refuse_without_reader(thread)
        values: dict[str, Value | None] = {
            **parties(thread),
            **named(thread),
            **dict(zip(("said", "understood", "agreed"), parts, strict=True)),
        }
        link = _own_page(thread, contact, actor=actor, now=now)
        message = _send(thread, "inquiry_closed", values, contact, link=link, actor=actor, now=now)
    recap = Recap.objects.create(
        thread=thread,
        said=parts[0],
        understood=parts[1],
        agreed=parts[2],
        closed_by=actor,
        closed_at=now,
        message=message,
    )
    move(thread, State.CLOSED, now=now)
    note_fact(events.INQUIRY_CLOSED, thread, actor=actor, now=now, recap=recap.pk)
    return recap


@transaction.atomic
def reopen_thread(thread: Thread, *, now: datetime, actor: User | None = None, reason: str = "") -> Thread:
    """Bring a closed thread back to the same owner. The customer (no actor) may once, within 30 days."""
    thread = locked(thread)
    if thread.state != State.CLOSED or thread.merged_into_id:
        raise ThreadIsNotThere(f"{thread.reference} is not closed.", rule="only_a_closed_thread_is_reopened")
    if actor is None and not may_reopen(thread, now=now):
        raise ThreadIsNotThere(
            f"{thread.reference} was reopened before, or closed more than 30 days ago.",
            rule="a_customer_reopens_once_within_30_days",
            mend="Write to us anew; we open another inquiry.",
        )
    recap = thread.recaps.first()
    if recap is not None:
        recap.reopened_at, recap.reopened_by_customer = now, actor is None
        recap.save(update_fields=["reopened_at", "reopened_by_customer"])
    move(thread, State.OPEN, now=now)
    note_fact(
        events.INQUIRY_REOPENED, thread, actor=actor, now=now, by_customer=actor is None, reason=reason[:300]
    )
    return thread


def refuse_without_reader(thread: Thread) -> Contact:
    """Who reads the answer: whoever wrote, else the customer's contact for invoices. Refused without one."""
    if thread.customer is None:
        raise NobodyToAnswer(
            "Nobody knows yet which customer wrote this.",
            field="customer",
            rule="an_answer_goes_to_a_customer",
            mend="Assign the inquiry to a customer first.",
        )
    people = [thread.contact, *thread.customer.contacts.filter(purposes__contains=["billing"])]
    for contact in people:
        if contact is not None and contact.is_active and not obstacle(contact):
            return contact
    raise NobodyToAnswer(
        f"{thread.customer} has no contact with an address that works.",
        field="contact",
        rule="an_answer_goes_to_a_contact",
        mend="Add a contact with an e-mail address to the customer.",
    )


def _send(
    thread: Thread,
    situation: str,
    values: dict[str, Value | None],
    contact: Contact,
    *,
    link: PublicLink | None = None,
    actor: User,
    now: datetime,
) -> Message:
    assert thread.customer is not None  # noqa: S101 (refused before; for the reader of types)
    return queue_message(
        situation=situation,
        about=thread,
        customer=thread.customer,
        entity=thread.entity,
        language=_language(thread, contact),
        variables=values,
        contacts=[contact],
        link=link,
        actor=actor,
        now=now,
    )


def _own_page(thread: Thread, contact: Contact, *, actor: User, now: datetime) -> PublicLink | None:
    """Where whoever asked finds the recap and can say that it is not solved."""
    if thread.customer is None or contact.pk != thread.contact_id:
        return None  # others do not see the thread on their page
    return create_link(
        thread.customer, purpose=OVERVIEW, contact=contact, actor=actor, now=now, days=OVERVIEW_DAYS
    )


def _language(thread: Thread, contact: Contact) -> str:
    return contact.language or (thread.customer.language if thread.customer else "")
