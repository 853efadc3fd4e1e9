"""What the acts on threads share: the lock, the clock, the refusals, the entry on the trail."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from conversations.models import Escalation, Thread
from conversations.rules import (
    ANSWER_MINUTES,
    BODY_LENGTH,
    WARN_MINUTES,
    make_reference,
    may_follow,
)
from core.errors import Invalid, Refused
from entities.queries import business_deadline, hours_of
from team.models import User
from trail.operations import record
from work.operations import finish_work

State = Thread.State


class ThreadIsNotThere(Refused):
    """The thread is in a state that does not allow this."""


class NothingWritten(Invalid):
    """A post or note without words, or with too many."""


def locked(thread: Thread) -> Thread:
    """The thread as it is now, held until the transaction ends."""
    return (
        Thread.objects.select_for_update(of=("self",))
        .select_related("customer", "entity", "contact")
        .get(pk=thread.pk)
    )


def locked_open(thread: Thread) -> Thread:
    """The locked thread; refused when it is closed or merged into another."""
    thread = locked(thread)
    if thread.merged_into_id:
        raise ThreadIsNotThere(
            f"{thread.reference} was merged into another inquiry.",
            rule="a_merged_thread_rests",
            mend="Open the one it was merged into.",
        )
    if thread.state == State.CLOSED:
        raise ThreadIsNotThere(
            f"{thread.reference} is closed.", rule="a_closed_thread_rests", mend="Reopen it first."
        )
    return thread


def checked_body(body: str, *, field: str = "body") -> str:
    """The text without control characters that are no line breaks; never empty, never endless."""
    text = "".join(
        letter for letter in body.replace("\r\n", "\n") if letter in "\n\t" or ord(letter) >= 32
    ).strip()
    if not text:
        raise NothingWritten(
            "There is nothing written yet.", field=field, rule="a_text_has_words", mend="Write a sentence."
        )
    if len(text) > BODY_LENGTH:
        raise NothingWritten(
            f"The text has {len(text):,} characters; {BODY_LENGTH:,} are the most.",
            field=field,
            rule="a_text_has_a_largest_length",
            mend="Shorten it, or attach a document.",
        )
    return text


def new_reference() -> str:
    """A reference no thread has. Of 13 thousand million names two are hardly ever alike; the key decides."""
    while True:
        found = make_reference(secrets.choice)
        if not Thread.objects.filter(reference=found).exists():
            return found


def start_clock(thread: Thread, *, now: datetime) -> None:
    """From now on the customer waits for us: a new round, with its due time and its warning."""
    thread.round = thread.round + 1 if thread.pk else 1
    thread.answer_due_at = business_deadline(hours_of(thread.entity), now, ANSWER_MINUTES)
    thread.warn_at = business_deadline(hours_of(thread.entity), now, WARN_MINUTES)


def move(thread: Thread, state: str, *, now: datetime) -> None:
    """Take the thread to another state. The clock starts when it becomes open and stops when it leaves."""
    if not may_follow(thread.state, state):
        raise ThreadIsNotThere(
            f"{thread.reference} is {thread.get_state_display().lower()}.", rule="states_follow_in_order"
        )
    if state == State.OPEN and thread.answer_due_at is None:
        start_clock(thread, now=now)
    elif state != State.OPEN:
        thread.answer_due_at = thread.warn_at = None
        for level in Escalation.Level.values:
            finish_work(work_key(thread, level), outcome="The customer no longer waits.", actor=None, now=now)
    thread.state = state
    thread.changed_at = now
    thread.save(update_fields=["state", "changed_at", "round", "answer_due_at", "warn_at"])


def work_key(thread: Thread, level: str) -> str:
    """The name of the work one bell of one wait makes."""
    return f"inquiry:{thread.pk}:{thread.round}:{level}"


def note_fact(fact: str, thread: Thread, *, actor: User | None, now: datetime, **payload: Any) -> None:
    """The act on the trail, with the thread's reference."""
    record(
        fact,
        thread,
        actor=actor,
        at=now,
        customer_id=thread.customer_id,
        reference=thread.reference,
        **payload,
    )
