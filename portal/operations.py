"""Links to a contact's own page, and a new e-mail address that is confirmed before it holds."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from core.errors import DomainError, Refused
from correspondence.links import CONFIRM, OVERVIEW, OVERVIEW_DAYS, create_link, links_of, revoke_link
from correspondence.models import Message, PublicLink
from correspondence.operations import queue_message
from correspondence.rules import Value
from customers import operations as customers
from customers.models import Contact, Customer
from customers.queries import billing_profile
from customers.recipients import obstacle
from entities.queries import local_day
from portal.events import EMAIL_ASKED, EMAIL_CONFIRMED, EMAIL_DROPPED
from portal.models import EmailChange
from team.models import User
from trail.operations import record

CONFIRM_MINUTES = 48 * 60
_LINK = "portal_link"
_MOST = 5
_AGAIN_AFTER = timedelta(minutes=5)
State = EmailChange.State


class NoMailReaches(Refused):
    """The contact has no address that works, or asked for no mail."""


class LinkIsUsed(Refused):
    """The address was confirmed or given up already, or is another contact's by now."""


@transaction.atomic
def send_link(contact: Contact, *, actor: User | None, now: datetime) -> Message:
    """Mail the contact a link to their own page, good for thirty days."""
    contact = _locked(contact)
    if why := obstacle(contact):
        raise NoMailReaches(
            f"{contact.name} {why}, so no link is sent.",
            field="contact",
            rule="a_link_goes_by_mail",
            mend="Correct the contact first.",
        )
    customer = contact.customer
    link = create_link(customer, purpose=OVERVIEW, contact=contact, actor=actor, now=now, days=OVERVIEW_DAYS)
    values = _parties(customer) | {"valid_until": local_day(customer.entity, link.expires_at)}
    return _queue(_LINK, contact, values, link=link, actor=actor, now=now)


def send_fresh_links(email: str, *, now: datetime) -> int:
    """Links for whoever is known by this address, one per customer; returns how many were sent.

    Nobody is told whether it was any: the page that asks says the same either way.
    """
    known = Contact.objects.filter(email__iexact=email.strip()[:254], is_active=True).exclude(
        customer__status=Customer.Status.INACTIVE
    )
    sent = 0
    for contact in known.order_by("pk")[:_MOST]:
        # Links in reminders and statements do not count: who asks wants one now.
        recent = Message.objects.filter(
            situation=_LINK,
            queued_by=None,
            queued_at__gt=now - _AGAIN_AFTER,
            deliveries__contact=contact,
        )
        if obstacle(contact) or recent.exists():
            continue
        send_link(contact, actor=None, now=now)
        sent += 1
    return sent


def open_links(contact: Contact, *, now: datetime) -> QuerySet[PublicLink]:
    """The links to the contact's own page that open now."""
    return links_of(contact.customer).filter(
        purpose=OVERVIEW, contact=contact, revoked_at=None, expires_at__gt=now
    )


@transaction.atomic
def close_links(contact: Contact, *, actor: User | None, now: datetime) -> int:
    """Close every link to the contact's own page; returns how many."""
    return len(
        [revoke_link(link, actor=actor, now=now) for link in open_links(contact, now=now).order_by("pk")]
    )


@transaction.atomic
def ask_new_email(contact: Contact, email: str, *, now: datetime) -> EmailChange | None:
    """Send a link to the new address, and tell the old one. Nothing changes before it is confirmed.

    None: it is the address we have. An earlier wish is given up.
    """
    contact = _locked(contact)
    if email.strip().lower() == contact.email.lower():
        return None
    with transaction.atomic():  # the rules of contacts, tried and taken back
        tried = customers.edit_contact(contact, email=email, actor=None, now=now)
        transaction.set_rollback(True)
    _drop(contact, now=now)
    change = EmailChange.objects.create(
        contact=contact, before=contact.email, email=tried.email, asked_at=now
    )
    link = create_link(change, purpose=CONFIRM, contact=contact, actor=None, now=now, minutes=CONFIRM_MINUTES)
    values = _parties(contact.customer) | {"new_email": change.email}
    there = copy(contact)
    there.email = change.email
    _queue("contact_confirm", there, values, link=link, actor=None, now=now)
    if not obstacle(contact):
        _queue("contact_changing", contact, values, link=None, actor=None, now=now)
    _record(EMAIL_ASKED, change, now=now)
    return change


@transaction.atomic
def drop_new_email(contact: Contact, *, now: datetime) -> None:
    """The contact stays with the old address. Without a wish nothing happens."""
    _drop(_locked(contact), now=now)


@transaction.atomic
def confirm_new_email(link: PublicLink, *, now: datetime) -> PublicLink:
    """The new address holds from now on; returns a fresh link to the contact's page.

    Links that were sent to the old address are closed with it: whoever reads that mailbox gets in no more.
    """
    change = (
        EmailChange.objects.select_for_update(of=("self",)).select_related("contact").get(pk=link.about_id)
    )
    contact = _locked(change.contact)
    if change.state != State.WAITING or contact.email != change.before or not contact.is_active:
        raise LinkIsUsed("This address is not waited for any more.", rule="an_address_is_confirmed_once")
    try:
        with transaction.atomic():
            customers.edit_contact(contact, email=change.email, actor=None, now=now)
    except DomainError as refusal:
        raise LinkIsUsed(refusal.message, rule="an_address_is_confirmed_once") from refusal
    change.state, change.decided_at = State.CONFIRMED, now
    change.save(update_fields=["state", "decided_at"])
    revoke_link(link, actor=None, now=now)
    close_links(contact, actor=None, now=now)
    _record(EMAIL_CONFIRMED, change, now=now)
    return create_link(
        contact.customer, purpose=OVERVIEW, contact=contact, actor=None, now=now, days=OVERVIEW_DAYS
    )


def _drop(contact: Contact, *, now: datetime) -> None:
    for change in EmailChange.objects.select_for_update().filter(contact=contact, state=State.WAITING):
        change.state, change.decided_at = State.DROPPED, now
        change.save(update_fields=["state", "decided_at"])
        for link in links_of(change).filter(revoked_at=None):
            revoke_link(link, actor=None, now=now)
        _record(EMAIL_DROPPED, change, now=now)


def _locked(contact: Contact) -> Contact:
    rows = Contact.objects.select_for_update(of=("self",)).select_related("customer__entity")
    return rows.get(pk=contact.pk)


def _parties(customer: Customer) -> dict[str, Value | None]:
    entity = customer.entity
    return {
        "seller_name": entity.legal_name or entity.name,
        "customer_name": customer.name,
        "contact_email": entity.email or None,
        "contact_phone": entity.phone or None,
    }


def _queue(
    situation: str,
    contact: Contact,
    values: dict[str, Value | None],
    *,
    link: PublicLink | None,
    actor: User | None,
    now: datetime,
) -> Message:
    customer = contact.customer
    profile = billing_profile(customer, customer.entity, local_day(customer.entity, now))
    return queue_message(
        situation=situation,
        about=customer,
        customer=customer,
        entity=customer.entity,
        language=contact.language or profile.language,
        variables=values,
        contacts=[contact],
        link=link,
        actor=actor,
        now=now,
    )


def _record(fact: str, change: EmailChange, *, now: datetime) -> None:
    record(
        fact,
        change.contact,
        actor=None,
        at=now,
        customer_id=change.contact.customer_id,
        changes={"email": (change.before, change.email)},
    )
