"""Sending a statement: to each contact chosen for statements, once, with the stored file attached."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from core.errors import Refused
from correspondence.links import OVERVIEW, OVERVIEW_DAYS, create_link
from correspondence.manners import purposes_of
from correspondence.models import Delivery, Message
from correspondence.operations import File, NobodyToWriteTo, queue_message
from correspondence.queries import recipients_for
from correspondence.rules import Amount, Value
from customers.models import Contact
from entities.rules import iban_in_groups
from statements.events import STATEMENT_SENT
from statements.models import Statement
from statements.operations._making import file_of
from team.models import User
from trail.operations import record

SITUATION = "statement"
_JUST_NOW = timedelta(minutes=10)
_LOST = (Delivery.State.BOUNCED, Delivery.State.FAILED, Delivery.State.CANCELLED)


class SentBefore(Refused):
    """Everybody chosen for statements has this one."""


@transaction.atomic
def send_statement(
    statement: Statement, *, actor: User | None, now: datetime, again: bool = False
) -> list[Message]:
    """Put one mail per contact into the outbox, the stored file attached.

    Who has this statement already gets no second mail; with `again` everybody does, but not twice within ten
    minutes. Raises NobodyToWriteTo or SentBefore.
    """
    name = file_of(statement)
    statement = (
        Statement.objects.select_for_update(of=("self",))
        .select_related("customer", "entity")
        .get(pk=statement.pk)
    )
    contacts = [choice.contact for choice in recipients_for(statement.customer, purposes_of(SITUATION))]
    if not contacts:
        raise NobodyToWriteTo(
            f"{statement.customer} has no contact for statements that mail reaches.",
            field="contact",
            rule="a_message_has_a_recipient",
            mend="Add a contact with an e-mail address to the customer.",
        )
    known = _have_it(statement, since=now - _JUST_NOW if again else None)
    wanted = [contact for contact in contacts if contact.email.lower() not in known]
    if not wanted:
        raise SentBefore(
            "This statement was sent a moment ago." if again else "Everybody chosen for statements has it.",
            rule="a_statement_is_sent_once",
            mend="Send it again in ten minutes if it was lost." if again else "Choose “Send again”.",
        )
    messages = [_queue(statement, contact, name, actor=actor, now=now) for contact in wanted]
    record(
        STATEMENT_SENT,
        statement,
        actor=actor,
        at=now,
        customer_id=statement.customer_id,
        contacts=[contact.pk for contact in wanted],
        sha256=statement.sha256,
    )
    return messages


def _have_it(statement: Statement, *, since: datetime | None) -> set[str]:
    """Addresses this statement went to, or is on its way to."""
    rows = Delivery.objects.filter(
        message__about_type=ContentType.objects.get_for_model(Statement),
        message__about_id=statement.pk,
        message__situation=SITUATION,
    ).exclude(state__in=_LOST)
    if since is not None:
        rows = rows.filter(message__queued_at__gt=since)
    return {email.lower() for email in rows.values_list("email", flat=True)}


def _queue(
    statement: Statement, contact: Contact, stored_name: str, *, actor: User | None, now: datetime
) -> Message:
    return queue_message(
        situation=SITUATION,
        about=statement,
        customer=statement.customer,
        entity=statement.entity,
        language=contact.language or statement.language,
        variables=variables_of(statement),
        contacts=[contact],
        link=create_link(
            statement.customer, purpose=OVERVIEW, contact=contact, actor=actor, now=now, days=OVERVIEW_DAYS
        ),
        attachments=[File(statement.file_name, "application/pdf", stored_name, statement.sha256)],
        actor=actor,
        now=now,
    )


def variables_of(statement: Statement) -> dict[str, Value | None]:
    """What the message may say, from the frozen statement."""
    seller: dict[str, Any] = statement.content["seller"]
    payment: dict[str, Any] = statement.content["payment"]
    bank: dict[str, str] = (payment.get("bank") or {}) if statement.outstanding > 0 else {}
    number = iban_in_groups(bank["iban"]) if bank.get("iban") else bank.get("account_number")
    return {
        "seller_name": seller["legal_name"] or seller["name"],
        "customer_name": statement.customer.name,
        "contact_email": seller["email"] or None,
        "contact_phone": seller["phone"] or None,
        "bank_account": number or None,
        "payment_reference": str(payment["reference"]) if bank else None,
        "as_of": statement.as_of,
        "closing_amount": Amount(statement.closing, statement.currency),
    }
