"""Bringing in receipts another system recorded, each the full settlement of one imported invoice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.rows import insert_rows
from entities.models import Entity
from entities.queries import rate_on
from invoices.models import Instalment, Invoice
from invoices.operations import sync_settlement
from ledger import operations as ledger
from ledger.models import OpenItem
from ledger.rules import Rate, receipt
from payments.events import PAYMENT_RECORDED
from payments.models import Payment
from team.models import User
from trail.operations import Fact, record_all


@dataclass(frozen=True)
class Settlement:
    """An imported invoice, fresh in this transaction, that was paid in full on a day."""

    invoice: Invoice
    on: date
    key: str


@transaction.atomic
def import_settlements(
    entity: Entity,
    given: Sequence[Settlement],
    *,
    actor: User | None,
    now: datetime,
    find_rate: Callable[[str, str, date], Decimal] = lambda c, f, on: rate_on(c, f, on).rate,
) -> list[Payment]:
    """Record a receipt and its allocation on its own day for each, in a fixed number of statements."""
    if not given:
        return []
    functional = entity.functional_currency
    rates = [
        Rate(one.invoice.currency, functional, find_rate(one.invoice.currency, functional, one.on))
        for one in given
    ]
    legs = [receipt(amount=one.invoice.payable, rate=rate) for one, rate in zip(given, rates, strict=True)]
    items = ledger.open_items(
        [_credit(entity, one, -lines[-1].amount_functional) for one, lines in zip(given, legs, strict=True)]
    )
    payments = insert_rows(
        [
            _payment(entity, one, rate, item, actor=actor, now=now)
            for one, rate, item in zip(given, rates, items, strict=True)
        ]
    )
    ledger.post(
        [
            ledger.Posting(
                entity_id=entity.pk,
                customer_id=payment.customer_id,
                currency=payment.currency,
                on=payment.received_on,
                kind="receipt",
                source=ledger.Source("payment", payment.pk, f"payment:{payment.pk}:receipt"),
                text=f"Receipt for {one.invoice.number}, imported"[:200],
                legs=lines,
                items={"credit": item},
            )
            for one, lines, item, payment in zip(given, legs, items, payments, strict=True)
        ],
        actor=actor,
        now=now,
    )
    _allocate(given, payments, items, functional, actor=actor, now=now)
    sync_settlement(one.invoice.pk for one in given)
    record_all(
        PAYMENT_RECORDED,
        [
            Fact(
                payment,
                {
                    "amount": payment.amount,
                    "currency": payment.currency,
                    "on": payment.received_on,
                    "imported": True,
                },
                payment.customer_id,
            )
            for payment in payments
        ],
        actor=actor,
        at=now,
    )
    return payments


def _credit(entity: Entity, one: Settlement, booked: Decimal) -> OpenItem:
    return OpenItem(
        entity_id=entity.pk,
        customer_id=one.invoice.customer_id,
        side=OpenItem.Side.CREDIT,
        kind=OpenItem.Kind.RECEIPT,
        reference=str(one.invoice.number)[:60],
        currency=one.invoice.currency,
        amount=one.invoice.payable,
        functional_amount=booked,
        opened_on=one.on,
    )


def _payment(
    entity: Entity, one: Settlement, rate: Rate, item: OpenItem, *, actor: User | None, now: datetime
) -> Payment:
    return Payment(
        entity=entity,
        customer_id=one.invoice.customer_id,
        received_on=one.on,
        currency=one.invoice.currency,
        amount=one.invoice.payable,
        fx_rate=rate.value,
        functional_amount=item.functional_amount,
        reference=str(one.invoice.number)[:140],
        note="Imported",
        open_item=item,
        external_key=one.key,
        recorded_by=actor,
        recorded_at=now,
    )


def _allocate(
    given: Sequence[Settlement],
    payments: Sequence[Payment],
    items: Sequence[OpenItem],
    functional: str,
    *,
    actor: User | None,
    now: datetime,
) -> None:
    parts = Instalment.objects.filter(invoice__in=[one.invoice for one in given]).select_related("open_item")
    debits = {part.invoice_id: part.open_item for part in parts}
    matches = []
    for one, payment, credit in zip(given, payments, items, strict=True):
        debit = debits[one.invoice.pk]
        if debit is None:  # an issued invoice has its open item
            raise LookupError(f"{one.invoice} has no open item")
        matches.append(
            ledger.Match(
                credit=credit,
                debit=debit,
                amount=payment.amount,
                on=one.on,
                source=ledger.Source("payment", payment.pk, f"payment:{payment.pk}:allocate:1"),
                text=f"Receipt {payment}"[:200],
            )
        )
    ledger.allocate_all(matches, functional=functional, actor=actor, now=now)
