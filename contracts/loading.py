"""The facts of many contracts and what was billed of them, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, TypeVar

from django.db.models import Sum

from catalogue.models import Item
from contracts.models import (
    BillLine,
    Contract,
    ContractBill,
    ContractItem,
    ContractTier,
    PriceStep,
    Suspension,
    UsageEvent,
)
from contracts.owing import Facts, ItemFacts
from contracts.rules import Tier
from core.rows import rows_of
from customers.queries import with_settings
from entities.models import Entity
from invoices.models import Invoice


@dataclass(frozen=True)
class Book:
    """One contract with everything that decides what it owes, and what was billed of it.

    `billed` is {(item, period start): net}; `done` are the starts of the periods that have their bill.
    """

    contract: Contract
    items: dict[int, ContractItem]
    facts: Facts
    billed: dict[tuple[int, date], Decimal]
    done: frozenset[date]


def furnish(contracts: Sequence[Contract], entity: Entity) -> list[Contract]:
    """The contracts with their company, and with customers as `with_settings` gives them."""
    customers = with_settings({contract.customer_id for contract in contracts})
    for contract in contracts:
        contract.entity, contract.customer = entity, customers[contract.customer_id]
    return list(contracts)


def load_books(contracts: Sequence[Contract], *, usage_until: datetime | None = None) -> list[Book]:
    """The book of each contract; usage that arrived after `usage_until` is not known yet."""
    keys = [contract.pk for contract in contracts]
    items = _grouped(_items(keys))
    tiers: dict[int, list[ContractTier]] = {}
    for tier in ContractTier.objects.filter(item__contract__in=keys):
        tiers.setdefault(tier.item_id, []).append(tier)
    steps = _grouped(PriceStep.objects.filter(contract__in=keys))
    rested = _grouped(Suspension.objects.filter(contract__in=keys))
    used = _usage([item for rows in items.values() for item in rows], usage_until)
    billed = _billed(keys)
    done: dict[int, set[date]] = {}
    for key, start in ContractBill.objects.filter(contract__in=keys).values_list(
        "contract_id", "period_start"
    ):
        done.setdefault(key, set()).add(start)
    return [
        Book(
            contract,
            {row.pk: row for row in items.get(contract.pk, [])},
            Facts(
                currency=contract.currency,
                anchor=contract.anchor,
                starts_on=contract.starts_on,
                ends_on=contract.ends_on,
                every_months=contract.every_months,
                timing=contract.timing,
                items=tuple(_facts_of(row, tiers.get(row.pk, [])) for row in items.get(contract.pk, [])),
                steps=tuple((step.on, step.percent) for step in steps.get(contract.pk, [])),
                suspensions=tuple((one.starts_on, one.ends_on) for one in rested.get(contract.pk, [])),
                usage={row.pk: used[row.pk] for row in items.get(contract.pk, []) if row.pk in used},
            ),
            billed.get(contract.pk, {}),
            frozenset(done.get(contract.pk, ())),
        )
        for contract in contracts
    ]


def _items(keys: Sequence[int]) -> list[ContractItem]:
    """The items of the contracts, each with the item of the catalogue it was made of."""
    rows = rows_of(ContractItem, "contract_id", keys)
    listed = {item.pk: item for item in rows_of(Item, "id", {row.item_id for row in rows if row.item_id})}
    for row in rows:
        row.item = listed[row.item_id] if row.item_id else None
    return rows


def load_book(contract: Contract) -> Book:
    """The book of one contract."""
    return load_books([contract])[0]


def _facts_of(row: ContractItem, tiers: Sequence[ContractTier]) -> ItemFacts:
    return ItemFacts(
        key=row.pk,
        kind=row.kind,
        pricing=row.pricing,
        price=row.price,
        quantity=row.quantity,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        free_until=row.free_until,
        minimum=row.minimum,
        tiers=tuple(Tier(tier.up_to, tier.price) for tier in tiers),
        tax_class=row.tax_class,
        replaces=row.replaces_id,
    )


class _Part(Protocol):
    """A row that belongs to a contract."""

    @property
    def contract_id(self) -> int: ...


Row = TypeVar("Row", bound=_Part)


def _grouped(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.contract_id, []).append(row)
    return found


def _usage(items: Sequence[ContractItem], until: datetime | None) -> dict[int, dict[date, Decimal]]:
    """{item: {day: quantity}}: one row per item and day, whatever the number of events."""
    keys = [item.pk for item in items if item.kind == ContractItem.Kind.USAGE]
    if not keys:
        return {}
    rows = UsageEvent.objects.filter(item__in=keys)
    if until is not None:
        rows = rows.filter(received_at__lte=until)
    found: dict[int, dict[date, Decimal]] = {}
    for key, day, quantity in rows.order_by().values_list("item_id", "on").annotate(total=Sum("quantity")):
        found.setdefault(key, {})[day] = quantity
    return found


def _billed(keys: Sequence[int]) -> dict[int, dict[tuple[int, date], Decimal]]:
    """A credit note that was thrown away gives nothing back."""
    rows = (
        BillLine.objects.filter(contract__in=keys)
        .exclude(document__document_status=Invoice.Status.DISCARDED)
        .order_by()
        .values_list("contract_id", "item_id", "period_start")
        .annotate(total=Sum("amount"))
    )
    found: dict[int, dict[tuple[int, date], Decimal]] = {}
    for contract, item, start, total in rows:
        found.setdefault(contract, {})[item, start] = total
    return found
