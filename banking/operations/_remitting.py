"""Taking a payer's remittance advice: whole or not at all, each file once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from banking import events, queries, reading
from banking.matching import folded
from banking.models import Remittance, RemittanceLine
from banking.reading import AdviceLine
from core.errors import Invalid, Problem
from core.money import LARGEST, is_exact, plain
from entities.models import Entity
from invoices.models import Instalment
from ledger.models import OpenItem
from team.models import User
from trail.operations import record

_AMOUNTS = ("amount", "deduction")


@dataclass(frozen=True)
class Advised:
    """The advice, and whether it is new."""

    remittance: Remittance
    is_new: bool


@transaction.atomic
def import_remittance(
    entity: Entity,
    name: str,
    data: bytes,
    *,
    actor: User | None,
    now: datetime,
    columns: Mapping[str, str] | None = None,
    decimal: str = "",
) -> Advised:
    """Keep what a payer says a payment is for. A file with a fault is refused whole, each fault by line."""
    if len(data) > reading.MOST_BYTES:
        raise Invalid(
            "The file is too large.", field="file", rule="a_file_is_of_a_size", mend="Split it by payment."
        )
    Entity.objects.select_for_update(of=("self",), no_key=True).get(pk=entity.pk)
    sha256 = hashlib.sha256(data).hexdigest()
    before = Remittance.objects.filter(entity=entity, sha256=sha256).first()
    if before is not None:
        return Advised(before, is_new=False)
    headings = queries.headings_of(data)
    known = queries.mapping_for(entity, headings)
    said = {name: head for name, head in (columns or {}).items() if head}
    lines, chosen = reading.read_advice(
        data, (known.columns if known else {}) | said, decimal or (known.decimal if known else "")
    )
    rows = _rows(entity, lines)
    kept = Remittance.objects.create(
        entity=entity,
        name=name[:200],
        sha256=sha256,
        content=data,
        headings=headings,
        columns=chosen,
        decimal=decimal or (known.decimal if known else ""),
        brought_by=actor,
        brought_at=now,
    )
    for place, row in enumerate(rows, start=1):
        row.remittance, row.place = kept, place
    RemittanceLine.objects.bulk_create(rows)
    record(
        events.REMITTANCE_IMPORTED,
        kept,
        actor=actor,
        at=now,
        customer_id=rows[0].item.customer_id,
        lines=len(rows),
        sha256=sha256,
    )
    return Advised(kept, is_new=True)


def _rows(entity: Entity, lines: list[AdviceLine]) -> list[RemittanceLine]:
    """The lines with their open items; every one that names no open invoice of ours is a fault."""
    items = _items_by_number(entity, {folded(line.invoice) for line in lines})
    left = {item.pk: item.open_amount for found in items.values() for item in found}
    groups: dict[str, set[tuple[int, str]]] = defaultdict(set)
    faults: list[Problem] = []
    rows = []
    for line in lines:
        found = items.get(folded(line.invoice), [])
        item = next((one for one in found if left[one.pk] >= line.amount), None)
        if not found:
            faults.append(
                reading.line_fault(
                    line, "invoice", f"“{line.invoice}” is no open invoice of {entity}", "Look it up."
                )
            )
            continue
        unlike = next((one for one in _AMOUNTS if not _fits(getattr(line, one), found[0].currency)), "")
        if unlike:
            faults.append(
                reading.line_fault(
                    line,
                    unlike,
                    f"{getattr(line, unlike):f}"[:30] + f" is no amount in {found[0].currency}",
                    "Choose the decimal mark of the file, or correct the amount.",
                )
            )
            continue
        if item is None:
            most = max(left[one.pk] for one in found)
            open_now = f"{plain(most, found[0].currency)} {found[0].currency}"
            faults.append(
                reading.line_fault(
                    line, "amount", f"{line.invoice} has {open_now} open", "Correct the amount."
                )
            )
            continue
        left[item.pk] -= line.amount
        groups[line.payment].add((item.customer.parent_id or item.customer_id, item.currency))
        if len(groups[line.payment]) > 1:
            faults.append(
                reading.line_fault(
                    line, "invoice", "one payment is of one customer group in one currency", "Split the file."
                )
            )
        rows.append(
            RemittanceLine(
                payment=line.payment,
                number=line.invoice,
                item=item,
                amount=line.amount,
                deduction=line.deduction,
                reason=line.reason,
            )
        )
    reading.refuse(faults)
    return rows


def _fits(amount: Decimal, currency: str) -> bool:
    return amount < LARGEST and is_exact(amount, currency)


def _items_by_number(entity: Entity, numbers: set[str]) -> dict[str, list[OpenItem]]:
    parts = (
        Instalment.objects.filter(open_item__entity=entity, open_item__open_amount__gt=Decimal(0))
        .select_related("invoice", "open_item__customer")
        .order_by("due_on", "pk")
    )
    found: dict[str, list[OpenItem]] = defaultdict(list)
    for part in parts.only(
        "invoice__number", "open_item__open_amount", "open_item__currency", "open_item__customer__parent_id"
    ).iterator(chunk_size=2000):
        key = folded(part.invoice.number or "")
        if key in numbers and part.open_item is not None:
            found[key].append(part.open_item)
    return found
