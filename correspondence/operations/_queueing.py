"""Rendering a message and putting it into the outbox."""

from __future__ import annotations

import email.utils
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from core.errors import Refused
from correspondence.defaults import DEFAULTS
from correspondence.events import MESSAGE_QUEUED
from correspondence.mail import LINK_MARK
from correspondence.models import Attachment, Delivery, Message, PublicLink, Template
from correspondence.queries import languages_of, template_in_use
from correspondence.rendering import Rendered, render
from correspondence.rules import Value, check_one_line
from customers.models import Contact, Customer
from entities.models import Entity
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
    link: PublicLink,
    attachments: Iterable[File] = (),
    actor: AbstractBaseUser | None,
    now: datetime,
    not_before: datetime | None = None,
) -> Message:
    """Render and freeze a message, with one delivery for each contact that has an address.

    The template in use for `language` is taken, else that of the entity's language, else English. The
    variable `public_link` is LINK_MARK, where `link` is printed at hand-over; `variables` need not have it.
    Nothing leaves before `not_before`.
    """
    recipients = _recipients(contacts, customer)
    template = find_template(situation, language, entity, now=now)
    rendered = render(template, _values(variables), entity=entity)
    message = Message(
        situation=situation,
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
            email=address,
            mail_id=_new_mail_id(entity),
            not_before=not_before or now,
        )
        for address, contact in recipients.items()
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
        contacts=[contact.pk for contact in recipients.values()],
    )
    return message


def preview_message(
    *, situation: str, entity: Entity, language: str, variables: Mapping[str, Value | None], now: datetime
) -> Rendered:
    """What `queue_message` would freeze, byte by byte, without queueing it."""
    return render(find_template(situation, language, entity, now=now), _values(variables), entity=entity)


def find_template(situation: str, language: str, entity: Entity, *, now: datetime) -> Template:
    """The template in use for a reader of `language`; NoTemplateInUse names what is missing."""
    install_texts(now=now)
    template = template_in_use(situation, languages_of(language, entity))
    if template is None:
        raise NoTemplateInUse(
            f"No message text is in use for “{situation}” in {', '.join(languages_of(language, entity))}.",
            rule="a_situation_has_a_template_in_use",
            mend="Take one into use under Mail, Texts.",
        )
    return template


def install_texts(*, now: datetime) -> None:
    """Put the texts we start with into use where a situation has none in a language yet. Safe to repeat."""
    known = set(Template.objects.values_list("situation", "language").distinct())
    missing = [
        Template(
            situation=situation,
            language=language,
            version=1,
            subject=text.subject,
            body=text.body,
            status=Template.Status.ACTIVE,
            created_at=now,
        )
        for situation, texts in DEFAULTS.items()
        for language, text in texts.items()
        if (situation, language) not in known
    ]
    if missing:
        Template.objects.bulk_create(missing, ignore_conflicts=True)


def _recipients(contacts: Sequence[Contact], customer: Customer) -> dict[str, Contact]:
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
    return found


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


def _new_mail_id(entity: Entity) -> str:
    """A Message-ID at the sending domain."""
    domain = entity.email.rpartition("@")[2].encode("idna").decode()
    return f"<{secrets.token_hex(16)}@{domain}>"


def _header(text: str, field: str) -> str:
    """The text, refused when it would split a header or hide what it says."""
    check_one_line(text, field=field)
    return text


def _values(variables: Mapping[str, Value | None]) -> dict[str, Value | None]:
    return {**variables, "public_link": LINK_MARK}
