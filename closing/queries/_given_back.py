"""Output tax that moved without a document: discounts, write-offs with relief, and what undid them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from closing import rules
from entities.models import Entity
from invoices.models import Instalment, Snapshot, TaxGroup
from ledger.accounts import CUSTOMER_CREDIT, FX_GAIN_LOSS, RECEIVABLES, TAX_ACCOUNTS, tax_account
from ledger.models import Entry, Line

Place = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """What one entry changed of one tax of an invoice, in the company's currency.

    `place` None: no invoice stands behind it, so nobody can say which tax it is.
    """

    entry: Entry
    invoice_id: int | None
    place: Place | None
    category: str
    rate: Decimal
    component: str
    label: str
    base: Decimal
    tax: Decimal


def changes_of(entity: Entity, month: date) -> list[Change]:
    """Every such change of a month. An entry's tax is shared over its invoice's taxes as they stand in it."""
    entries = list(
        Entry.objects.filter(
            entity=entity,
            on__gte=month,
            on__lte=rules.last_of(month),
            pk__in=Line.objects.filter(account_id__in=TAX_ACCOUNTS).order_by().values("entry_id"),
        )
        # Documents are counted from their own rows.
        .exclude(kind__endswith="_issued")
        .prefetch_related("lines")
        .order_by("pk")
    )
    items = {line.item_id for entry in entries for line in entry.lines.all() if line.item_id}
    invoices = dict(Instalment.objects.filter(open_item__in=items).values_list("open_item_id", "invoice_id"))
    groups: dict[int, list[TaxGroup]] = {}
    for group in TaxGroup.objects.filter(invoice__in=set(invoices.values())):
        groups.setdefault(group.invoice_id, []).append(group)
    places = {row.pk: _place(row.content) for row in Snapshot.objects.filter(pk__in=set(invoices.values()))}
    found = []
    for entry in entries:
        invoice = next((invoices[one.item_id] for one in entry.lines.all() if one.item_id in invoices), None)
        found += list(
            _changes(entry, invoice, groups.get(invoice or 0, []), places.get(invoice or 0), entity)
        )
    return found


def _changes(
    entry: Entry, invoice: int | None, groups: Sequence[TaxGroup], place: Place | None, entity: Entity
) -> Iterator[Change]:
    currency = entity.functional_currency
    lines = list(entry.lines.all())
    taken = {code: Decimal(0) for code in TAX_ACCOUNTS}
    for line in lines:
        if line.account_id in taken:
            taken[line.account_id] -= line.functional
    left_out = {*TAX_ACCOUNTS, RECEIVABLES, CUSTOMER_CREDIT, FX_GAIN_LOSS}
    base = -sum((line.functional for line in lines if line.account_id not in left_out), Decimal(0))
    supplies = list(dict.fromkeys((group.category, group.rate) for group in groups))
    taxable = {(group.category, group.rate): group.taxable for group in groups}
    bases = dict(
        zip(supplies, rules.shared(base, [taxable[one] for one in supplies], currency), strict=True)
        if supplies
        else ()
    )
    shares: dict[int, Decimal] = {}
    for code, tax in taken.items():
        own = [group for group in groups if group.tax and tax_account(group.component) == code]
        if own:
            parts = rules.shared(tax, [group.tax for group in own], currency)
            shares |= {group.pk: part for group, part in zip(own, parts, strict=True)}
        elif tax:
            yield Change(entry, invoice, None, "", Decimal(0), code, "", base, tax)
    for group in groups:
        moved, tax = bases[group.category, group.rate], shares.get(group.pk, Decimal(0))
        if moved or tax:
            yield Change(
                entry, invoice, place, group.category, group.rate, group.component, group.label, moved, tax
            )


def _place(content: dict[str, dict[str, str]]) -> Place:
    buyer, supply = content["buyer"], content.get("place_of_supply") or {}
    state = supply.get("state_code") or (
        buyer.get("state_code", "") if content["seller"]["country"] == "US" else ""
    )
    return buyer.get("country", ""), state or ""
