"""One mail that reached us, from whatever door: posted, noted as a bounce, left unanswered, or set aside."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from conversations import events, queries
from conversations.incoming import IncomingMail, read_mail
from conversations.maildir import Maildir
from conversations.models import Channel, InboundMail
from conversations.operations._receiving import receive_message
from correspondence.models import Delivery
from correspondence.operations import note_bounce_of
from customers.models import Contact
from trail.operations import record

Outcome = InboundMail.Outcome


def take_mail(raw: bytes, *, source: str, now: datetime) -> InboundMail:
    """Take one mail in. The same Message-ID is taken once; a mail nobody can read raises UnreadableMail."""
    mail = read_mail(raw)
    before = InboundMail.objects.filter(message_id=mail.message_id).first()
    if before is not None:
        return before
    try:
        with transaction.atomic():
            # The row comes first: its key is the claim, so of two workers one waits here and then stops.
            row = InboundMail.objects.create(
                source=source,
                message_id=mail.message_id,
                sender=mail.sender,
                subject=mail.subject,
                outcome=Outcome.POSTED,
                received_at=now,
            )
            _sort(row, mail, now=now)
            row.save(update_fields=["outcome", "reason", "post"])
            return row
    except IntegrityError:
        taken = InboundMail.objects.filter(message_id=mail.message_id).first()
        if taken is None:
            raise
        return taken


def keep_broken(raw: bytes, *, source: str, reason: str, now: datetime) -> InboundMail:
    """Set aside a mail no file was left of: its bytes are kept beside the watched folder's broken ones."""
    name = f"{source}-{hashlib.sha256(raw).hexdigest()[:32]}"
    Maildir(Path(settings.MAILDIR or settings.MAIL_DIR / "in")).put_broken(name, raw, reason)
    return set_mail_aside(name, source=source, reason=reason, now=now)


@transaction.atomic
def set_mail_aside(name: str, *, source: str, reason: str, now: datetime) -> InboundMail:
    """Note a mail that could not be read; `name` is where its bytes were left."""
    row, is_new = InboundMail.objects.get_or_create(
        message_id=f"{source}:{name}"[:250],
        defaults={"source": source, "outcome": Outcome.BROKEN, "reason": reason[:300], "received_at": now},
    )
    if is_new:
        record(events.MAIL_SET_ASIDE, row, actor=None, at=now, source=source, reason=reason[:300])
    return row


def _sort(row: InboundMail, mail: IncomingMail, *, now: datetime) -> None:
    if mail.bounces:
        row.outcome = Outcome.BOUNCE
        row.reason = "; ".join(f"{bounce.recipient}: {bounce.reason}" for bounce in mail.bounces)[:300]
        _note_bounces(mail, now=now)
    elif queries.is_ours(mail.sender) or Delivery.objects.filter(mail_id=mail.message_id).exists():
        row.outcome, row.reason = Outcome.LOOP, "It comes from an address of our own."
    elif mail.is_automatic and not any(queries.thread_answered(mail.answers)):
        row.outcome, row.reason = Outcome.AUTOMATIC, "A machine wrote it, and it belongs to no inquiry."
    else:
        _post(row, mail, now=now)


def _post(row: InboundMail, mail: IncomingMail, *, now: datetime) -> None:
    contact = _whose(mail)
    row.post = receive_message(
        customer=contact.customer if contact else None,
        contact=contact,
        entity=queries.company_written_to(mail.recipients),
        sender=mail.sender,
        subject=mail.subject,
        body=mail.body or "(no text)",
        channel=Channel.EMAIL,
        external_id=mail.message_id,
        in_reply_to=mail.answers,
        is_automatic=mail.is_automatic,
        faults=mail.faults,
        files=mail.files,
        now=now,
    )
    if mail.is_automatic:
        row.outcome = Outcome.AUTOMATIC


def _whose(mail: IncomingMail) -> Contact | None:
    """The contact who wrote; of an address several customers share, the one whose mail is answered."""
    found = queries.contacts_with(mail.sender)
    if len(found) <= 1:
        return found[0] if found else None
    thread, _about, customer = queries.thread_answered(mail.answers)
    wanted = thread.customer_id if thread else customer.pk if customer else None
    return next((contact for contact in found if contact.customer_id == wanted), None)


def _note_bounces(mail: IncomingMail, *, now: datetime) -> None:
    for bounce in mail.bounces:
        note_bounce_of(bounce.mail_id, reason=bounce.reason, permanent=bounce.permanent, now=now)
