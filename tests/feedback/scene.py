"""Customers who can be asked, and what they answered."""

from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from customers import operations as customers
from customers.models import Contact
from feedback import operations
from feedback.models import Answer, Improvement, Survey
from tests.world import NOW, World

_amounts = count(1)


def contact_of(world: World, name: str = "Orla Byrne", *, beside: bool = False, **values: Any) -> Contact:
    """A contact for invoices of the world's customer, who reads mail: the only one, or beside the others."""
    if not beside:
        for other in world.customer.contacts.filter(is_active=True):
            customers.deactivate_contact(other, actor=world.clerk, now=NOW)
    address = f"{name.split(maxsplit=1)[0].lower()}{world.customer.pk}@customer.example"
    given = {"email": address, "purposes": ["billing"]} | values
    return customers.add_contact(world.customer, name=name, actor=world.clerk, now=NOW, **given)


def asked(world: World, *, now: datetime = NOW, **values: Any) -> Survey:
    """A survey about an issued invoice, as after a dispute."""
    # Amounts differ: the gate takes two alike for one billed twice.
    invoice = values.pop("invoice", None) or world.issued(f"{100 + next(_amounts)}.00")
    given = {"occasion": "dispute", "subject": invoice, "label": str(invoice.number)} | values
    return operations.ask_customer(world.customer, actor=None, now=now, **given)


def improved(world: World, *, now: datetime = NOW, told: bool = False) -> Improvement:
    """An improvement that is planned, or done and told to the customer it comes from."""
    row = operations.propose_improvement(
        title="Order numbers on every invoice",
        action="The gate asks for them",
        due_on=now.date(),
        sources=[entered(world, 2, now=now)],
        owner=world.lead,
        figure="csat",
        entity=world.entity,
        actor=world.lead,
        now=now,
    )
    if not told:
        return row
    row = operations.start_improvement(row, actor=world.lead, now=now)
    operations.write_before(row, Decimal("50.0"), now=now)
    row = operations.close_improvement(row, actor=world.lead, now=now)
    operations.publish_improvement(row, said="It was missing", did="It is there", actor=world.lead, now=now)
    return row


def entered(world: World, score: int = 4, *, now: datetime = NOW, **values: Any) -> Answer:
    """An answer typed in by the clerk."""
    given = {"actor": world.clerk} | values
    return operations.enter_answer(world.customer, score=score, now=now, **given)
