"""Settling one item with no other: discount, small difference, write-off, refund, returned receipt."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Refused
from ledger.models import Allocation, Entry, OpenItem
from ledger.operations._posting import Source
from ledger.operations._settling import as_item, settle, take
from ledger.postings import Leg, Tax, discount, reverse, small_difference, write_off
from ledger.postings import refund as refund_legs
from ledger.relief import Rate, relief
from team.models import User


@transaction.atomic(savepoint=False)
def give_up(
    debit: OpenItem,
    *,
    kind: Allocation.Kind,
    net: Decimal,
    taxes: Sequence[Tax],
    rate: Rate,
    source: Source,
    text: str,
    on: date,
    actor: User | None,
    now: datetime,
) -> Entry:
    """Settle part of a debit item with nothing: discount, small difference or write-off. Item locked."""
    amount = net + sum((tax.amount for tax in taxes), Decimal(0))
    leaves = relief(as_item(debit), amount, rate.functional)
    if kind == Allocation.Kind.TOLERANCE:
        legs = small_difference(debit=as_item(debit), amount=amount, functional=rate.functional)
    else:
        rule = discount if kind == Allocation.Kind.DISCOUNT else write_off
        legs = (
            discount(debit=as_item(debit), net=net, taxes=taxes, rate=rate)
            if rule is discount
            else write_off(debit=as_item(debit), loss=net, taxes=taxes, rate=rate)
        )
    take(debit, amount, leaves)
    row = Allocation(
        debit=debit,
        kind=kind,
        currency=debit.currency,
        amount=amount,
        functional=leaves,
        credit_functional=Decimal(0),
        on=on,
    )
    return settle(legs, [row], [debit], kind=kind, source=source, text=text, on=on, actor=actor, now=now)


@transaction.atomic(savepoint=False)
def pay_back(
    credit: OpenItem,
    amount: Decimal,
    *,
    rate: Rate,
    source: Source,
    text: str,
    on: date,
    actor: User | None,
    now: datetime,
) -> Entry:
    """Give unapplied credit back in money. Item locked by the caller."""
    used = relief(as_item(credit), amount, rate.functional)
    legs = refund_legs(credit=as_item(credit), amount=amount, rate=rate)
    take(credit, amount, used)
    row = Allocation(
        credit=credit,
        kind=Allocation.Kind.REFUND,
        currency=credit.currency,
        amount=amount,
        functional=Decimal(0),
        credit_functional=used,
        on=on,
    )
    return settle(legs, [row], [credit], kind=row.kind, source=source, text=text, on=on, actor=actor, now=now)


@transaction.atomic(savepoint=False)
def cancel_receipt(
    credit: OpenItem,
    received: Sequence[Leg],
    *,
    kind: Allocation.Kind = Allocation.Kind.BOUNCE,
    source: Source,
    text: str,
    on: date,
    actor: User | None,
    now: datetime,
) -> Entry:
    """Mirror the legs of a receipt that came back, or was not theirs. Its allocations were undone before."""
    if credit.open_amount != credit.amount:
        raise Refused(
            f"{credit.reference} is still allocated.",
            rule="unallocated_before_return",
            mend="Undo its allocations first.",
        )
    legs = reverse(received)
    row = Allocation(
        credit=credit,
        kind=kind,
        currency=credit.currency,
        amount=credit.amount,
        functional=Decimal(0),
        credit_functional=credit.open_functional,
        on=on,
    )
    take(credit, credit.open_amount, credit.open_functional)
    return settle(legs, [row], [credit], kind=row.kind, source=source, text=text, on=on, actor=actor, now=now)
