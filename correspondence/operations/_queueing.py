"""Rendering a message and putting it into the outbox."""

from __future__ import annotations

import email.utils
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from core.errors import Refused
from core.rows import insert_rows
from correspondence.events import MESSAGE_QUEUED
from correspondence.letters import letter_address, render_letter
from correspondence.mail import LINK_MARK
from correspondence.manners import usual_tone
from correspondence.models import Attachment, Channel, Delivery, Message, PublicLink
from correspondence.operations._finding import Texts, find_template
from correspondence.operations._marks import new_mail_id
from correspondence.rendering import Rendered, render
from correspondence.rules import Value, check_one_line
from customers.models import Contact, Customer
from entities.models import Entity
from entities.queries import local_day
from trail.operations import Fact, record_all


class File(NamedTuple):
    """A file of the private storage to attach: its name for the reader, and its name and hash there."""

    filename: str
    media_type: str
    stored_name: str
    sha256: str


class NobodyToWriteTo(Refused):
    """The customer has no contact with an address for this."""


@dataclass(frozen=True)
class Order:
    """What is to be written about what, and to whom.

    The text in use that fits `language`, `tone`, `channel` and `customer_type` best is taken (see
    `correspondence.choosing`; no customer type: the customer's own). With a `link`, the variable
    `public_link` is LINK_MARK, where the link is printed at hand-over; `variables` need not have it.
    A letter goes once, to the customer's billing address, for the attention of the first contact; it has
    no link. Nothing leaves before `not_before`.
    """

    situation: str
    about: models.Model
    customer: Customer
    entity: Entity
    language: str
    variables: Mapping[str, Value | None]
    contacts: Sequence[Contact]
    link: PublicLink | None = None
    attachments: Iterable[File] = ()
    not_before: datetime | None = None
    tone: int = 0
    channel: str = Channel.EMAIL
    customer_type: str = ""


class Draft(NamedTuple):
    """A rendered message with its files and recipients, not saved."""

    message: Message
    about: models.Model
    attachments: list[Attachment]
    deliveries: list[Delivery]


@transaction.atomic
def queue_message(
    *,
    situation: str,
    about: models.Model,
    customer: Customer,
    entity: Entity,
    language: str,
    variables: Mapping[str, Value | None],
    contacts: Sequence[Contact],
    link: PublicLink | None = None,
    attachments: Iterable[File] = (),
    actor: AbstractBaseUser | None,
    now: datetime,
    not_before: datetime | None = None,
    tone: int = 0,
    channel: str = Channel.EMAIL,
    customer_type: str = "",
) -> Message:
    """Render and freeze a message, with one delivery for each contact that has an address; see `Order`."""
    order = Order(
        situation=situation,
        about=about,
        customer=customer,
        entity=entity,
        language=language,
        variables=variables,
        contacts=contacts,
        link=link,
        attachments=attachments,
        not_before=not_before,
        tone=tone,
        channel=channel,
        customer_type=customer_type,
    )
    draft = draft_message(order, Texts(now=now), actor=actor, now=now)
    queue_drafts([draft], actor=actor, now=now)
    return draft.message


def draft_message(order: Order, texts: Texts, *, actor: AbstractBaseUser | None, now: datetime) -> Draft:
    """Render and freeze what is ordered; nothing is written. What refuses a message refuses it here."""
    customer, entity, link = order.customer, order.entity, order.link
    template = texts.find(
        order.situation,
        order.language,
        entity,
        channel=order.channel,
        customer_type=order.customer_type or customer.kind,
        tone=order.tone,
    )
    recipients: Sequence[tuple[str, Contact | None]]
    if order.channel == Channel.LETTER:
        link = None
        address = letter_address(customer, order.contacts)
        rendered = render_letter(
            template, order.variables, entity=entity, address=address, on=local_day(entity, now)
        )
        recipients = [("", order.contacts[0] if order.contacts else None)]
    else:
        recipients = _recipients(order.contacts, customer)
        rendered = render(template, _values(order.variables, link), entity=entity)
    message = Message(
        situation=order.situation,
        channel=order.channel,
        tone=template.tone or order.tone or usual_tone(order.situation),
        template=template,
        entity=entity,
        customer=customer,
        about_type=ContentType.objects.get_for_model(type(order.about)),
        about_id=order.about.pk,
        language=template.language,
        sender=_sender(entity),
        subject=_header(rendered.subject, "subject"),
        html=rendered.html,
        text=rendered.text,
        link=link,
        queued_at=now,
        queued_by_id=actor.pk if actor else None,
    )
    deliveries = [
        Delivery(
            contact=contact,
            email=email_address,
            mail_id=new_mail_id(entity),
            not_before=order.not_before or now,
        )
        for email_address, contact in recipients
    ]
    return Draft(message, order.about, [_attachment(file) for file in order.attachments], deliveries)


def queue_drafts(drafts: Sequence[Draft], *, actor: AbstractBaseUser | None, now: datetime) -> None:
    """Put messages into the outbox, in as many statements for one as for many.

    Call it in a transaction. What they are about, and their links, are saved before.
    """
    for draft in drafts:
        draft.message.about_id = draft.about.pk
        draft.message.link = draft.message.link  # its key is known by now
    insert_rows([draft.message for draft in drafts])
    for draft in drafts:
        for file in draft.attachments:
            file.message = draft.message
        for delivery in draft.deliveries:
            delivery.message = draft.message
    insert_rows([row for draft in drafts for row in draft.attachments])
    insert_rows([row for draft in drafts for row in draft.deliveries])
    facts = [
        Fact(
            draft.about,
            {
                "message": draft.message.pk,
                "situation": draft.message.situation,
                "template": draft.message.template_id,
                "contacts": [row.contact_id for row in draft.deliveries if row.contact_id],
                "channel": draft.message.channel,
            },
            draft.message.customer_id,
        )
        for draft in drafts
    ]
    record_all(MESSAGE_QUEUED, facts, actor=actor, at=now)


def preview_message(
    *,
    situation: str,
    entity: Entity,
    language: str,
    variables: Mapping[str, Value | None],
    now: datetime,
    tone: int = 0,
    customer_type: str = "",
) -> Rendered:
    """The mail `queue_message` would freeze with a link, byte by byte, without queueing it."""
    template = find_template(situation, language, entity, now=now, customer_type=customer_type, tone=tone)
    return render(template, {**variables, "public_link": LINK_MARK}, entity=entity)


def _recipients(contacts: Sequence[Contact], customer: Customer) -> list[tuple[str, Contact | None]]:
    """One contact per address, the first one named; never nobody."""
    found: dict[str, Contact] = {}
    for contact in contacts:
        if contact.email and contact.email.lower() not in {address.lower() for address in found}:
            found[_header(contact.email, "email")] = contact
            _header(contact.name, "name")
    if not found:
        raise NobodyToWriteTo(
            f"{customer} has no contact with an e-mail address for this.",
            rule="a_message_has_a_recipient",
            mend="Add a contact for invoices to the customer.",
        )
    return list(found.items())


def _attachment(file: File) -> Attachment:
    return Attachment(
        filename=_header(file.filename, "filename"),
        media_type=file.media_type,
        stored_name=file.stored_name,
        sha256=file.sha256,
    )


def _sender(entity: Entity) -> str:
    return email.utils.formataddr((_header(entity.name, "sender"), entity.email), charset="utf-8")


def _header(text: str, field: str) -> str:
    """The text, refused when it would split a header or hide what it says."""
    check_one_line(text, field=field)
    return text


def _values(variables: Mapping[str, Value | None], link: PublicLink | None) -> dict[str, Value | None]:
    return {**variables, "public_link": LINK_MARK} if link else dict(variables)
