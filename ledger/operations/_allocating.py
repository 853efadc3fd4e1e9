"""Settling debits with credits, and undoing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Refused
from core.rows import insert_rows
from ledger.models import Allocation, Entry, OpenItem
from ledger.operations._posting import Posting, Source, legs_of, post, write_open
from ledger.operations._settling import as_item, settle, take
from ledger.postings import Leg, reverse
from ledger.postings import allocate as allocate_legs
from ledger.relief import relief
from team.models import User


@transaction.atomic(savepoint=False)
def allocate(
    credit: OpenItem,
    parts: Sequence[tuple[OpenItem, Decimal]],
    *,
    kind: Allocation.Kind,
    functional: str,
    source: Source,
    text: str,
    on: date,
    actor: User | None,
    now: datetime,
) -> Entry:
    """Settle debit items with a credit item, in one entry. All items must be locked by the caller.

    `functional` is the currency of the books. `Refused` above what is open, or in another currency.
    """
    legs: list[Leg] = []
    rows: list[Allocation] = []
    for debit, amount in parts:
        _refuse_unlike(debit, credit, on)
        new = allocate_legs(
            credit=as_item(credit), debit=as_item(debit), amount=amount, functional=functional
        )
        leaves = relief(as_item(debit), amount, functional)
        used = relief(as_item(credit), amount, functional)
        take(debit, amount, leaves)
        take(credit, amount, used)
        legs += new
        rows.append(
            Allocation(
                debit=debit,
                credit=credit,
                kind=kind,
                currency=credit.currency,
                amount=amount,
                functional=leaves,
                credit_functional=used,
                on=on,
            )
        )
    items = [credit, *(debit for debit, _ in parts)]
    return settle(legs, rows, items, kind=kind, source=source, text=text, on=on, actor=actor, now=now)


@dataclass(frozen=True)
class Match:
    """A credit item that settles so much of one debit item on a day. Both fresh, or locked by the caller."""

    credit: OpenItem
    debit: OpenItem
    amount: Decimal
    on: date
    source: Source
    text: str


@transaction.atomic(savepoint=False)
def allocate_all(
    matches: Sequence[Match], *, functional: str, actor: User | None, now: datetime
) -> list[Entry]:
    """`allocate` for thousands of pairs, each item in one pair only: three statements, one entry a pair."""
    postings, rows, items = [], [], []
    for match in matches:
        debit, credit = match.debit, match.credit
        _refuse_unlike(debit, credit, match.on)
        legs = allocate_legs(
            credit=as_item(credit), debit=as_item(debit), amount=match.amount, functional=functional
        )
        leaves = relief(as_item(debit), match.amount, functional)
        used = relief(as_item(credit), match.amount, functional)
        take(debit, match.amount, leaves)
        take(credit, match.amount, used)
        items += [debit, credit]
        postings.append(
            Posting(
                entity_id=credit.entity_id,
                customer_id=credit.customer_id,
                currency=credit.currency,
                on=match.on,
                kind=Allocation.Kind.PAYMENT,
                source=match.source,
                text=match.text,
                legs=legs,
                items={str(item.pk): item for item in (credit, debit)},
            )
        )
        rows.append(
            Allocation(
                debit=debit,
                credit=credit,
                kind=Allocation.Kind.PAYMENT,
                currency=credit.currency,
                amount=match.amount,
                functional=leaves,
                credit_functional=used,
                on=match.on,
            )
        )
    entries = post(postings, actor=actor, now=now)
    for row, entry in zip(rows, entries, strict=True):
        row.entry = entry
    insert_rows(rows)
    write_open(items)
    return entries


@transaction.atomic(savepoint=False)
def undo_allocation(
    allocation: Allocation, *, source: Source, text: str, on: date, actor: User | None, now: datetime
) -> Entry:
    """Reverse one allocation: both items are open again by what it took. Items locked by the caller."""
    if allocation.reversal_of_id or Allocation.objects.filter(reversal_of=allocation).exists():
        raise Refused("This allocation was undone before.", rule="an_allocation_is_undone_once")
    legs = reverse(_legs_of_allocation(allocation))
    row = Allocation(
        debit=allocation.debit,
        credit=allocation.credit,
        kind=allocation.kind,
        currency=allocation.currency,
        amount=-allocation.amount,
        functional=-allocation.functional,
        credit_functional=-allocation.credit_functional,
        on=max(on, allocation.on),
        reversal_of=allocation,
    )
    items = [item for item in (allocation.debit, allocation.credit) if item is not None]
    if allocation.debit is not None:
        take(allocation.debit, -allocation.amount, -allocation.functional)
    if allocation.credit is not None:
        take(allocation.credit, -allocation.amount, -allocation.credit_functional)
    return settle(
        legs,
        [row],
        items,
        kind=f"undo_{allocation.kind}",
        source=source,
        text=text,
        on=row.on,
        actor=actor,
        now=now,
    )


def _legs_of_allocation(allocation: Allocation) -> list[Leg]:
    """What this allocation moved. Its entry may hold several; a discount's tax split is in its own entry."""
    if allocation.credit_id is None:
        return legs_of(allocation.entry)
    gain = allocation.credit_functional - allocation.functional
    legs = [
        Leg("2100", allocation.amount, allocation.credit_functional, str(allocation.credit_id)),
        Leg("1100", -allocation.amount, -allocation.functional, str(allocation.debit_id)),
    ]
    return [*legs, Leg("4910", Decimal(0), -gain)] if gain else legs


def _refuse_unlike(debit: OpenItem, credit: OpenItem, on: date) -> None:
    if debit.currency != credit.currency:
        raise Refused(
            f"{debit.reference} is owed in {debit.currency}; {credit.reference} is in {credit.currency}.",
            field="amount",
            rule="an_allocation_stays_in_its_currency",
            mend=f"Choose an item in {credit.currency}, or exchange the payment at the bank first.",
        )
    if debit.entity_id != credit.entity_id:
        raise Refused(
            f"{debit.reference} and {credit.reference} belong to different selling companies.",
            rule="an_allocation_stays_with_one_entity",
            mend="Record the receipt at the company that issued the invoice.",
        )
    if on < max(debit.opened_on, credit.opened_on):
        raise Refused(
            f"{on} is before {debit.reference} or {credit.reference} existed.",
            field="on",
            rule="an_allocation_follows_both_documents",
            mend=f"Use {max(debit.opened_on, credit.opened_on)} or later.",
        )
