"""What a bank or gateway keeps of a receipt, learnt after it was booked: an entry of its own."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Invalid
from core.money import amount as exact_amount
from entities.queries import local_day, rate_on
from ledger import operations as ledger
from ledger.models import Entry
from ledger.rules import Rate, bank_fee
from payments.events import PAYMENT_FEE_BOOKED
from payments.models import Payment
from payments.operations._locking import lock
from team.models import User
from trail.operations import record


@transaction.atomic
def book_fee(
    payment: Payment, fee: Decimal, *, currency: str, by: str, actor: User | None, now: datetime
) -> None:
    """Book the fee of a receipt, once. It stays when the receipt is returned: fees do not come back."""
    payment = lock(payment)
    key = f"payment:{payment.pk}:fee"
    if Entry.objects.filter(key=key).exists():
        return
    exact_amount(fee, currency, field="fee")
    if fee <= 0:
        raise Invalid(
            "A fee is more than nothing.",
            field="fee",
            rule="a_fee_is_more_than_nothing",
            mend="Leave it out.",
        )
    functional = payment.entity.functional_currency
    on = local_day(payment.entity, now)
    rate = Rate(currency, functional, rate_on(currency, functional, on).rate)
    posting = ledger.Posting(
        entity_id=payment.entity_id,
        customer_id=None,
        currency=currency,
        on=on,
        kind="fee",
        source=ledger.Source("payment", payment.pk, key),
        text=f"Fee of {payment}, kept by {by}"[:200],
        legs=bank_fee(amount=fee, rate=rate),
        items={},
    )
    ledger.post([posting], actor=actor, now=now)
    record(
        PAYMENT_FEE_BOOKED,
        payment,
        actor=actor,
        at=now,
        customer_id=payment.customer_id,
        amount=fee,
        currency=currency,
        by=by,
    )
