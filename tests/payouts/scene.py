"""Refunds that are approved, and files that pay them."""

from datetime import datetime
from decimal import Decimal

from payments import operations as payments
from payments.models import Refund
from payouts import operations
from payouts.models import PaymentFile
from tests.world import NOW, World

IBAN = "NL91ABNA0417164300"


def refunded(world: World, amount: str = "50.00", *, now: datetime = NOW, **values) -> Refund:
    """An approved refund of a receipt that came from an account."""
    given = {"payer_name": "Käufer & Söhne GmbH", "payer_account": IBAN} | values
    receipt = world.received(amount, now=now, **given)
    asked = payments.request_refund(
        receipt.open_item, Decimal(amount), reason="Paid twice", actor=world.cash, now=now
    )
    return payments.approve_refund(asked, actor=world.director, now=now)


def make_file(world: World, *refunds: Refund, now: datetime = NOW, approved: bool = False) -> PaymentFile:
    """A file of these refunds, or of one of its own."""
    account = world.entity.bank_accounts.get(currency="EUR")
    file = operations.plan_file(
        account,
        refunds or [refunded(world, now=now)],
        execute_on=now.date(),
        actor=world.cash,
        now=now,
    )
    return operations.approve_file(file, actor=world.director, now=now) if approved else file
