"""Setting up a customer in one go: party, address, tax number and first contact, or nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from customers.models import Customer
from customers.operations._contacts import add_contact, set_address, set_tax_id
from customers.operations._customers import add_customer
from team.models import User


@transaction.atomic
def set_up_customer(
    *,
    party: Mapping[str, Any],
    actor: User | None,
    now: datetime,
    address: Mapping[str, Any] | None = None,
    tax_id: Mapping[str, Any] | None = None,
    contact: Mapping[str, Any] | None = None,
) -> Customer:
    """`add_customer` with `party`, then the parts given, each as its own operation takes it."""
    customer = add_customer(**party, actor=actor, now=now)
    if address:
        set_address(customer, **address, actor=actor, now=now)
    if tax_id:
        set_tax_id(customer, **tax_id, actor=actor, now=now)
    if contact:
        add_contact(customer, **contact, actor=actor, now=now)
    return customer
