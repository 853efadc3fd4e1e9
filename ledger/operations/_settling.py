"""What every settlement does: take from its items, post, write its allocations."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from core.rows import insert_rows
from ledger.models import Allocation, Entry, OpenItem
from ledger.operations._posting import Posting, Source, post, write_open
from ledger.postings import Leg
from ledger.relief import Item
from team.models import User


def as_item(item: OpenItem) -> Item:
    """The open item as the rules see it; its name on legs is its pk."""
    return Item(item.amount, item.functional_amount, item.open_amount, item.open_functional, ref=str(item.pk))


def take(item: OpenItem, amount: Decimal, functional: Decimal) -> None:
    """So much less is open of the item, in its own currency and in that of the books; not yet written."""
    item.open_amount -= amount
    item.open_functional -= functional
    # What is settled is no longer held; the invoice lays its holds anew on what is open.
    item.held_amount = min(item.held_amount, item.open_amount)


def settle(
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
    """One entry, its allocations, and what is left of the items `take` was applied to."""
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
    write_open(items)
    return entry
