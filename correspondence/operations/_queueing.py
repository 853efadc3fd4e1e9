"""Rendering a message and putting it into the outbox."""

from __future__ import annotations

import email.utils
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from core.errors import Refused
from correspondence.defaults import LANGUAGES, texts_of
from correspondence.events import MESSAGE_QUEUED
from correspondence.letters import letter_address, render_letter
from correspondence.mail import LINK_MARK
from correspondence.manners import usual_tone
from correspondence.models import Attachment, Channel, Delivery, Message, PublicLink, Template
from correspondence.operations._marks import new_mail_id
from correspondence.queries import languages_of, template_in_use
from correspondence.rendering import Rendered, render
from correspondence.rules import Value, check_one_line
from customers.models import Contact, Customer
from entities.models import Entity
from entities.queries import local_day
from trail.operations import record


class File(NamedTuple):
    """A file of the private storage to attach: its name for the reader, and its name and hash there."""

    filename: str
    media_type: str
    stored_name: str
    sha256: str


class NobodyToWriteTo(Refused):
    """The customer has no contact with an address for this."""


class NoTemplateInUse(Refused):
    """No template of the situation is in use in any language the customer reads."""


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
    """Render and freeze a message, with one delivery for each contact that has an address.

    The text in use that fits `language`, `tone`, `channel` and `customer_type` best is taken (see
    `correspondence.choosing`; no customer type: the customer's own). With a `link`, the variable
    `public_link` is LINK_MARK, where the link is printed at hand-over; `variables` need not have it.
    A letter goes once, to the customer's billing address, for the attention of the first contact; it has
    no link. Nothing leaves before `not_before`.
    """
    template = find_template(
        situation,
        language,
        entity,
        now=now,
        channel=channel,
        customer_type=customer_type or customer.kind,
        tone=tone,
    )
    if channel == Channel.LETTER:
        link = None
        address = letter_address(customer, contacts)
        rendered = render_letter(
            template, variables, entity=entity, address=address, on=local_day(entity, now)
        )
        recipients: Sequence[tuple[str, Contact | None]] = [("", contacts[0] if contacts else None)]
    else:
        recipients = _recipients(contacts, customer)
        rendered = render(template, _values(variables, link), entity=entity)
    message = Message(
        situation=situation,
        channel=channel,
        tone=template.tone or tone or usual_tone(situation),
        template=template,
        entity=entity,
        customer=customer,
        about_type=ContentType.objects.get_for_model(type(about)),
        about_id=about.pk,
        language=template.language,
        sender=_sender(entity),
        subject=_header(rendered.subject, "subject"),
        html=rendered.html,
        text=rendered.text,
        link=link,
        queued_at=now,
        queued_by_id=actor.pk if actor else None,
    )
    message.save(force_insert=True)
    Attachment.objects.bulk_create(_attachment(message, file) for file in attachments)
    Delivery.objects.bulk_create(
        Delivery(
            message=message,
            contact=contact,
            email=email_address,
            mail_id=new_mail_id(entity),
            not_before=not_before or now,
        )
        for email_address, contact in recipients
    )
    record(
        MESSAGE_QUEUED,
        about,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        message=message.pk,
        situation=situation,
        template=template.pk,
        contacts=[contact.pk for _, contact in recipients if contact],
        channel=channel,
    )
    return message


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


def find_template(
    situation: str,
    language: str,
    entity: Entity,
    *,
    now: datetime,
    channel: str = Channel.EMAIL,
    customer_type: str = "",
    tone: int = 0,
) -> Template:
    """The text in use that fits best; NoTemplateInUse names what is missing."""
    install_texts(now=now)
    languages = languages_of(language, entity)
    template = template_in_use(situation, languages, channel=channel, customer_type=customer_type, tone=tone)
    if template is None:
        form = "letter" if channel == Channel.LETTER else "message"
        raise NoTemplateInUse(
            f"No {form} text is in use for “{situation}” in {', '.join(languages)}.",
            rule="a_situation_has_a_template_in_use",
            mend="Take one into use under Mail, Texts.",
        )
    return template


def install_texts(*, now: datetime) -> None:
    """Put the texts we start with into use where a situation has none in a language yet. Safe to repeat."""
    known = set(Template.objects.values_list("language", "situation", "channel", "customer_type", "tone"))
    missing = [
        Template(
            **variant._asdict(),
            language=language,
            version=1,
            subject=text.subject,
            body=text.body,
            status=Template.Status.ACTIVE,
            created_at=now,
            approved_at=now,
        )
        for language in LANGUAGES
        for variant, text in texts_of(language).items()
        if (language, *variant) not in known
    ]
    if missing:
        Template.objects.bulk_create(missing, ignore_conflicts=True)


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


def _attachment(message: Message, file: File) -> Attachment:
    return Attachment(
        message=message,
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
