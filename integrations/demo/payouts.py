"""Refunds of the demo company on their way out: a file the bank paid, one that waits, one to come."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from customers.models import Customer
from entities.models import Entity
from entities.queries import local_day
from payments import operations as payments
from payments.models import Refund
from payouts import operations
from team.models import User

# What was paid twice, and the account it came from.
_TWICE = (
    ("148.20", "NL91ABNA0417164300"),
    ("96.00", "DE89370400440532013000"),
    ("312.75", "FR1420041010050500013M02606"),
    ("57.40", "ES9121000418450200051332"),
)


def pay_back(people: dict[str, User], now: datetime) -> None:
    """Approve four refunds of the Irish company; pay the first, put two into a file, leave the last."""
    cash, director = people["cash_applier"], people["director"]
    entity = Entity.objects.get(code="NWE")
    account = entity.bank_accounts.get(currency="EUR", is_active=True)
    today = local_day(entity, now)
    customers = (
        Customer.objects.filter(entity=entity, status=Customer.Status.ACTIVE)
        .select_related("entity")
        .order_by("number")
    )
    refunds = [
        _approved(customer, Decimal(amount), iban, people, now)
        for customer, (amount, iban) in zip(customers, _TWICE, strict=False)
    ]
    paid = operations.plan_file(account, refunds[:1], execute_on=today, actor=cash, now=now)
    paid = operations.approve_file(paid, actor=director, now=now)
    operations.take_file(paid, actor=cash, now=now)
    operations.note_executed(paid, on=today, by=f"file {paid.message_id}", actor=cash, now=now)
    operations.plan_file(account, refunds[1:3], execute_on=today, actor=cash, now=now)


def _approved(
    customer: Customer, amount: Decimal, iban: str, people: dict[str, User], now: datetime
) -> Refund:
    cash = people["cash_applier"]
    receipt = payments.Receipt(
        entity=customer.entity,
        customer=customer,
        received_on=local_day(customer.entity, now),
        currency="EUR",
        amount=amount,
        payer_name=customer.legal_name or customer.name,
        payer_account=iban,
        reference="Paid twice",
    )
    credit = payments.record_payment(receipt, actor=cash, now=now).open_item
    assert credit is not None  # noqa: S101 (its customer is known)
    asked = payments.request_refund(
        credit, amount, reason="The customer paid an invoice twice", actor=cash, now=now
    )
    return payments.approve_refund(asked, actor=people["director"], now=now)
