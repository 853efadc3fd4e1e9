"""Using money and credits for what is owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Invalid, Refused
from core.money import amount as exact_amount
from core.money import plain
from customers.models import Customer
from entities.queries import local_day
from invoices.operations import sync_settlement
from ledger import operations as ledger
from ledger.models import Allocation, OpenItem
from ledger.queries import open_debits, uses_of
from payments import rules
from payments.events import CREDIT_USED, PAYMENT_ALLOCATED
from payments.models import Payment
from payments.operations._discounting import book_discount
from payments.operations._locking import lock, lock_invoices_of
from team.models import User
from trail.operations import record


class NotAllocatable(Refused):
    """More than is there, in another currency, or of somebody else."""


@dataclass(frozen=True)
class Part:
    """So much of a credit for one open item; `why` in words when a rule proposed it."""

    item_id: int
    amount: Decimal
    why: str = ""


def propose_allocation(payment: Payment) -> tuple[list[Part], Decimal]:
    """What the receipt most likely pays (quoted references, the exact amount, the oldest), and the rest."""
    item = payment.open_item
    if item is None or payment.customer is None:
        return [], Decimal(0)
    debits = list(
        open_debits(_family(payment), currency=payment.currency).filter(entity_id=payment.entity_id)
    )
    proposal = rules.propose(
        item.open_amount,
        [
            rules.OpenItem(
                id=str(debit.pk),
                issued_on=debit.opened_on,
                due_on=debit.due_on or debit.opened_on,
                open_amount=debit.open_amount,
                disputed=debit.held_amount >= debit.open_amount,
                reference=debit.reference.split(" · ")[0],
                held=debit.held_amount,
            )
            for debit in debits
        ],
        text=f"{payment.reference} {payment.note}",
    )
    return [Part(int(a.id), a.amount, a.reason) for a in proposal.allocations], proposal.unapplied


@transaction.atomic
def allocate_payment(
    payment: Payment,
    parts: Sequence[Part],
    *,
    actor: User | None,
    now: datetime,
    on: date | None = None,
    grant_discount: bool = True,
    earned_on: date | None = None,
) -> Payment:
    """Use a receipt for open items. An early payment discount that was earned is granted with it.

    `earned_on` is the day that earns it, where that is not the day of the receipt.
    """
    payment = lock(payment)
    if payment.state != Payment.State.RECEIVED or payment.open_item_id is None:
        raise NotAllocatable(
            f"{payment} has nothing to allocate.",
            rule="only_a_known_receipt_is_allocated",
            mend="Say first which customer paid." if payment.customer_id is None else "It was returned.",
        )
    on = on or max(local_day(payment.entity, now), payment.received_on)
    _refuse_future(on, local_day(payment.entity, now))
    key = f"payment:{payment.pk}:allocate"
    discounts = _use(
        payment.open_item_id,
        parts,
        kind=Allocation.Kind.PAYMENT,
        functional=payment.entity.functional_currency,
        source_type="payment",
        source_id=payment.pk,
        key=key,
        text=f"Receipt {payment}",
        on=on,
        earned_on=(earned_on or payment.received_on) if grant_discount else None,
        actor=actor,
        now=now,
    )
    record(
        PAYMENT_ALLOCATED,
        payment,
        actor=actor,
        at=now,
        customer_id=payment.customer_id,
        on=on,
        parts=[{"item": part.item_id, "amount": part.amount, "why": part.why} for part in parts],
        discounts=discounts,
    )
    return payment


@transaction.atomic
def use_credit(
    credit: OpenItem, parts: Sequence[Part], *, actor: User | None, now: datetime, on: date | None = None
) -> OpenItem:
    """Use what is left of a credit note for other open items of the customer."""
    if credit.kind != OpenItem.Kind.CREDIT_NOTE:
        raise NotAllocatable(
            "This is a receipt; allocate the payment.", rule="a_credit_note_is_used_as_credit"
        )
    on = on or max(local_day(credit.entity, now), credit.opened_on)
    _refuse_future(on, max(local_day(credit.entity, now), credit.opened_on))
    _use(
        credit.pk,
        parts,
        kind=Allocation.Kind.CREDIT,
        functional=credit.entity.functional_currency,
        source_type="credit",
        source_id=credit.pk,
        key=f"credit:{credit.pk}:use",
        text=f"Credit {credit.reference}",
        on=on,
        earned_on=None,
        actor=actor,
        now=now,
    )
    record(
        CREDIT_USED,
        credit,
        actor=actor,
        at=now,
        customer_id=credit.customer_id,
        on=on,
        parts=[{"item": part.item_id, "amount": part.amount} for part in parts],
    )
    credit.refresh_from_db()
    return credit


def _use(
    credit_id: int,
    parts: Sequence[Part],
    *,
    kind: Allocation.Kind,
    functional: str,
    source_type: str,
    source_id: int,
    key: str,
    text: str,
    on: date,
    earned_on: date | None,
    actor: User | None,
    now: datetime,
) -> list[dict[str, str]]:
    """Allocate under locks: invoices, then items, each in pk order. Returns the discounts granted."""
    parts = _merged(parts)
    invoice_ids = lock_invoices_of([part.item_id for part in parts])
    items = ledger.lock_items([credit_id, *(part.item_id for part in parts)])
    credit = items[credit_id]
    pairs = [(items.get(part.item_id), part.amount) for part in parts]
    _refuse_wrong_parts(credit, pairs)
    debits = [(debit, amount) for debit, amount in pairs if debit is not None]
    # An item may be allocated from the same receipt several times: the running number keeps keys apart.
    key = f"{key}:{uses_of(credit_id) + 1}"
    before = {debit.pk: (debit.open_amount, debit.open_amount) for debit, _ in debits}
    ledger.allocate(
        credit,
        debits,
        kind=kind,
        functional=functional,
        source=ledger.Source(source_type, source_id, key),
        text=text,
        on=on,
        actor=actor,
        now=now,
    )
    granted = []
    if earned_on is not None:
        for debit, amount in debits:
            granted += book_discount(
                debit, amount, before[debit.pk][0], key=key, paid_on=earned_on, on=on, actor=actor, now=now
            )
    sync_settlement(invoice_ids)
    return granted


def _merged(parts: Sequence[Part]) -> list[Part]:
    sums: dict[int, Decimal] = {}
    for part in parts:
        sums[part.item_id] = sums.get(part.item_id, Decimal(0)) + part.amount
    return [Part(item_id, amount) for item_id, amount in sums.items()]


def _refuse_wrong_parts(credit: OpenItem, pairs: Sequence[tuple[OpenItem | None, Decimal]]) -> None:
    if not pairs:
        raise Invalid(
            "Choose what it pays.",
            field="parts",
            rule="an_allocation_moves_something",
            mend="Enter an amount.",
        )
    for number, (debit, amount) in enumerate(pairs):
        field = f"parts[{number}].amount"
        if debit is None or debit.side != OpenItem.Side.DEBIT:
            raise Invalid(
                "There is no such open item.",
                field=f"parts[{number}].item",
                rule="an_item_is_owed",
                mend="Reload the list.",
            )
        exact_amount(amount, credit.currency, field=field)
        if amount <= 0:
            raise Invalid(
                f"{debit.reference}: an allocation is more than nothing.",
                field=field,
                rule="only_a_reversal_is_negative",
                mend="Leave it out, or undo an allocation.",
            )
        if debit.currency == credit.currency and amount > debit.open_amount:
            raise NotAllocatable(
                f"{debit.reference} has {plain(debit.open_amount, debit.currency)} {debit.currency} open; "
                f"{plain(amount, debit.currency)} is too much.",
                field=field,
                rule="an_open_item_is_not_over_allocated",
                mend=f"Enter at most {plain(debit.open_amount, debit.currency)}.",
            )
        if not _one_family(debit, credit):
            raise NotAllocatable(
                f"{debit.reference} belongs to another customer.",
                field=f"parts[{number}].item",
                rule="an_allocation_stays_with_one_customer_group",
                mend="Choose an invoice of the same customer or group.",
            )
    total = sum((amount for _, amount in pairs), Decimal(0))
    if (
        all(debit is not None and debit.currency == credit.currency for debit, _ in pairs)
        and total > credit.open_amount
    ):
        left = plain(credit.open_amount, credit.currency)
        raise NotAllocatable(
            f"{left} {credit.currency} is left of {_named(credit)}; "
            f"{plain(total, credit.currency)} is too much.",
            field="parts",
            rule="an_open_item_is_not_over_allocated",
            mend=f"Allocate at most {left} in all.",
        )


def _named(credit: OpenItem) -> str:
    """The document as people know it: a receipt by its number, not by what the payer wrote."""
    payment = getattr(credit, "payment", None)
    return str(payment) if payment is not None else credit.reference


def _refuse_future(on: date, today: date) -> None:
    if on > today:
        raise Invalid(
            f"{on} has not come yet: accounts of today would not be those of today.",
            field="on",
            rule="an_allocation_is_not_in_the_future",
            mend=f"Use {today} or earlier, or leave the day out.",
        )


def _one_family(debit: OpenItem, credit: OpenItem) -> bool:
    if debit.customer_id == credit.customer_id:
        return True
    mine, theirs = debit.customer, credit.customer
    return (mine.parent_id or mine.pk) == (theirs.parent_id or theirs.pk)


def _family(payment: Payment) -> list[int]:
    """Parent and children of the payer: a group may pay for its members."""
    customer = payment.customer
    if customer is None:
        return []
    root = customer.parent_id or customer.pk
    return [root, *Customer.objects.filter(parent_id=root).values_list("pk", flat=True)]
