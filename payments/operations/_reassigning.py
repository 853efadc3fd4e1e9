"""A receipt that was given to the wrong customer: taken back, and given to the right one if known."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from core.errors import Invalid, Refused
from customers.models import Customer
from entities.queries import local_day
from ledger import operations as ledger
from ledger.models import Allocation, Entry
from ledger.rules import CUSTOMER_CREDIT, UNIDENTIFIED, Leg
from payments.events import PAYMENT_TAKEN_BACK
from payments.models import Payment, Refund
from payments.operations._locking import lock
from payments.operations._receiving import identify_payment, refuse_refunded
from payments.operations._undoing import undo_all
from team.models import User
from trail.operations import record


@transaction.atomic
def take_back_payment(
    payment: Payment, *, reason: str, actor: User | None, now: datetime, customer: Customer | None = None
) -> Payment:
    """Take a receipt from the customer it was given to by mistake: what it paid is open again.

    It then waits as unidentified, or is `customer`'s credit. Nothing is edited: the book mirrors what was
    booked, and the trail says who was wrong and why.
    """
    payment = lock(payment)
    if payment.state != Payment.State.RECEIVED or payment.customer is None or payment.open_item_id is None:
        raise Refused(
            f"{payment} belongs to nobody." if payment.customer_id is None else f"{payment} was returned.",
            rule="only_a_known_receipt_is_taken_back",
            mend="Say who paid." if payment.customer_id is None else "Record the new receipt.",
        )
    wrong = payment.customer
    if customer is not None and customer.pk == wrong.pk:
        raise Invalid(
            f"{payment} is {wrong}'s already.",
            field="customer",
            rule="a_receipt_goes_to_somebody_else",
            mend="Choose whose it is, or leave it empty if nobody knows.",
        )
    if len(reason.strip()) < 5:
        raise Invalid(
            "Say how you know.",
            field="reason",
            rule="a_reversal_has_a_reason",
            mend="For example: the customer says it is not theirs.",
        )
    refuse_refunded(payment)
    if Refund.objects.filter(credit=payment.open_item_id, state=Refund.State.PENDING).exists():
        raise Refused(
            f"A refund of {payment} waits for approval.",
            rule="a_receipt_with_a_refund_stays",
            mend="Reject the refund first.",
        )
    on = max(local_day(payment.entity, now), payment.received_on)
    undo_all(payment, on=on, reason=reason.strip(), actor=actor, now=now)
    _give_up(payment, reason.strip(), on=on, actor=actor, now=now)
    payment.customer = payment.open_item = None
    payment.save(update_fields=["customer", "open_item"])
    record(
        PAYMENT_TAKEN_BACK,
        payment,
        actor=actor,
        at=now,
        customer_id=wrong.pk,
        amount=payment.amount,
        currency=payment.currency,
        reason=reason.strip()[:300],
    )
    if customer is not None:
        payment = identify_payment(payment, customer, actor=actor, now=now)
    return payment


def _give_up(payment: Payment, reason: str, *, on: date, actor: User | None, now: datetime) -> None:
    """The credit of the wrong customer ends, and the money is unidentified as if nobody had ever said."""
    assert payment.open_item_id is not None  # noqa: S101 (it has a customer)
    item = ledger.lock_items([payment.open_item_id])[payment.open_item_id]
    stem = f"payment:{payment.pk}:taken_back"
    number = Entry.objects.filter(key__startswith=f"{stem}:").count() + 1
    ledger.cancel_receipt(
        item,
        [
            Leg(UNIDENTIFIED, payment.amount, payment.functional_amount),
            Leg(CUSTOMER_CREDIT, -payment.amount, -payment.functional_amount, str(item.pk)),
        ],
        kind=Allocation.Kind.MOVED,
        source=ledger.Source("payment", payment.pk, f"{stem}:{number}"),
        text=f"{payment} was not theirs: {reason}"[:200],
        on=on,
        actor=actor,
        now=now,
    )
