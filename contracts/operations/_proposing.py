"""What a whole plan comes to: totals, what differs from the run before, and asking a second person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from contracts import events
from contracts.models import BillRun, ContractBill, RunRow
from core.errors import Refused
from core.money import LARGEST, plain, round_money
from entities import queries as entities
from team.models import User
from trail.operations import record
from work import operations as work

KIND = "bill_run"
_SHOWN = 50


class NothingDue(Refused):
    """No contract in the scope owes anything by the day."""


def propose_plan(run: BillRun, actor: User | None, now: datetime) -> BillRun:
    """Totals, what changed, and the question to a second person; from the rows, however many."""
    run.totals = _totals(run)
    if not run.totals:
        raise NothingDue(
            f"Nothing is due at {run.entity} by {run.as_of}.",
            rule="a_run_bills_something",
            mend="Choose a later day or more contracts.",
        )
    run.changes = _changes(run)
    run.plan_hash = content_hash(run)
    run.state = BillRun.State.PLANNED
    run.save()
    count = sum(sums["invoices"] for sums in run.totals.values())
    _ask(run, count, actor, now)
    record(events.RUN_PLANNED, run, actor=actor, at=now, as_of=run.as_of, rows=count, totals=run.totals)
    return run


def _totals(run: BillRun) -> dict[str, dict[str, Any]]:
    found = (
        run.rows.order_by()
        .values("currency")
        .annotate(count=Count("pk"), sum_net=Sum("net"), sum_payable=Sum("payable"))
        .order_by("currency")
    )
    return {
        row["currency"]: {
            "invoices": row["count"],
            "net": plain(row["sum_net"], row["currency"]),
            "payable": plain(row["sum_payable"], row["currency"]),
        }
        for row in found
    }


def _changes(run: BillRun) -> dict[str, Any]:
    """What differs from the run before: contracts that are new in it, and those it has no more."""
    now: set[int] = set()
    late = warned = stopped = 0
    for parts, warnings, is_late in _read(run, "parts", "warnings", "is_late"):
        now.update(key for key, _ in parts)
        late += is_late
        warned += bool(warnings)
        stopped += _stops(warnings)
    before = (
        set(ContractBill.objects.filter(run=run.before).values_list("contract_id", flat=True))
        if run.before
        else set()
    )
    return {
        "late": late,
        "warned": warned,
        "stopped": stopped,
        "new": sorted(now - before)[:_SHOWN] if run.before else [],
        "new_count": len(now - before) if run.before else 0,
        "gone": sorted(before - now)[:_SHOWN],
        "gone_count": len(before - now),
    }


def is_stopped(row: RunRow) -> bool:
    """Whether the check at issue will refuse the row as things stand."""
    return _stops(row.warnings)


def _stops(warnings: Sequence[Mapping[str, str]]) -> bool:
    return any(one["severity"] in ("block", "confirm") for one in warnings)


def _read(run: BillRun, *names: str) -> Iterator[tuple[Any, ...]]:
    """Columns of the rows in their order, some thousand at a time."""
    return run.rows.order_by("id").values_list(*names).iterator(chunk_size=5000)


def content_hash(run: BillRun) -> str:
    """SHA-256 of what a person approves: every invoice with its contracts, periods and amount, as JSON.

    Row after row: a plan of a million is never in memory at once.
    """
    found = hashlib.sha256(f'{{"as_of":"{run.as_of}","entity":{run.entity_id},"rows":['.encode())
    for place, (parts, currency, net) in enumerate(_read(run, "parts", "currency", "net")):
        row = json.dumps([parts, currency, plain(net, currency)], separators=(",", ":"))
        found.update(f"{',' if place else ''}{row}".encode())
    found.update(b"]}")
    return found.hexdigest()


def _ask(run: BillRun, count: int, actor: User | None, now: datetime) -> None:
    books = run.entity.functional_currency
    total = Decimal(0)
    for currency, sums in run.totals.items():
        rate = entities.rate_on(currency, books, entities.local_day(run.entity, now)).rate
        total += round_money(Decimal(sums["payable"]) * rate, books)
    # Rows that no bill can be made of count as well; nobody's limit reaches that far.
    total = min(total, LARGEST - 1)
    work.request_approval(
        run,
        work.Question(
            kind=KIND,
            label=f"Bill run of {run.entity.name}: {count} invoices due by {run.as_of}",
            path=run.get_absolute_url(),
            snapshot={"plan": run.plan_hash, "totals": run.totals},
            entity=run.entity,
            amount=total,
            currency=books,
            amount_functional=total,
        ),
        actor=actor,
        now=now,
    )
