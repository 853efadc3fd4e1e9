"""What customers of the demo company see and do by themselves: statements that came, links, a new address."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from core.errors import DomainError
from correspondence import links
from customers import operations as customers
from customers.models import Contact, Customer, Segment
from entities.models import Entity
from entities.queries import local_day
from ledger.models import OpenItem
from portal import operations as portal
from statements import operations as statements
from statements.rules import MONTHLY, QUARTERLY, last_period
from team.models import User

logger = structlog.get_logger(__name__)

_STATED = 6
_LINKED = 4


def open_doors(people: dict[str, User], now: datetime) -> None:
    """Leave schedules with a month that was stated, statements sent by hand, open links, and one wish."""
    chosen = _owing(_STATED)
    _state(chosen, people["specialist"], now)
    _send(chosen[0], people["collector"], now)
    contacts = [contact for customer in chosen if (contact := _contact(customer)) is not None]
    for contact in contacts[:_LINKED]:
        portal.send_link(contact, actor=people["collector"], now=now - timedelta(days=1))
    if len(contacts) > 1:
        link = portal.open_links(contacts[0], now=now)[0]
        links.open_link(links.token_of(link), purpose=links.OVERVIEW, now=now - timedelta(hours=3))
        portal.ask_new_email(contacts[0], f"invoices@{contacts[0].email.partition('@')[2]}", now=now)
        customers.edit_contact(contacts[1], opens_agreed=True, actor=None, now=now - timedelta(hours=2))


def _owing(count: int) -> list[Customer]:
    """Customers with the most open documents, of those mail reaches."""
    reached = Contact.objects.filter(is_active=True, bounced_at=None, purposes__contains=["billing"])
    rows = OpenItem.objects.filter(
        side=OpenItem.Side.DEBIT,
        open_amount__gt=0,
        customer__status=Customer.Status.ACTIVE,
        customer__insolvent=False,
        customer__in=reached.exclude(email="").values("customer"),
    )
    found: dict[int, int] = {}
    for customer in rows.order_by("customer_id").values_list("customer_id", flat=True):
        found[customer] = found.get(customer, 0) + 1
    ids = sorted(found, key=lambda pk: (-found[pk], pk))[:count]
    by_id = Customer.objects.select_related("entity", "segment").in_bulk(ids)
    return [by_id[pk] for pk in ids]


def _state(chosen: list[Customer], actor: User, now: datetime) -> None:
    """Monthly for these since five weeks ago, the last month stated; quarterly for a segment from now."""
    for customer in chosen:
        agreed = now - timedelta(days=35)
        statements.set_schedule(customer, frequency=MONTHLY, form="movements", actor=actor, now=agreed)
        period = last_period(MONTHLY, local_day(customer.entity, now))
        accounts = OpenItem.objects.filter(customer=customer).order_by("entity_id", "currency")
        for entity, currency in accounts.values_list("entity_id", "currency").distinct():
            if period is not None:
                statements.mail_period(
                    customer,
                    Entity.objects.get(pk=entity),
                    currency,
                    period=period,
                    form="movements",
                    now=now,
                )
    if segment := Segment.objects.order_by("pk").first():
        statements.set_schedule(segment, frequency=QUARTERLY, form="open_items", actor=actor, now=now)


def _send(customer: Customer, actor: User, now: datetime) -> None:
    """One asked for on the phone, of today."""
    item = OpenItem.objects.filter(customer=customer, side="debit", open_amount__gt=0).order_by("pk")[0]
    try:
        statement = statements.make_statement(
            customer,
            item.entity,
            item.currency,
            form="open_items",
            on=local_day(item.entity, now),
            actor=actor,
            now=now,
        )
        statements.send_statement(statement, actor=actor, now=now)
    except DomainError as refusal:
        logger.info("demo_without", what="statement", why=str(refusal))


def _contact(customer: Customer) -> Contact | None:
    rows = customer.contacts.filter(is_active=True, bounced_at=None, opted_out_at=None)
    return rows.filter(purposes__contains=["billing"]).exclude(email="").select_related("customer").first()
