"""A message of a customer arrives: find its thread or open one, start the clock, say that it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, models, transaction

from conversations import events, queries
from conversations.files import File
from conversations.models import Attachment, Channel, Post, Recap, Thread
from conversations.operations._acknowledging import acknowledge
from conversations.operations._common import (
    State,
    checked_body,
    locked,
    move,
    new_reference,
    note_fact,
    start_clock,
)
from conversations.rules import REOPEN_WITHIN, bare_subject, references_in
from core.errors import Invalid
from customers.models import Contact, Customer
from entities.models import Entity
from team.models import User


@dataclass(frozen=True)
class _Arrival:
    """One message as it came, and what is known of whose it is."""

    customer: Customer | None
    entity: Entity | None
    contact: Contact | None
    sender: str
    subject: str
    body: str
    channel: str
    external_id: str
    is_automatic: bool
    faults: Sequence[str]
    files: Sequence[File]
    at: datetime
    # The caller has a clock of its own and says itself that it came.
    is_quiet: bool = False


def receive_message(
    *,
    customer: Customer | None,
    body: str,
    subject: str = "",
    about: models.Model | None = None,
    contact: Contact | None = None,
    sender: str = "",
    channel: str,
    external_id: str = "",
    in_reply_to: str | Sequence[str] = "",
    now: datetime,
    entity: Entity | None = None,
    is_automatic: bool = False,
    faults: Sequence[str] = (),
    files: Sequence[File] = (),
    is_quiet: bool = False,
) -> Post:
    """Take what a customer wrote onto its thread, or open one; the same `external_id` is taken once.

    Its thread: the one a quoted Message-ID belongs to, then the one the subject names, then an open one about
    the same record, never one of another customer. `customer` None is a sender nobody knows; `entity` then
    says whom they wrote to. `is_quiet`: a new thread starts no clock and sends no receipt, because the caller
    has its own (a dispute).
    """
    before = _taken(external_id)
    if before is not None:
        return before
    came = _Arrival(
        customer=customer,
        entity=entity,
        contact=contact,
        sender=sender[:254],
        subject=subject,
        body=body.strip() if channel == Channel.EMAIL else checked_body(body),
        channel=channel,
        external_id=external_id,
        is_automatic=is_automatic,
        faults=faults,
        files=files,
        at=now,
        is_quiet=is_quiet,
    )
    ids = [in_reply_to] if isinstance(in_reply_to, str) else in_reply_to
    try:
        with transaction.atomic():
            return _take(came, about, [one for one in ids if one])
    except IntegrityError:
        # Another worker took the same mail in the same moment; whatever else failed is not ours to hide.
        taken = _taken(external_id)
        if taken is None:
            raise
        return taken


def _taken(external_id: str) -> Post | None:
    return Post.objects.filter(external_id=external_id).first() if external_id else None


def _take(came: _Arrival, about: models.Model | None, ids: Sequence[str]) -> Post:
    found, record, written_to = queries.thread_answered(ids)
    if record is not None and about is None and came.customer in {None, written_to}:
        about, came = record, replace(came, customer=written_to)
    found = found or _named(came.subject) or _open_about(about, came.customer)
    thread = _joinable(found, came.customer, came.at) if found is not None else None
    is_new = thread is None
    if thread is None:
        thread = _open(came, about)
    post = _post(thread, came)
    _note_arrival(thread, post, is_new=is_new, now=came.at)
    if is_new and not came.is_quiet:
        acknowledge(thread, now=came.at)
    return post


def _named(subject: str) -> Thread | None:
    """The thread whose reference the subject names."""
    return Thread.objects.filter(reference__in=references_in(subject)).order_by("-id").first()


def _open_about(about: models.Model | None, customer: Customer | None) -> Thread | None:
    """The thread that is going on about a record; what is about the customer as a whole begins anew."""
    if about is None or customer is None or isinstance(about, Customer):
        return None
    return queries.threads_about(about).filter(customer=customer).exclude(state=State.CLOSED).first()


def _joinable(found: Thread, customer: Customer | None, now: datetime) -> Thread | None:
    """The thread, locked, if this customer may add to it: not another's, not closed for good."""
    thread = locked(found)
    while thread.merged_into_id:
        thread = locked(Thread(pk=thread.merged_into_id))
    if customer is not None and thread.customer_id not in {None, customer.pk}:
        return None
    if thread.state == State.CLOSED and not may_reopen(thread, now=now):
        return None
    return thread


def may_reopen(thread: Thread, *, now: datetime) -> bool:
    """Whether the customer may bring a closed thread back: once, within 30 days of its closing."""
    recap = thread.recaps.first()
    if recap is None or thread.merged_into_id:
        return False
    used = Recap.objects.filter(thread=thread, reopened_by_customer=True).exists()
    return not used and now <= recap.closed_at + REOPEN_WITHIN


def _open(came: _Arrival, about: models.Model | None) -> Thread:
    company = queries.entity_of(about) if about is not None else None
    company = company or came.entity or (came.customer.entity if came.customer else None)
    if company is None:
        raise Invalid(
            "It is not known which company this was written to.",
            field="entity",
            rule="a_thread_has_a_company",
        )
    thread = Thread(
        reference=new_reference(),
        subject=bare_subject(came.subject) or "Without a subject",
        customer=came.customer,
        entity=company,
        contact=came.contact,
        sender=came.sender,
        about_type=queries.kind_of(about) if about is not None else None,
        about_id=about.pk if about is not None else None,
        channel=came.channel,
        owner=_first_owner(came.customer, company),
        opened_at=came.at,
        changed_at=came.at,
        state=State.ANSWERED if came.is_automatic or came.is_quiet else State.OPEN,
    )
    if not (came.is_automatic or came.is_quiet):
        start_clock(thread, now=came.at)
    thread.save(force_insert=True)
    return thread


def _first_owner(customer: Customer | None, entity: Entity) -> User | None:
    """Whoever looks after the customer, if they may answer; else nobody, and it waits as unassigned."""
    owner = customer.owner if customer is not None else None
    return owner if owner is not None and queries.may_answer(owner, entity) else None


def _post(thread: Thread, came: _Arrival) -> Post:
    faults = list(came.faults)
    is_known = came.contact is not None and came.contact.customer_id == thread.customer_id
    if thread.customer_id and came.sender and not is_known:
        faults.append(f"{came.sender} is not a contact of the customer.")
    post = Post.objects.create(
        thread=thread,
        direction=Post.Direction.IN,
        channel=came.channel,
        body=came.body,
        at=came.at,
        contact=came.contact,
        sender=came.sender,
        external_id=came.external_id,
        is_automatic=came.is_automatic,
        faults=faults,
    )
    for file in came.files:
        keep_file(post, file)
    return post


def keep_file(post: Post, file: File) -> Attachment:
    """Store the file under its hash, outside every public folder."""
    place = f"inquiries/{file.sha256[:2]}/{file.sha256}"
    # A file that is there already has the same bytes: its name is their hash.
    name = place if default_storage.exists(place) else default_storage.save(place, ContentFile(file.data))
    return Attachment.objects.create(
        post=post,
        filename=file.filename,
        media_type=file.media_type,
        size=len(file.data),
        sha256=file.sha256,
        stored_name=name,
    )


def _note_arrival(thread: Thread, post: Post, *, is_new: bool, now: datetime) -> None:
    if not is_new and not post.is_automatic:
        if thread.state == State.CLOSED:
            _come_back(thread, now=now)
        move(thread, State.OPEN, now=now)
    note_fact(
        events.INQUIRY_OPENED if is_new else events.INQUIRY_CONTINUED,
        thread,
        actor=None,
        now=now,
        post=post.pk,
        channel=post.channel,
        automatic=post.is_automatic,
    )


def _come_back(thread: Thread, *, now: datetime) -> None:
    """A mail to a closed thread is the customer's "not solved"."""
    recap = thread.recaps.first()
    if recap is not None:
        recap.reopened_at, recap.reopened_by_customer = now, True
        recap.save(update_fields=["reopened_at", "reopened_by_customer"])
    note_fact(events.INQUIRY_REOPENED, thread, actor=None, now=now, by_customer=True)
