"""Conversations as their customer may see them: what both sides wrote, never a note or a name of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import Prefetch, Q, QuerySet

from conversations.models import Channel, Post, Thread
from conversations.queries import told_recap
from conversations.rules import split_quoted
from core import formatting
from customers.models import Contact
from invoices.documents.writer import Writer
from invoices.models import Invoice
from portal.words import Words


@dataclass(frozen=True)
class Talk:
    """A conversation: its posts as (who, when, words), what it was closed with, and what can be answered."""

    pk: int
    reference: str
    subject: str
    state: str
    posts: Sequence[tuple[str, str, str]]
    is_answered: bool
    recap: Sequence[tuple[str, str]] = ()


def talk_of(thread: Thread, words: Words, w: Writer) -> Talk:
    """A conversation as its customer may see it: what both sides wrote; of us the company, never a person."""
    ours = thread.entity.name
    posts = []
    for post in thread.posts.all():
        who = ours if post.direction == Post.Direction.OUT else words["my_you"]
        posts.append((who, formatting.medium_date(post.at.date(), w.locale), split_quoted(post.body)[0]))
    is_answered = thread.state in (Thread.State.ANSWERED, Thread.State.CLOSED)
    state = "my_talk_answered" if is_answered else f"my_talk_{thread.state}"
    return Talk(
        thread.pk,
        thread.reference,
        thread.subject,
        words[state],
        posts,
        is_answered,
        _recap(thread, words),
    )


def _recap(thread: Thread, words: Words) -> Sequence[tuple[str, str]]:
    found = told_recap(thread)
    if found is None:
        return ()
    pairs = (("my_said", found.said), ("my_understood", found.understood), ("my_left_at", found.agreed))
    return [(words[key], text) for key, text in pairs]


def threads_of(contact: Contact) -> QuerySet[Thread]:
    """Conversations this contact began or took part in, of their own customer."""
    mine = Q(contact=contact) | Q(posts__contact=contact)
    rows = Thread.objects.filter(mine, customer=contact.customer_id, merged_into=None).distinct()
    posts = Prefetch("posts", Post.objects.filter(is_automatic=False).order_by("at", "pk"))
    return rows.select_related("entity").prefetch_related(posts, "recaps").order_by("-changed_at", "-pk")


def threads_on(invoice: Invoice, contact: Contact | None) -> QuerySet[Thread]:
    """Conversations about an invoice that whoever holds the link began: their own, or nobody's by name."""
    mine = Q(contact=contact) if contact else Q(contact=None, channel=Channel.PORTAL)
    about = ContentType.objects.get_for_model(Invoice)
    rows = Thread.objects.filter(
        mine, customer=invoice.customer_id, about_type=about, about_id=invoice.pk, merged_into=None
    )
    posts = Prefetch("posts", Post.objects.filter(is_automatic=False).order_by("at", "pk"))
    return rows.select_related("entity").prefetch_related(posts, "recaps").order_by("-changed_at", "-pk")
