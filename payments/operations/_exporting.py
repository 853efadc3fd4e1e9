"""Taking rows out of the house is an act: who, when, by which filter."""

from datetime import datetime

from django.db import transaction

from customers.models import Customer
from payments.events import PAYMENTS_EXPORTED, STATEMENT_EXPORTED
from team.models import User
from trail.operations import record


@transaction.atomic
def note_export(*, actor: User, now: datetime, query: str) -> None:
    """Put an export of receipts on the trail of the person who takes it, before the first row leaves."""
    record(PAYMENTS_EXPORTED, actor, actor=actor, at=now, filter=query[:1000])


@transaction.atomic
def note_statement(customer: Customer, *, actor: User, now: datetime, query: str) -> None:
    """The same for the statement of one customer's account."""
    record(STATEMENT_EXPORTED, customer, actor=actor, at=now, customer_id=customer.pk, filter=query[:1000])
