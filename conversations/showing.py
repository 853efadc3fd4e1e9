"""Threads as pages show them: the clock in words, the posts and notes of both sides in one order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from conversations.models import Attachment, Note, Post, Thread
from conversations.rules import split_quoted

PILLS = {"open": "warn", "waiting": "info", "answered": "ok", "closed": ""}


@dataclass(frozen=True)
class Clock:
    """How long until the answer is due, as words and as a kind: "", ok, warn or bad."""

    words: str
    kind: str
    due_at: datetime | None


@dataclass(frozen=True)
class Said:
    """One bubble: a post of either side, or an internal note."""

    kind: str  # in, out, note
    who: str
    head: str
    at: datetime
    body: str
    quoted: str = ""
    faults: tuple[str, ...] = ()
    files: tuple[Attachment, ...] = ()
    note: Note | None = None
    is_automatic: bool = False
    delivery: str = ""
    thread: Thread | None = None


def clock_of(thread: Thread, now: datetime) -> Clock:
    """The wait of the customer at this moment."""
    if thread.answer_due_at is None:
        return Clock("", "", None)
    left = thread.answer_due_at - now
    if left <= timedelta(0):
        return Clock(_("late by %(time)s") % {"time": _span(-left)}, "bad", thread.answer_due_at)
    kind = "warn" if thread.warn_at and thread.warn_at <= now else "ok"
    return Clock(_("%(time)s left") % {"time": _span(left)}, kind, thread.answer_due_at)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return _("%(n)s min") % {"n": max(1, minutes)}
    hours = minutes // 60
    return _("%(n)s h") % {"n": hours} if hours < 48 else _("%(n)s days") % {"n": hours // 24}


def with_clock(thread: Thread, now: datetime) -> dict[str, Any]:
    """A row of a list of threads."""
    return {"thread": thread, "clock": clock_of(thread, now), "pill": PILLS[thread.state]}


def bubbles(posts: Iterable[Post], notes: Iterable[Note] = (), *, of: Thread | None = None) -> list[Said]:
    """Posts and notes, oldest first. Without notes this is exactly what the customer sees."""
    found = [*(_post(post, of) for post in posts), *(_note(note) for note in notes)]
    return sorted(found, key=lambda said: said.at)


def _post(post: Post, of: Thread | None) -> Said:
    own, quoted = split_quoted(post.body)
    if post.direction == Post.Direction.IN:
        who = post.contact.name if post.contact else post.sender or _("The customer")
    else:
        who = str(post.author)
    states = [d.get_state_display() for d in post.message.deliveries.all()] if post.message else []
    return Said(
        kind=post.direction,
        who=who,
        head=post.get_channel_display(),
        at=post.at,
        body=own,
        quoted=quoted,
        faults=tuple(post.faults),
        files=tuple(post.attachments.all()),
        is_automatic=post.is_automatic,
        delivery=", ".join(dict.fromkeys(states)),
        thread=post.thread if of is not None and post.thread_id != of.pk else None,
    )


def _note(note: Note) -> Said:
    return Said(
        kind="note", who=str(note.author), head=_("Internal note"), at=note.at, body=note.body, note=note
    )
