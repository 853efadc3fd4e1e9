"""Taking in what was used. Sending an event again adds nothing; a key with another content is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction

from contracts import events
from contracts.models import Contract, ContractItem, UsageEvent
from core.errors import Invalid, Problem, problem
from team.models import User
from trail.operations import Fact, record_all

MOST = 20_000
# What one event is worth, and how many units it is.
_MOST_OF_ONE = Decimal(10) ** 12


@dataclass(frozen=True)
class Used:
    """One event: `item` is the code in its contract, `key` its name at the source, `at` has a time zone."""

    contract: Contract
    item: str
    key: str
    at: datetime
    quantity: Decimal


@dataclass(frozen=True)
class Taken:
    """What became of events: new ones, those that were here before, and {row number: faults}."""

    new: int
    known: int
    faults: Mapping[int, Problem]


def try_usage(rows: Sequence[Used], *, now: datetime) -> Taken:
    """What `record_usage` would do. Nothing is written; every row that cannot be taken has its fault."""
    new, known, faults = _sorted(rows, now)
    return Taken(len(new), known, faults)


@transaction.atomic
def record_usage(rows: Sequence[Used], *, actor: User | None, now: datetime) -> Taken:
    """Write the events that are new; all of them or, where one cannot be right, none (`Invalid`).

    An event of a period that was billed comes with the next invoice as late usage.
    """
    keys = sorted({row.contract.pk for row in rows})
    list(
        Contract.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk").values_list("pk")
    )
    new, known, faults = _sorted(rows, now)
    if faults:
        first = faults[min(faults)]
        raise Invalid(
            first["message"],
            field=first["field"],
            rule=first["rule"],
            mend=first["mend"],
            problems=list(faults.values()),
        )
    UsageEvent.objects.bulk_create(
        [
            UsageEvent(
                contract=row.contract,
                item_id=item,
                key=row.key,
                happened_at=row.at,
                on=_day(row),
                quantity=row.quantity,
                received_at=now,
                received_by=actor,
            )
            for row, item in new
        ],
        batch_size=2000,
    )
    counts: dict[int, int] = {}
    for row, _ in new:
        counts[row.contract.pk] = counts.get(row.contract.pk, 0) + 1
    contracts = {row.contract.pk: row.contract for row, _ in new}
    record_all(
        events.USAGE_RECORDED,
        [Fact(contracts[key], {"events": n}, contracts[key].customer_id) for key, n in counts.items()],
        actor=actor,
        at=now,
    )
    return Taken(len(new), known, {})


def _sorted(rows: Sequence[Used], now: datetime) -> tuple[list[tuple[Used, int]], int, dict[int, Problem]]:
    """(new rows with their item, number of known ones, faults by row)."""
    keys = {row.contract.pk for row in rows}
    items = {
        (item.contract_id, item.code.casefold()): item
        for item in ContractItem.objects.filter(contract__in=keys).prefetch_related("tiers")
    }
    before: dict[tuple[int, str], tuple[int, datetime, Decimal]] = {
        (one.contract_id, one.key): (one.item_id, one.happened_at, one.quantity)
        for one in UsageEvent.objects.filter(contract__in=keys, key__in={row.key for row in rows})
    }
    new: list[tuple[Used, int]] = []
    known = 0
    faults: dict[int, Problem] = {}
    for number, row in enumerate(rows):
        item = items.get((row.contract.pk, row.item.strip().casefold()))
        fault = _fault(row, item, number, now)
        if fault is not None or item is None:
            faults[number] = fault or _no_item(row, number)
            continue
        said = (item.pk, row.at, row.quantity)
        earlier = before.setdefault((row.contract.pk, row.key), said)
        if earlier != said:
            faults[number] = problem(
                f"The key {row.key} names another event of {row.contract}.",
                field=f"events[{number}].key",
                rule="a_usage_event_counts_once",
                mend="Give this event a key of its own.",
            )
        elif earlier is said:
            new.append((row, item.pk))
        else:
            known += 1
    return new, known, faults


def _fault(row: Used, item: ContractItem | None, number: int, now: datetime) -> Problem | None:
    where = f"events[{number}]"
    if item is None:
        return _no_item(row, number)
    if item.kind != ContractItem.Kind.USAGE:
        return problem(
            f"“{item}” is not charged by use.",
            field=f"{where}.item",
            rule="usage_belongs_to_an_item_by_use",
            mend="Name the item that is.",
        )
    if row.contract.state != Contract.State.ACTIVE:
        return problem(
            f"{row.contract} is {row.contract.get_state_display().lower()}.",
            field=f"{where}.contract",
            rule="usage_belongs_to_an_active_contract",
            mend="Have it approved first.",
        )
    if not row.key.strip() or len(row.key) > 80:
        return problem(
            "An event needs a key of at most 80 characters.",
            field=f"{where}.key",
            rule="a_usage_event_has_a_key",
            mend="Use the event's own id.",
        )
    if row.quantity == 0 or abs(row.quantity) * max(_dearest(item), Decimal(1)) >= _MOST_OF_ONE:
        return problem(
            "The quantity is zero or too large.",
            field=f"{where}.quantity",
            rule="a_usage_event_has_a_quantity",
            mend="Check it.",
        )
    return _wrong_day(row, item, where, now)


def _wrong_day(row: Used, item: ContractItem, where: str, now: datetime) -> Problem | None:
    if row.at > now:
        return problem(
            f"{row.at.isoformat()} is not here yet.",
            field=f"{where}.at",
            rule="usage_has_happened",
            mend="Check the time and its zone.",
        )
    day, contract = _day(row), row.contract
    first = max(contract.starts_on, item.starts_on)
    last = min((one for one in (contract.ends_on, item.ends_on) if one is not None), default=None)
    if day < first or (last is not None and day > last):
        return problem(
            f"“{item}” runs from {first} to {last or 'no agreed end'}; this is of {day}.",
            field=f"{where}.at",
            rule="usage_lies_within_its_item",
            mend="Name the item that ran on that day.",
        )
    return None


def _dearest(item: ContractItem) -> Decimal:
    return max([item.price, *(tier.price for tier in item.tiers.all())])


def _no_item(row: Used, number: int) -> Problem:
    return problem(
        f"{row.contract} has no item “{row.item}”.",
        field=f"events[{number}].item",
        rule="usage_names_its_item",
        mend="Use the code shown on the contract's page.",
    )


def _day(row: Used) -> date:
    """The day at the selling company: it decides the period."""
    return row.at.astimezone(ZoneInfo(row.contract.entity.time_zone)).date()
