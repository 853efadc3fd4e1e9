"""Writing the receivables book: post, open, allocate, undo. Called by the operations above, inside
their transaction and under their locks; the acts themselves are recorded on the trail by the caller.

No savepoints here: nothing of this is undone alone, and each would cost two more trips to the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Refused
from core.rows import insert_rows
from ledger.models import Allocation, Entry, Line, OpenItem
from ledger.postings import Leg, Tax, discount, reverse, small_difference, write_off
from ledger.postings import allocate as allocate_legs
from ledger.postings import refund as refund_legs
from ledger.relief import Item, Rate, relief
from team.models import User

# Lines on these accounts belong to a customer: their sums are the customer's balance.
CUSTOMER_ACCOUNTS = frozenset({"1100", "2100"})


@dataclass(frozen=True)
class Source:
    """What an entry comes from; `key` names the event once and for all."""

    type: str
    id: int
    key: str


@dataclass(frozen=True)
class Posting:
    """One entry to write: balanced legs of one entity and document currency.

    `items` maps the `item` names of legs to open items.
    """

    entity_id: int
    customer_id: int | None
    currency: str
    on: date
    kind: str
    source: Source
    text: str
    legs: Sequence[Leg]
    items: Mapping[str, OpenItem]


@transaction.atomic(savepoint=False)
def post(postings: Sequence[Posting], *, actor: User | None, now: datetime) -> list[Entry]:
    """Write entries with their lines: two statements, whatever the number."""
    actor_id = actor.pk if actor else None
    entries = insert_rows(
        [
            Entry(
                entity_id=p.entity_id,
                on=p.on,
                kind=p.kind,
                source_type=p.source.type,
                source_id=p.source.id,
                key=p.source.key,
                text=p.text,
                posted_at=now,
                posted_by_id=actor_id,
            )
            for p in postings
        ]
    )
    insert_rows(
        [
            Line(
                entry_id=entry.pk,
                account_id=leg.account,
                customer_id=_customer(p, leg),
                item_id=p.items[leg.item].pk if leg.item in p.items else None,
                currency=p.currency,
                amount=leg.amount_doc,
                functional=leg.amount_functional,
            )
            for entry, p in zip(entries, postings, strict=True)
            for leg in p.legs
        ]
    )
    return entries


def _customer(posting: Posting, leg: Leg) -> int | None:
    # A parent may pay for its child: each item keeps its own customer's balance.
    if leg.account not in CUSTOMER_ACCOUNTS:
        return None
    item = posting.items.get(leg.item)
    return item.customer_id if item else posting.customer_id


def open_items(items: Sequence[OpenItem]) -> list[OpenItem]:
    """Write new open items, each open in full."""
    for item in items:
        item.open_amount, item.open_functional = item.amount, item.functional_amount
    return insert_rows(items)


def lock_items(ids: Sequence[int]) -> dict[int, OpenItem]:
    """The items, locked in pk order so that two allocations never wait for each other in a circle."""
    rows = OpenItem.objects.select_for_update().filter(pk__in=set(ids)).order_by("pk")
    return {item.pk: item for item in rows}


def as_item(item: OpenItem) -> Item:
    """The open item as the rules see it; its name on legs is its pk."""
    return Item(item.amount, item.functional_amount, item.open_amount, item.open_functional, ref=str(item.pk))


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
        _take(debit, amount, leaves)
        _take(credit, amount, used)
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
    return _write(legs, rows, items, kind=kind, source=source, text=text, on=on, actor=actor, now=now)


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
        _take(debit, match.amount, leaves)
        _take(credit, match.amount, used)
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
    OpenItem.objects.bulk_update(items, ["open_amount", "open_functional", "held_amount"], batch_size=1000)
    return entries


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
    _take(debit, amount, leaves)
    row = Allocation(
        debit=debit,
        kind=kind,
        currency=debit.currency,
        amount=amount,
        functional=leaves,
        credit_functional=Decimal(0),
        on=on,
    )
    return _write(legs, [row], [debit], kind=kind, source=source, text=text, on=on, actor=actor, now=now)


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
    _take(credit, amount, used)
    row = Allocation(
        credit=credit,
        kind=Allocation.Kind.REFUND,
        currency=credit.currency,
        amount=amount,
        functional=Decimal(0),
        credit_functional=used,
        on=on,
    )
    return _write(legs, [row], [credit], kind=row.kind, source=source, text=text, on=on, actor=actor, now=now)


@transaction.atomic(savepoint=False)
def cancel_receipt(
    credit: OpenItem,
    received: Sequence[Leg],
    *,
    source: Source,
    text: str,
    on: date,
    actor: User | None,
    now: datetime,
) -> Entry:
    """Mirror the legs of a receipt that came back. Its allocations must have been undone before."""
    if credit.open_amount != credit.amount:
        raise Refused(
            f"{credit.reference} is still allocated.",
            rule="unallocated_before_return",
            mend="Undo its allocations first.",
        )
    legs = reverse(received)
    row = Allocation(
        credit=credit,
        kind=Allocation.Kind.BOUNCE,
        currency=credit.currency,
        amount=credit.amount,
        functional=Decimal(0),
        credit_functional=credit.open_functional,
        on=on,
    )
    _take(credit, credit.open_amount, credit.open_functional)
    return _write(legs, [row], [credit], kind=row.kind, source=source, text=text, on=on, actor=actor, now=now)


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
        _take(allocation.debit, -allocation.amount, -allocation.functional)
    if allocation.credit is not None:
        _take(allocation.credit, -allocation.amount, -allocation.credit_functional)
    return _write(
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


def legs_of(entry: Entry) -> list[Leg]:
    """The lines of an entry as legs; items are named by pk."""
    return [
        Leg(line.account_id, line.amount, line.functional, str(line.item_id or ""))
        for line in entry.lines.order_by("id")
    ]


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


def _take(item: OpenItem, amount: Decimal, functional: Decimal) -> None:
    item.open_amount -= amount
    item.open_functional -= functional
    # What is settled is no longer held; the hold's own row keeps its history.
    item.held_amount = min(item.held_amount, item.open_amount)


def _write(
    legs: Sequence[Leg],
    rows: Sequence[Allocation],
    items: Sequence[OpenItem],
    *,
    kind: str,
    source: Source,
    text: str,
    on: date,
    actor: User | None,
    now: datetime,
) -> Entry:
    root = items[0]
    [entry] = post(
        [
            Posting(
                entity_id=root.entity_id,
                customer_id=root.customer_id,
                currency=root.currency,
                on=on,
                kind=kind,
                source=source,
                text=text,
                legs=legs,
                items={str(item.pk): item for item in items},
            )
        ],
        actor=actor,
        now=now,
    )
    for row in rows:
        row.entry = entry
    insert_rows(rows)
    OpenItem.objects.bulk_update(items, ["open_amount", "open_functional", "held_amount"])
    return entry
