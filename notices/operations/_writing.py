"""Putting a letter to a customer into the outbox, or work on somebody's desk where nobody reads it."""

from datetime import datetime
from typing import Any

from core.errors import DomainError
from correspondence.links import INVOICE, create_link
from correspondence.models import Message
from correspondence.operations import queue_message
from customers.models import Customer
from customers.queries import billing_profile, contacts_for
from entities.queries import local_day
from notices.operations._letter import Letter
from team.models import User
from work.operations import open_work

NO_CONTACT = "a_message_has_a_recipient"


class NotReachable(DomainError):
    """The customer has nobody to write to."""


def queue(letter: Letter, situation: str, *, now: datetime, actor: User | None = None) -> Message:
    """Put the letter into the outbox for the customer's contacts of its purpose."""
    given = message_of(letter, now=now)
    link = None
    if letter.invoice is not None:
        link = create_link(
            letter.invoice, purpose=INVOICE, contact=given["contacts"][0], actor=actor, now=now
        )
    return queue_message(
        situation=situation,
        about=letter.about,
        customer=letter.customer,
        entity=letter.entity,
        link=link,
        actor=actor,
        now=now,
        **given,
    )


def message_of(letter: Letter, *, now: datetime) -> dict[str, Any]:
    """To whom, in which language and with which values a letter is written; refused where nobody reads it."""
    contacts = contacts_for(letter.customer, letter.purpose)
    if not contacts:
        raise NotReachable(
            f"{letter.customer.name} has no contact that mail reaches.",
            rule=NO_CONTACT,
            mend="Add a contact with an e-mail address to the customer.",
        )
    profile = billing_profile(letter.customer, letter.entity, local_day(letter.entity, now))
    return {
        "contacts": contacts,
        "language": contacts[0].language or profile.language,
        "variables": letter.variables,
    }


def find_contact(customer: Customer, why: str, *, now: datetime) -> None:
    """Somebody has to find out whom to write to; one item per customer, however many messages wait."""
    open_work(
        kind="find_contact",
        key=f"find-contact:{customer.pk}",
        subject=customer,
        label=f"Find a contact for {customer.name}",
        path=customer.get_absolute_url(),
        why=why,
        now=now,
        entity=customer.entity,
        customer_id=customer.pk,
        owner=customer.owner,
        role="specialist",
    )
