"""Entries and open items, and the locks that keep them still."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from core.rows import copy_rows, insert_rows, new_row, rows_where, run_values
from ledger.models import Entry, OpenItem
from ledger.periods import closed_meanwhile, refuse_closed
from ledger.postings import Leg
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
    reverses: Entry | None = None


@transaction.atomic(savepoint=False)
def post(postings: Sequence[Posting], *, actor: User | None, now: datetime) -> list[Entry]:
    """Write entries with their lines: two statements in all. `PeriodClosed` for a closed day."""
    refuse_closed(((p.entity_id, p.on) for p in postings), now=now)
    actor_id = actor.pk if actor else None
    with closed_meanwhile():
        entries = insert_rows([_entry(p, actor_id, now) for p in postings])
    copy_rows(
        "ledger_line",
        ("entry_id", "account_id", "customer_id", "item_id", "currency", "amount", "functional"),
        (
            (
                entry.pk,
                leg.account,
                _customer(p, leg),
                p.items[leg.item].pk if leg.item in p.items else None,
                p.currency,
                leg.amount_doc,
                leg.amount_functional,
            )
            for entry, p in zip(entries, postings, strict=True)
            for leg in p.legs
        ),
    )
    return entries


def _entry(posting: Posting, actor_id: int | None, now: datetime) -> Entry:
    return new_row(
        Entry,
        entity_id=posting.entity_id,
        on=posting.on,
        kind=posting.kind,
        source_type=posting.source.type,
        source_id=posting.source.id,
        key=posting.source.key,
        text=posting.text,
        reversal_of=posting.reverses,
        posted_at=now,
        posted_by_id=actor_id,
    )


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
    with closed_meanwhile():
        return insert_rows(items)


def lock_items(ids: Sequence[int]) -> dict[int, OpenItem]:
    """The items, locked in pk order so that two allocations never wait for each other in a circle."""
    rows = rows_where(OpenItem, "id = ANY(%s) ORDER BY id FOR UPDATE", [list(ids)])
    return {item.pk: item for item in rows}


def write_open(items: Sequence[OpenItem]) -> None:
    """Write what is left of items that something was taken from."""
    run_values(
        "UPDATE ledger_openitem i SET open_amount = v.amount, open_functional = v.functional,"
        " held_amount = v.held FROM (VALUES %s) v (id, amount, functional, held) WHERE i.id = v.id",
        [(item.pk, item.open_amount, item.open_functional, item.held_amount) for item in items],
    )


def legs_of(entry: Entry) -> list[Leg]:
    """The lines of an entry as legs; items are named by pk."""
    return [
        Leg(line.account_id, line.amount, line.functional, str(line.item_id or ""))
        for line in entry.lines.order_by("id")
    ]
