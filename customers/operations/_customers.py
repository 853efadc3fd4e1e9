"""Writing customers and segments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction

from core import edits
from core.errors import DomainError, Invalid, Refused
from customers import events, rules
from customers.models import Customer, Segment
from customers.operations._common import choice, locked, paragraph, refuse_stale, text
from entities import queries as entity_queries
from entities.models import Entity
from policies.models import Policy
from team.models import User
from trail.operations import record

EDITABLE = (
    "name", "legal_name", "kind", "entity", "segment", "parent", "owner", "country", "state_code", "is_sez",
    "language", "currency", "delivery_channel", "insolvent", "notes",
)  # fmt: skip
AT_FIRST = (*EDITABLE, "number", "payment_policy", "terms_override", "credit_limit", "since")
"""At creation the agreed terms can be entered; from then on they change through `request_change` only."""


class CustomerNumberTaken(Refused):
    """Another customer has the number."""


class CustomerStateRefused(Refused):
    """The customer is already in the state that was asked for."""


@transaction.atomic
def add_customer(
    *, entity: Entity, name: str, country: str, actor: User | None, now: datetime, **given: Any
) -> Customer:
    """Add a party we bill; `given` are values of AT_FIRST. Without a number it gets the next one.

    A similar name is not refused: the page asks (`queries.similar_names`) and a person decides.
    """
    values = _clean({"name": name, "country": country, **given}, allowed=AT_FIRST)
    values["number"] = _number(values.get("number", ""))
    values.setdefault("since", entity_queries.local_day(entity, now))
    _clean_first_terms(values, entity)
    customer = Customer(**{"entity": entity, "created_by": actor, "created_at": now, **values})
    if customer.state_code:
        customer.state_code = rules.clean_state(customer.country, customer.state_code)
    try:
        with transaction.atomic():
            customer.save(force_insert=True)
    except IntegrityError as fault:
        if "number" not in str(fault):
            raise
        raise _taken(values["number"]) from fault
    record(
        events.CUSTOMER_CREATED,
        customer,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        number=customer.number,
        name=customer.name,
        entity=entity.code,
        terms=customer.terms_override,
        credit_limit=customer.credit_limit,
    )
    return customer


@transaction.atomic
def edit_customer(
    customer: Customer,
    *,
    actor: User | None,
    now: datetime,
    expected_version: int | None = None,
    **given: Any,
) -> Customer:
    """Change master data (EDITABLE). Nothing different changes nothing and writes nothing on the trail.

    Raises Stale when `expected_version` is not the present one. Terms, credit limit and bank data are
    refused here: they need two persons (`request_change`).
    """
    customer = locked(customer)
    refuse_stale(customer, expected_version, given)
    values = _clean(given, allowed=EDITABLE)
    _refuse_loop(customer, values.get("parent"))
    changes = edits.apply(customer, values)
    if not changes:
        return customer
    if {"country", "state_code"} & changes.keys() and customer.state_code:
        rules.clean_state(customer.country, customer.state_code)
    _save(customer, *changes)
    record(events.CUSTOMER_EDITED, customer, actor=actor, at=now, customer_id=customer.pk, changes=changes)
    return customer


@transaction.atomic
def block_customer(customer: Customer, *, reason: str, actor: User | None, now: datetime) -> Customer:
    """No new invoices from here on. What is open stays owed."""
    customer = locked(customer)
    reason = text(reason, "reason", "The reason", 200, required=True)
    if customer.status == Customer.Status.BLOCKED:
        raise CustomerStateRefused(f"{customer} is already blocked.", rule="a_customer_is_blocked_once")
    return _move(
        customer, Customer.Status.BLOCKED, reason, fact=events.CUSTOMER_BLOCKED, actor=actor, now=now
    )


@transaction.atomic
def unblock_customer(customer: Customer, *, reason: str, actor: User | None, now: datetime) -> Customer:
    """Invoices are possible again."""
    customer = locked(customer)
    reason = text(reason, "reason", "The reason", 200, required=True)
    if customer.status == Customer.Status.ACTIVE:
        raise CustomerStateRefused(f"{customer} is not blocked.", rule="only_a_blocked_customer_is_unblocked")
    return _move(
        customer, Customer.Status.ACTIVE, reason, fact=events.CUSTOMER_UNBLOCKED, actor=actor, now=now
    )


@transaction.atomic
def add_segment(*, name: str, actor: User | None, now: datetime, **given: Any) -> Segment:
    """A group of customers with settings of its own: language, currency, delivery_channel, payment_policy."""
    values = _clean_segment({"name": name, **given})
    if Segment.objects.filter(name__iexact=values["name"]).exists():
        raise _segment_taken(values["name"])
    segment = Segment(**values)
    try:
        with transaction.atomic():
            segment.save(force_insert=True)
    except IntegrityError as fault:
        raise _segment_taken(values["name"]) from fault
    record(events.SEGMENT_CREATED, segment, actor=actor, at=now, name=segment.name)
    return segment


@transaction.atomic
def edit_segment(segment: Segment, *, actor: User | None, now: datetime, **given: Any) -> Segment:
    """Change the settings a segment hands down. Its payment policy is terms, and stays as it is."""
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    if "payment_policy" in given:
        raise _needs_two_persons("payment_policy")
    changes = edits.apply(segment, _clean_segment(given))
    if changes:
        segment.save(update_fields=list(changes))
        record(events.SEGMENT_EDITED, segment, actor=actor, at=now, changes=changes)
    return segment


def _move(
    customer: Customer, status: str, reason: str, *, fact: str, actor: User | None, now: datetime
) -> Customer:
    changes = {"status": (customer.status, str(status))}
    customer.status = status
    customer.status_reason = reason if status == Customer.Status.BLOCKED else ""
    _save(customer, "status", "status_reason")
    record(fact, customer, actor=actor, at=now, customer_id=customer.pk, changes=changes, reason=reason)
    return customer


def _save(customer: Customer, *fields: str) -> None:
    customer.lock_version += 1
    customer.save(update_fields=[*fields, "lock_version"])


def _clean(given: Mapping[str, Any], *, allowed: tuple[str, ...]) -> dict[str, Any]:
    """The given values checked one by one. Raises `Invalid` on every field at fault."""
    for name in given:
        if name in ("payment_policy", "terms_override", "credit_limit") and name not in allowed:
            raise _needs_two_persons(name)
        if name not in allowed:
            raise TypeError(f"A customer has no field {name} that is entered here.")
    found: list[DomainError] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = _CLEANERS[name](value) if name in _CLEANERS else value
        except DomainError as fault:
            found.append(fault)
    if len(found) > 1:
        problems = [one for fault in found for one in fault.problems]
        raise Invalid("Several things are not right.", problems=problems)
    if found:
        raise found[0]
    return values


_CLEANERS: dict[str, Any] = {
    "name": lambda value: text(value, "name", "The name", 160, required=True),
    "legal_name": lambda value: text(value, "legal_name", "The legal name", 200),
    "number": lambda value: text(value, "number", "The customer number", 20),
    "kind": lambda value: choice(value, "kind", "The kind of customer", Customer.Kind),
    "country": lambda value: rules.clean_country(str(value or "")),
    "state_code": lambda value: text(value, "state_code", "The state", 8).upper(),
    "language": rules.clean_language,
    "currency": rules.clean_currency,
    "delivery_channel": rules.clean_channel,
    "notes": lambda value: paragraph(value, "notes", "The note", 5000),
}


def _clean_first_terms(values: dict[str, Any], entity: Entity) -> None:
    """Terms and limit agreed when the customer was won."""
    currency = values.get("currency") or entity.functional_currency
    if values.get("terms_override"):
        wanted = rules.clean_change("terms", values, currency=currency)
        values["terms_override"] = wanted["terms_override"]
    if values.get("credit_limit") is not None:
        limit = rules.clean_change("credit_limit", values, currency=currency)["credit_limit"]
        values["credit_limit"] = Decimal(limit)
    if not isinstance(values.get("since", date.min), date):
        raise Invalid("The day is not a date.", field="since", rule="since_is_a_day", mend="Give a date.")


def _clean_segment(given: Mapping[str, Any]) -> dict[str, Any]:
    cleaners = {name: _CLEANERS[name] for name in ("language", "currency", "delivery_channel")}
    cleaners["name"] = lambda value: text(value, "name", "The name", 60, required=True)
    unknown = given.keys() - cleaners.keys() - {"payment_policy"}
    if unknown or not isinstance(given.get("payment_policy"), Policy | None):
        raise TypeError(
            f"A segment has no field {', '.join(sorted(unknown)) or 'payment_policy of that type'}."
        )
    return {name: cleaners[name](value) if name in cleaners else value for name, value in given.items()}


def _number(wanted: str) -> str:
    """The wanted number if it is free, else the next free one of our own."""
    if wanted:
        if Customer.objects.filter(number=wanted).exists():
            raise _taken(wanted)
        return wanted
    # A sequence, not a counter row: customer numbers may have gaps, so nobody waits for them.
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('customers_customer', 'id'))")
            number = f"C-{10000 + cursor.fetchone()[0]}"
        if not Customer.objects.filter(number=number).exists():
            return number


def _refuse_loop(customer: Customer, parent: Customer | None) -> None:
    """A group of companies is a tree."""
    seen = parent
    for _ in range(50):
        if seen is None:
            return
        if seen.pk == customer.pk:
            break
        seen = seen.parent
    raise Invalid(
        f"{parent} belongs to {customer} already, or to too long a chain of companies.",
        field="parent",
        rule="a_group_of_companies_is_a_tree",
        mend="Choose another parent company, or none.",
    )


def _needs_two_persons(name: str) -> Refused:
    return Refused(
        "Payment terms, payment policy, credit limit and bank data are not edited by one person.",
        field=name,
        rule="terms_need_two_persons",
        mend="Ask for the change; a second person approves it after a call back.",
    )


def _taken(number: str) -> CustomerNumberTaken:
    return CustomerNumberTaken(
        f"Another customer has the number {number}.",
        field="number",
        rule="a_customer_number_is_unique",
        mend="Choose another number, or leave it empty to get the next one.",
    )


def _segment_taken(name: str) -> Refused:
    return Refused(
        f"There is a segment “{name}” already.",
        field="name",
        rule="a_segment_name_is_unique",
        mend="Choose another name.",
    )
