"""What becomes of a mail after hand-over: delivered, opened, come back; and who is written to instead.

Reports come late, twice and in any order. A state only moves up `RANK`, so neither does harm.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from correspondence import links
from correspondence.events import MESSAGE_BOUNCED, MESSAGE_DELIVERED, MESSAGE_OPENED, MESSAGE_UNWANTED
from correspondence.manners import PERSONAL, purposes_of
from correspondence.models import Attachment, Delivery, Message
from correspondence.operations._marks import locked, new_mail_id, note
from correspondence.queries import recipients_for
from customers.models import Contact
from customers.operations import edit_contact, note_bounce
from work.operations import open_work

State = Delivery.State

RANK = {State.SENDING: 1, State.SENT: 2, State.DELIVERED: 3, State.OPENED: 4, State.BOUNCED: 5}
"""An opened mail that is reported as come back stays opened: an address that reads is alive."""
_BOUNCES_FROM = {State.SENDING, State.SENT, State.DELIVERED}


@transaction.atomic
def note_delivered(mail_id: str, *, now: datetime) -> Delivery | None:
    """The receiving server has the mail. None: we know no such mail."""
    delivery = _find(mail_id)
    if delivery is None or not _rises(delivery, State.DELIVERED):
        return delivery
    delivery.state, delivery.delivered_at = State.DELIVERED, now
    delivery.sent_at = delivery.sent_at or now
    delivery.save(update_fields=["state", "delivered_at", "sent_at"])
    note(MESSAGE_DELIVERED, delivery, actor=None, now=now)
    return delivery


@transaction.atomic
def note_opened(mail_id: str, *, now: datetime) -> Delivery | None:
    """Somebody opened the mail: kept only where the contact agreed to that."""
    delivery = _find(mail_id)
    if delivery is None or not delivery.contact or not delivery.contact.opens_agreed_at:
        return delivery
    if not _rises(delivery, State.OPENED):
        return delivery
    delivery.state, delivery.opened_at = State.OPENED, now
    delivery.sent_at = delivery.sent_at or now
    delivery.save(update_fields=["state", "opened_at", "sent_at"])
    note(MESSAGE_OPENED, delivery, actor=None, now=now)
    return delivery


@transaction.atomic
def note_bounce_of(mail_id: str, *, reason: str, permanent: bool, now: datetime) -> Delivery | None:
    """The mail came back. None: we know no such mail. What is not for good changes nothing.

    `mail_id`: our Message-ID, or the mail service's id of it.
    """
    delivery = _find(mail_id)
    if delivery is None or not permanent or not _was_under_way(delivery):
        return delivery
    return bounce(delivery, reason=reason, now=now)


@transaction.atomic
def note_unwanted(mail_id: str, *, reason: str, now: datetime) -> Delivery | None:
    """The reader marked the mail as unwanted, or unsubscribed: no mail goes to them until they say otherwise.

    Somebody is asked to find out how they want to hear from us. None: we know no such mail.
    """
    delivery = _find(mail_id)
    contact = delivery.contact if delivery else None
    if delivery is None or contact is None or contact.no_mail or not contact.is_active:
        return delivery
    edit_contact(contact, no_mail=True, actor=None, now=now)
    note(MESSAGE_UNWANTED, delivery, actor=None, now=now, reason=reason[:300])
    message = delivery.message
    open_work(
        kind="mail_unwanted",
        key=f"mail_unwanted:{contact.pk}",
        subject=message.customer,
        label=f"Ask how to write to {contact.name}",
        path=reverse("correspondence:detail", args=[message.pk]),
        why=f"“{message.subject[:120]}” was called unwanted at {delivery.email}; no mail goes there now.",
        now=now,
        entity=message.entity,
        customer_id=message.customer_id,
        role="specialist",
    )
    return delivery


def bounce(delivery: Delivery, *, reason: str, now: datetime) -> Delivery:
    """Mark a locked delivery as come back, ask for a new address, and write to the next contact instead."""
    delivery.state, delivery.bounced_at, delivery.error = State.BOUNCED, now, reason[:500]
    delivery.save(update_fields=["state", "bounced_at", "error"])
    if delivery.contact:
        note_bounce(delivery.contact, reason=reason, now=now)
    following = _next_delivery(delivery, now)
    note(
        MESSAGE_BOUNCED,
        delivery,
        actor=None,
        now=now,
        reason=reason[:300],
        instead=following.email if following else "",
    )
    _ask_for_address(delivery, following, reason, now)
    return delivery


def _next_delivery(delivery: Delivery, now: datetime) -> Delivery | None:
    """The same message to the next contact by purpose, unless somebody else has it already.

    Each contact may have a message of their own: those written in the same act count as one. A link to a
    contact's own page is never handed to another, who gets one of theirs.
    """
    message = delivery.message
    if message.situation in PERSONAL:
        return None
    deliveries = list(_of_the_same_act(message))
    others = [row for row in deliveries if row.pk != delivery.pk]
    if any(row.state not in {State.BOUNCED, State.FAILED, State.CANCELLED} for row in others):
        return None
    tried = {row.contact_id for row in deliveries if row.contact_id}
    emails = {row.email.lower() for row in deliveries}
    choices = recipients_for(message.customer, purposes_of(message.situation), without=tried)
    chosen = next((one.contact for one in choices if one.contact.email.lower() not in emails), None)
    if chosen is None:
        return None
    return Delivery.objects.create(
        message=_for_contact(message, chosen, now),
        contact=chosen,
        email=chosen.email,
        mail_id=new_mail_id(message.entity),
        not_before=now,
        instead_of=delivery,
    )


def _of_the_same_act(message: Message) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        message__about_type=message.about_type_id,
        message__about_id=message.about_id,
        message__situation=message.situation,
        message__queued_at=message.queued_at,
    )


def _for_contact(message: Message, contact: Contact, now: datetime) -> Message:
    """The message as the contact may have it: itself, or with a link to their own page instead."""
    old = message.link
    if old is None or old.purpose != links.OVERVIEW:
        return message
    files = list(message.attachments.all())
    link = links.create_link(
        message.customer,
        purpose=links.OVERVIEW,
        contact=contact,
        actor=None,
        now=now,
        days=links.OVERVIEW_DAYS,
    )
    fresh = Message.objects.get(pk=message.pk)
    fresh.pk, fresh.link = None, link
    fresh.save(force_insert=True)
    for file in files:
        file.pk, file.message = None, fresh
    Attachment.objects.bulk_create(files)
    return fresh


def _ask_for_address(delivery: Delivery, following: Delivery | None, reason: str, now: datetime) -> None:
    message = delivery.message
    instead = f" It goes to {following.email} instead." if following else " Nobody else can be reached."
    open_work(
        kind="mail_bounced",
        key=f"bounce:{delivery.contact_id or delivery.email}",
        subject=message.customer,
        label=f"Find a new address: {delivery.email}",
        path=reverse("correspondence:detail", args=[message.pk]),
        why=f"“{message.subject}” came back: {reason[:150]}.{instead}",
        now=now,
        entity=message.entity,
        customer_id=message.customer_id,
        role="specialist",
    )


def _find(mail_id: str) -> Delivery | None:
    name = mail_id.strip()[:200]
    if not name:
        return None
    bare = name.strip("<>")
    row = (
        Delivery.objects.filter(Q(mail_id=f"<{bare}>") | Q(provider_id__in=[name, bare]))
        .order_by("pk")
        .first()
    )
    return locked(row) if row else None


def _was_under_way(delivery: Delivery) -> bool:
    """Whether the mail may have left: one that waits for another try may have, although we were told no."""
    return delivery.state in _BOUNCES_FROM or (delivery.state == State.QUEUED and delivery.attempts > 0)


def _rises(delivery: Delivery, state: Delivery.State) -> bool:
    return 0 < RANK.get(State(delivery.state), 0) < RANK[state]
