"""Conversations over the API. Notes are a resource of their own with an act of their own: nothing of a
thread or a post names one, so a key that reads threads for customers never sees them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import Http404
from django.utils import timezone
from rest_framework import serializers

from conversations import operations, queries
from conversations.models import Channel, Note, Post, Recap, Thread
from core.rest.fields import Choice, Flag, Input, Query, Text, Whole
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from customers import queries as customers
from team.endpoints import Call, act

READ, ANSWER = "conversations.read_inquiries", "conversations.answer_inquiry"
NOTES, WRITE_NOTE = "conversations.read_notes", "conversations.write_note"


class ThreadOut(serializers.Serializer[Any]):
    """What one customer and we write about one thing."""

    id = serializers.IntegerField()
    reference = serializers.CharField(help_text="Stands in every subject.")
    subject = serializers.CharField()
    customer = serializers.IntegerField(
        source="customer_id", allow_null=True, help_text="Null: nobody knows the sender yet."
    )
    entity = serializers.CharField(source="entity.code")
    sender = serializers.CharField()
    channel = serializers.ChoiceField(Channel.choices)
    state = serializers.ChoiceField(Thread.State.choices)
    owner = serializers.CharField(source="owner.email", default=None, allow_null=True)
    opened_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    answer_due_at = serializers.DateTimeField(allow_null=True, help_text="While the customer waits for us.")
    merged_into = serializers.IntegerField(source="merged_into_id", allow_null=True)


class PostOut(serializers.Serializer[Any]):
    """What one side wrote to the other: plain text."""

    id = serializers.IntegerField()
    direction = serializers.ChoiceField(Post.Direction.choices)
    channel = serializers.ChoiceField(Channel.choices)
    body = serializers.CharField()
    at = serializers.DateTimeField()
    author = serializers.CharField(source="author.name", default=None, allow_null=True)
    sender = serializers.CharField()
    external_id = serializers.CharField()
    is_automatic = serializers.BooleanField()
    files = serializers.SerializerMethodField(help_text="Names of the files that came with it.")

    def get_files(self, post: Post) -> list[str]:
        """Their names; the bytes are given out on the page alone."""
        return [file.filename for file in post.attachments.all()]


class NoteOut(serializers.Serializer[Any]):
    """What colleagues tell each other. Never for customers."""

    id = serializers.IntegerField()
    body = serializers.CharField()
    author = serializers.CharField(source="author.email")
    at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class RecapOut(serializers.Serializer[Any]):
    """What a thread was closed with."""

    said = serializers.CharField()
    understood = serializers.CharField()
    agreed = serializers.CharField()
    closed_by = serializers.CharField(source="closed_by.email")
    closed_at = serializers.DateTimeField()
    is_sent = serializers.BooleanField(source="message_id", help_text="The customer got it.")
    reopened_at = serializers.DateTimeField(allow_null=True)
    reopened_by_customer = serializers.BooleanField(help_text="They said that it is not solved.")


class ThreadsQuery(Query):
    """Narrowing the list of threads."""

    tab = serializers.ChoiceField(queries.TABS, required=False, help_text="Left out: all.")
    state = serializers.ChoiceField(Thread.State.choices, required=False, help_text="Left out: not closed.")
    q = serializers.CharField(required=False, max_length=100)


class MessageIn(Input):
    """What a customer wrote, from another system."""

    customer = Whole()
    subject = Text(max_length=200, required=False)
    body = Text(max_length=100_000)
    channel = Choice(choices=Channel.choices, help_text="How it reached you.")
    external_id = Text(max_length=250, help_text="Your id of it: the same one is taken once.")


class ReplyIn(Input):
    """An answer to the customer, sent by mail."""

    body = Text(max_length=8_000)
    ask = Flag(required=False, help_text="A question: the thread then waits for the customer.")


class RecapIn(Input):
    """What was said, understood and agreed."""

    said = Text(max_length=8_000, help_text="What the customer said.")
    understood = Text(max_length=8_000, help_text="What we understood.")
    agreed = Text(max_length=8_000, help_text="What was agreed.")
    send = Flag(required=False, help_text="Send it to the customer; left out: yes.")


class NoteIn(Input):
    """An internal note; @name in the text tells a colleague."""

    body = Text(max_length=100_000)


@act("GET", READ, answers=ThreadOut, query=ThreadsQuery, paged=True)
def list_threads(request: Call, query: dict[str, Any]) -> Listing:
    """Inquiries, the latest change first."""
    rows = queries.inbox(
        request.user,
        tab=query.get("tab", "all"),
        state=query.get("state", ""),
        text=query.get("q", ""),
        now=timezone.now(),
    )
    return Listing(rows, "-changed", {"changed": "changed_at"})


@act("POST", ANSWER, takes=MessageIn, answers=PostOut, status=201)
def receive_message(request: Call, data: dict[str, Any]) -> Post:
    """Hand in what a customer wrote.

    It opens a thread or continues one; a message whose `external_id` came before changes nothing.
    """
    customer = named(
        customers.visible_to(request.user), field="customer", what="customer", pk=data.pop("customer")
    )
    return operations.receive_message(customer=customer, **data, now=timezone.now())


@act("GET", READ, answers=ThreadOut)
def get_thread(request: Call, pk: int) -> Thread:
    """One thread."""
    return _thread(request, pk)


@act("GET", READ, answers=PostOut, paged=True)
def list_posts(request: Call, pk: int) -> Listing:
    """What both sides wrote, the oldest first."""
    return Listing(queries.posts_of(_thread(request, pk)), "at", {"at": "at"})


@act("POST", ANSWER, takes=ReplyIn, answers=PostOut, status=201, key="needed")
def write_post(request: Call, data: dict[str, Any], pk: int) -> Post:
    """Answer the customer."""
    return operations.reply(_thread(request, pk), **data, actor=request.user, now=timezone.now())


@act("GET", READ, answers=RecapOut, paged=True)
def list_recaps(request: Call, pk: int) -> Listing:
    """What a thread was closed with, each time, the latest first."""
    rows = _thread(request, pk).recaps.select_related("closed_by")
    return Listing(rows.order_by(), "-closed", {"closed": "closed_at"})


@act("POST", ANSWER, takes=RecapIn, answers=RecapOut, status=201, key="needed")
def close_thread(request: Call, data: dict[str, Any], pk: int) -> Recap:
    """Close with a recap.

    The customer gets it and may say that it is not solved: it comes back to the same owner then.
    """
    return operations.close_thread(_thread(request, pk), **data, actor=request.user, now=timezone.now())


@act("POST", ANSWER, answers=ThreadOut)
def reopen_thread(request: Call, pk: int) -> Thread:
    """Take a closed thread up again."""
    operations.reopen_thread(_thread(request, pk), actor=request.user, now=timezone.now())
    return _thread(request, pk)


@act("GET", NOTES, answers=NoteOut, paged=True)
def list_notes(request: Call, pk: int) -> Listing:
    """The internal notes on a thread."""
    return Listing(queries.notes_about(_thread(request, pk)), "at", {"at": "at"})


@act("POST", WRITE_NOTE, takes=NoteIn, answers=NoteOut, status=201)
def write_note(request: Call, data: dict[str, Any], pk: int) -> Note:
    """Write an internal note on a thread."""
    return operations.write_note(_thread(request, pk), **data, actor=request.user, now=timezone.now())


@act("GET", NOTES, answers=NoteOut, paged=True)
def list_customer_notes(request: Call, pk: int) -> Listing:
    """The internal notes on a customer."""
    return _notes(request, "customer", pk)


@act("POST", WRITE_NOTE, takes=NoteIn, answers=NoteOut, status=201)
def write_customer_note(request: Call, data: dict[str, Any], pk: int) -> Note:
    """Write an internal note on a customer."""
    return _write(request, "customer", pk, data)


@act("GET", NOTES, answers=NoteOut, paged=True)
def list_invoice_notes(request: Call, pk: int) -> Listing:
    """The internal notes on an invoice."""
    return _notes(request, "invoice", pk)


@act("POST", WRITE_NOTE, takes=NoteIn, answers=NoteOut, status=201)
def write_invoice_note(request: Call, data: dict[str, Any], pk: int) -> Note:
    """Write an internal note on an invoice."""
    return _write(request, "invoice", pk, data)


def _notes(request: Call, kind: str, pk: int) -> Listing:
    return Listing(queries.notes_about(_record(request, kind, pk)), "at", {"at": "at"})


def _write(request: Call, kind: str, pk: int, data: dict[str, Any]) -> Note:
    about = _record(request, kind, pk)
    return operations.write_note(about, **data, actor=request.user, now=timezone.now())


def _thread(request: Call, pk: int) -> Thread:
    return at_address(queries.visible_to(request.user), pk=pk)


def _record(request: Call, kind: str, pk: int) -> models.Model:
    rows = queries.noted(kind, request.user)
    if rows is None:
        raise Http404
    return at_address(rows, pk=pk)
