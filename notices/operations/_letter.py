"""A message about an act, before it is queued, and what most of them say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import models

from correspondence.rules import Value
from customers.models import Customer
from entities.models import Entity
from entities.queries import bank_account
from entities.rules import iban_in_groups
from invoices.models import Invoice

_NAMED = 3  # numbers spelled out in a text before it says how many more there are


@dataclass(frozen=True)
class Letter:
    """A message to be queued. `invoice` is the page its link opens; without one there is no link."""

    about: models.Model
    customer: Customer
    entity: Entity
    purpose: str
    variables: Mapping[str, Value | None]
    invoice: Invoice | None = None
    # Set where the same news must not come twice, though the act happens again.
    once: str = ""


Written = Letter | str


def parties(entity: Entity, customer: Customer) -> dict[str, Value | None]:
    """Who writes to whom, and where to ask."""
    return {
        "seller_name": entity.legal_name or entity.name,
        "customer_name": customer.name,
        "contact_email": entity.email or None,
        "contact_phone": entity.phone or None,
    }


def how_to_pay(entity: Entity, currency: str, reference: str = "") -> dict[str, Value | None]:
    """The account to pay to in this currency, and what to state."""
    account = bank_account(entity, currency)
    number = (iban_in_groups(account.iban) if account.iban else account.account_number) if account else ""
    return {"bank_account": number or None, "payment_reference": reference or None}


def numbers(invoices: Sequence[Invoice]) -> str:
    """The first few numbers, and how many more there are."""
    named = ", ".join(str(invoice.number) for invoice in invoices[:_NAMED])
    more = len(invoices) - _NAMED
    return f"{named} +{more}" if more > 0 else named
