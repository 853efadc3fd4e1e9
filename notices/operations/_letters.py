"""What a customer is told of an act: the situation's variables, worked out from the record as it is now.

Each writer answers with a Letter, or with the reason in words why the situation does not apply.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models

from core.errors import Refused
from correspondence.rules import SITUATIONS, Amount, Instalment
from customers.models import Contact, Customer
from customers.queries import billing_profile
from entities.queries import local_day
from notices.operations._letter import Letter, Written, how_to_pay, parties
from notices.operations._letters_disputes import WRITERS as DISPUTES
from notices.operations._letters_money import WRITERS as MONEY
from policies.queries import public_path, version_in_force
from trail.models import Entry

# A customer is new for so long; one brought over from another system is not.
_NEW_FOR = timedelta(days=60)


def letter_for(
    situation: str, entry: Entry, subject: models.Model | None, customer: Customer | None
) -> Written:
    """The letter of this situation about the act; a text says why there is none."""
    if subject is None or customer is None:
        return "It is about nobody we write to."
    if customer.status == Customer.Status.INACTIVE:
        return "The customer is inactive."
    writer = _WRITERS.get(situation)
    if writer is None or situation not in SITUATIONS:
        raise Refused(
            f"There are no words yet for the situation “{situation}”.",
            rule="a_situation_has_a_template_in_use",
            mend="Choose another situation under Who is told, or nobody.",
        )
    return writer(entry, subject, customer)


# ------------------------------------------------------------------------------- promises and plans
# Their tables belong to another noun; what is read of them are the columns its records carry.
def _promise(entry: Entry, subject: Any, customer: Customer) -> Written:
    del entry
    documents = ", ".join(str(row.invoice.number) for row in subject.covers.select_related("invoice"))
    values = parties(subject.entity, customer) | how_to_pay(subject.entity, subject.currency)
    values |= {
        "amount": Amount(subject.amount, subject.currency),
        "promised_on": subject.promised_on,
        "documents": documents or None,
    }
    return Letter(subject, customer, subject.entity, Contact.Purpose.REMINDERS, values)


def _plan(entry: Entry, subject: Any, customer: Customer) -> Written:
    del entry
    parts = tuple(
        Instalment(part.due_on, Amount(part.amount, subject.currency)) for part in subject.parts.all()
    )
    values = parties(subject.entity, customer) | how_to_pay(subject.entity, subject.currency)
    values |= {"amount": Amount(subject.total, subject.currency), "instalments": parts}
    return Letter(subject, customer, subject.entity, Contact.Purpose.REMINDERS, values)


def _plan_broken(entry: Entry, subject: Any, customer: Customer) -> Written:
    facts = entry.additional_data or {}
    today = local_day(subject.entity, entry.timestamp)
    missed = [part for part in subject.parts.all() if part.due_on <= today]
    if not missed:
        return "No instalment is due yet."
    number = facts.get("missed")
    first = next((part for part in missed if part.number == number), missed[-1])
    owed = Decimal(str(facts.get("open", subject.total - subject.received)))
    values = parties(subject.entity, customer) | how_to_pay(subject.entity, subject.currency)
    values |= {
        "missed_on": first.due_on,
        "missed_amount": Amount(first.amount, subject.currency),
        "open_amount": Amount(owed, subject.currency),
    }
    return Letter(subject, customer, subject.entity, Contact.Purpose.REMINDERS, values)


# ------------------------------------------------------------------------------------------ welcome kit
def _welcome(entry: Entry, subject: models.Model, customer: Customer) -> Written:
    """How and when we bill and how to pay, once, when the first contact for invoices is there."""
    on = local_day(customer.entity, entry.timestamp)
    if on - customer.since > _NEW_FOR:
        return "An old customer knows how we bill."
    if not isinstance(subject, Contact) or Contact.Purpose.BILLING not in subject.purposes:
        return "The contact does not get invoices."
    currency = customer.currency or customer.entity.functional_currency
    values = parties(customer.entity, customer) | how_to_pay(customer.entity, currency)
    values["policy_link"] = _policy_link(customer, on)
    return Letter(
        customer,
        customer,
        customer.entity,
        Contact.Purpose.BILLING,
        values,
        once=f"welcome:{customer.pk}",
    )


def _policy_link(customer: Customer, on: date) -> str | None:
    policy = billing_profile(customer, customer.entity, on).payment_policy
    version = version_in_force(policy, on) if policy else None
    return f"{settings.BASE_URL}{public_path(version)}" if version else None


_WRITERS: Mapping[str, Callable[[Entry, Any, Customer], Written]] = {
    **MONEY,
    **DISPUTES,
    "promise_confirmed": _promise,
    "plan_offered": _plan,
    "plan_accepted": _plan,
    "plan_broken": _plan_broken,
    "welcome": _welcome,
}
"""Situation -> its writer. The credit note is sent as a document by its own app."""

SPOKEN = ("credit_note", *_WRITERS)
"""The situations a line of the protocol can tell a customer in."""
