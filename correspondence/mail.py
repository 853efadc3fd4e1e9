"""The bytes of a mail. What a preview shows and what is handed over come from the same function."""

from __future__ import annotations

import email.utils
import hashlib
from email.message import Message as MimeMessage
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives

from core.errors import Refused
from correspondence.models import Attachment, Delivery, Message

LINK_MARK = "https://link.invalid/the-customers-own-link/"
"""Stands in a frozen message where the link's address is printed at hand-over."""

HIDDEN_LINK = "https://link.invalid/hidden-from-staff/"
"""What staff see in its place: the customer's own link is the customer's alone."""


MAIL_ID = "mail_id"
"""Under this name a mail service hands our Message-ID back with its reports."""


class AttachmentChanged(Refused):
    """The stored file is not the one that was attached when the message was queued."""


class FrozenMail(EmailMultiAlternatives):
    """A mail whose bytes follow from its parts alone: the boundaries are made from the Message-ID.

    So every attempt, and the preview before it, is the same mail byte by byte.
    """

    track_opens: bool
    track_clicks: bool
    metadata: dict[str, str]

    def message(self, *, policy: object = None) -> MimeMessage:  # type: ignore[override]  # noqa: ARG002
        """The MIME tree with boundaries that repeat."""
        tree: MimeMessage = super().message()
        seed = hashlib.sha256(str(self.extra_headers["Message-ID"]).encode()).hexdigest()[:24]
        for number, part in enumerate(part for part in tree.walk() if part.is_multipart()):
            part.set_boundary(f"=_{seed}_{number}")
        return tree


def compose(delivery: Delivery, *, link_address: str) -> FrozenMail:
    """The mail to one recipient, with `link_address` printed where the message says LINK_MARK.

    Raises AttachmentChanged when a stored file no longer has the hash it was queued with.
    """
    message = delivery.message
    mail = FrozenMail(
        subject=message.subject,
        body=message.text.replace(LINK_MARK, link_address),
        from_email=message.sender,
        to=[_recipient(delivery)],
        headers={
            "Message-ID": delivery.mail_id,
            "Date": email.utils.format_datetime(message.queued_at),
            "Content-Language": message.language,
            "Auto-Submitted": "auto-generated",
            **_answers(message),
        },
    )
    # For mail services. Whether a mail was opened is watched only where its reader agreed, links never; the
    # report comes back with our Message-ID even when it is quicker than the answer to the hand-over.
    mail.track_opens = bool(delivery.contact and delivery.contact.opens_agreed)
    mail.track_clicks = False
    mail.metadata = {MAIL_ID: delivery.mail_id}
    mail.attach_alternative(message.html.replace(LINK_MARK, link_address), "text/html")
    for attachment in message.attachments.all():
        mail.attach(attachment.filename, read_attachment(attachment), attachment.media_type)
    return mail


def _answers(message: Message) -> dict[str, str]:
    """The headers that put an answer below the mail it answers.

    What the message is about says which mails those are: `mails_answered(message)`, the oldest first.
    """
    kind = ContentType.objects.get_for_id(message.about_type_id)
    if not hasattr(kind.model_class(), "mails_answered"):
        return {}
    about: Any = kind.get_all_objects_for_this_type(pk=message.about_id).first()
    ids = about.mails_answered(message) if about else []
    return {"In-Reply-To": ids[-1], "References": " ".join(ids)} if ids else {}


def read_attachment(attachment: Attachment) -> bytes:
    """The attached file's bytes, proved by their hash."""
    with default_storage.open(attachment.stored_name) as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise AttachmentChanged(
            f"The stored file {attachment.filename} is not the one that was attached.",
            rule="attachment_is_unchanged",
            mend="Restore the file from the backup; the message is not sent with another one.",
        )
    return content


def _recipient(delivery: Delivery) -> str:
    name = delivery.contact.name if delivery.contact else ""
    return email.utils.formataddr((name, delivery.email), charset="utf-8")
