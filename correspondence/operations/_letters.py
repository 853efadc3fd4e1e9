"""Letters: printed once by a worker, then posted by hand; some come back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.urls import reverse

from core.errors import Invalid, Refused
from correspondence.events import LETTER_POSTED, LETTER_PRINTED, LETTER_RETURNED
from correspondence.letters import letter_pdf
from correspondence.models import Delivery
from correspondence.operations._marks import locked, note
from entities.queries import local_day
from work.operations import open_work

State = Delivery.State


class NotToPost(Refused):
    """The letter is not waiting to be posted."""


class NotPosted(Refused):
    """Only a letter that was posted comes back."""


class LetterChanged(Refused):
    """The stored letter is not the one that was printed."""


def print_letter(delivery: Delivery, *, now: datetime) -> Delivery:
    """Make the PDF of a claimed letter and store it with its hash. No transaction is open meanwhile."""
    content = letter_pdf(delivery.message.html)
    digest = hashlib.sha256(content).hexdigest()
    name = f"letters/{delivery.pk}-{digest[:16]}.pdf"
    if not default_storage.exists(name):
        name = default_storage.save(name, ContentFile(content))
    return _note_printed(delivery, name, digest, now=now)


@transaction.atomic
def _note_printed(delivery: Delivery, name: str, digest: str, *, now: datetime) -> Delivery:
    delivery = locked(delivery)
    if delivery.state != State.SENDING:
        return delivery
    delivery.state, delivery.letter_name, delivery.letter_sha256, delivery.error = (
        State.TO_POST,
        name,
        digest,
        "",
    )
    delivery.save(update_fields=["state", "letter_name", "letter_sha256", "error"])
    note(LETTER_PRINTED, delivery, actor=None, now=now, sha256=digest)
    return delivery


@transaction.atomic
def mark_posted(
    deliveries: Iterable[Delivery], *, actor: AbstractBaseUser, now: datetime, posted_on: date | None = None
) -> int:
    """Note that the letters were posted, all of them or none; returns how many.

    `posted_on`: the day they went to the post, today or one before it; None is today.
    """
    rows = [locked(row) for row in sorted(deliveries, key=lambda row: row.pk)]
    for row in rows:
        if row.state != State.TO_POST:
            raise NotToPost(
                f"The letter to {row.message.customer} no longer waits: {row.get_state_display().lower()}.",
                rule="only_a_printed_letter_is_posted",
                mend="Open the list again.",
            )
    times = [_posted_at(row, posted_on, now) for row in rows]
    for row, posted_at in zip(rows, times, strict=True):
        row.state, row.posted_at, row.posted_by_id = State.POSTED, posted_at, actor.pk
        row.save(update_fields=["state", "posted_at", "posted_by"])
        note(LETTER_POSTED, row, actor=actor, now=now, posted_at=posted_at)
    return len(rows)


@transaction.atomic
def return_letter(delivery: Delivery, *, reason: str, actor: AbstractBaseUser, now: datetime) -> Delivery:
    """The post brought the letter back: somebody finds the right address.

    `reason`: what stands on the envelope, at least three characters.
    """
    row, reason = locked(delivery), " ".join(reason.split())
    if row.state != State.POSTED:
        raise NotPosted(
            f"Only a posted letter comes back; this one is {row.get_state_display().lower()}.",
            rule="only_a_posted_letter_comes_back",
            mend="Open the list again.",
        )
    if len(reason) < 3:
        raise Invalid(
            "Say why it came back.",
            field="reason",
            rule="a_returned_letter_has_a_reason",
            mend="Write what stands on the envelope, like “moved”.",
        )
    row.state, row.bounced_at, row.error = State.BOUNCED, now, reason[:500]
    row.save(update_fields=["state", "bounced_at", "error"])
    note(LETTER_RETURNED, row, actor=actor, now=now, reason=reason[:300])
    message = row.message
    open_work(
        kind="letter_returned",
        key=f"letter_returned:{message.customer_id}",
        subject=message.customer,
        label=f"Find the postal address: {message.customer}",
        path=reverse("correspondence:detail", args=[message.pk]),
        why=f"The letter “{message.subject[:90]}” came back: {reason[:120]}.",
        now=now,
        entity=message.entity,
        customer_id=message.customer_id,
        role="specialist",
    )
    return row


def _posted_at(row: Delivery, day: date | None, now: datetime) -> datetime:
    """The moment to keep: now, or noon of an earlier day. A day no post could have taken it on is refused."""
    entity = row.message.entity
    today = local_day(entity, now)
    if day is None or day == today:
        return now
    written = local_day(entity, row.message.queued_at)
    if not written <= day < today:
        raise Invalid(
            f"The letter to {row.message.customer} was written on {written:%-d %B %Y}.",
            field="posted_on",
            rule="a_letter_is_posted_after_it_was_written",
            mend="Take a day from then to today.",
        )
    return datetime.combine(day, time(12), tzinfo=ZoneInfo(entity.time_zone))


def read_letter(delivery: Delivery) -> bytes:
    """The stored letter, proved by its hash."""
    with default_storage.open(delivery.letter_name) as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != delivery.letter_sha256:
        raise LetterChanged(
            "The stored letter is not the one that was printed.",
            rule="a_letter_is_unchanged",
            mend="Restore the file from the backup.",
        )
    return content
