"""Output tax of a month: from the documents, and from what was given back without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from closing import rules
from closing.queries._given_back import Change, changes_of
from closing.words import category
from core.money import exponent
from entities.models import Entity
from ledger import day_end
from ledger.accounts import ACCOUNTS, TAX_ACCOUNTS, tax_account

# The other component of the same supply: its base stands beside it and is not added again.
_BESIDE = ("SGST", "UTGST")


@dataclass(frozen=True, order=True)
class Key:
    """What a line of the report is of: which tax, and where the customer is."""

    category: str
    rate: Decimal
    label: str
    component: str
    country: str
    state: str


@dataclass(frozen=True)
class TaxLine:
    """One line of the report, in the company's currency. `credited` is part of `base` and `tax`, negative."""

    key: Key
    documents: int
    base: Decimal
    tax: Decimal
    changes: int = 0
    changed_tax: Decimal = Decimal(0)

    @property
    def counts_base(self) -> bool:
        return self.key.component not in _BESIDE

    @property
    def category(self) -> str:
        return category(self.key.category)

    @property
    def account(self) -> str:
        return tax_account(self.key.component)


@dataclass(frozen=True)
class AccountCheck:
    """An output tax account: what the report says and what the ledger moved."""

    code: str
    name: str
    reported: Decimal
    posted: Decimal

    @property
    def difference(self) -> Decimal:
        return self.posted - self.reported


@dataclass(frozen=True)
class TaxReport:
    """Output tax of a company and month. `unexplained`: entries on tax accounts that have no invoice."""

    entity: Entity
    month: date
    lines: Sequence[TaxLine]
    accounts: Sequence[AccountCheck]
    unexplained: Sequence[Change] = field(default=())

    @property
    def base(self) -> Decimal:
        return sum((line.base for line in self.lines if line.counts_base), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((line.tax for line in self.lines), Decimal(0))

    @property
    def equals_ledger(self) -> bool:
        return not any(one.difference for one in self.accounts)


_PLACE = """
    coalesce(s.content #>> '{buyer,country}', '') country,
    coalesce(
        s.content #>> '{place_of_supply,state_code}',
        CASE s.content #>> '{seller,country}' WHEN 'US' THEN s.content #>> '{buyer,state_code}' END,
        ''
    ) state"""
# A final invoice takes its deposits off at what they were booked at; the credit note of all of it gives that
# back. A pro-forma invoice is no sale.
_SIGN = "(CASE i.document_type WHEN 'credit_note' THEN -1 ELSE 1 END)"
_GROUPS = f"""
    SELECT i.id, i.number, i.document_type, i.issued_on, {_PLACE}, g.category, g.rate, g.component, g.label,
        {_SIGN} * round(g.taxable * i.fx_rate, %(places)s) base, {_SIGN} * g.tax_functional tax
    FROM invoices_taxgroup g JOIN invoices_invoice i ON i.id = g.invoice_id
    JOIN invoices_snapshot s ON s.invoice_id = i.id
    WHERE i.entity_id = %(entity)s AND i.issued_on BETWEEN %(since)s AND %(until)s
      AND i.document_status IN ('issued', 'cancelled') AND i.document_type <> 'proforma'
    UNION ALL
    SELECT i.id, i.number, i.document_type, i.issued_on, {_PLACE}, g.category, g.rate, g.component, g.label,
        -{_SIGN} * round((x ->> 'taxable')::numeric * p.fx_rate, %(places)s),
        -{_SIGN} * (x ->> 'tax_functional')::numeric
    FROM invoices_deduction d JOIN invoices_invoice p ON p.id = d.deposit_id
    CROSS JOIN LATERAL jsonb_array_elements(d.groups) x
    JOIN invoices_taxgroup g ON g.invoice_id = p.id AND g.category = x ->> 'category'
        AND g.rate = (x ->> 'rate')::numeric AND g.component = x ->> 'component'
    JOIN invoices_invoice i ON i.id IN (d.invoice_id, d.released_by_id)
    JOIN invoices_snapshot s ON s.invoice_id = i.id
    WHERE i.entity_id = %(entity)s AND i.issued_on BETWEEN %(since)s AND %(until)s
      AND i.document_status IN ('issued', 'cancelled')"""  # noqa: S608 (parts of this file)
_LINES = f"""
    SELECT category, rate, label, component, country, state, count(DISTINCT id), sum(base), sum(tax)
    FROM ({_GROUPS}) d GROUP BY 1, 2, 3, 4, 5, 6"""  # noqa: S608
_DOCUMENTS = f"""
    SELECT id, number, document_type, issued_on, base, tax FROM ({_GROUPS}) d
    WHERE (country, state, category, rate, component, label)
        = (%(country)s, %(state)s, %(category)s, %(rate)s, %(component)s, %(label)s)
    ORDER BY issued_on, id"""  # noqa: S608


def tax_report(entity: Entity, month: date) -> TaxReport:
    """Base and tax by country, category, rate and component, each account compared with the ledger."""
    lines = {
        Key(*row[:6]): TaxLine(Key(*row[:6]), row[6], row[7], row[8])
        for row in _rows(_LINES, _values(entity, month))
    }
    unexplained = []
    for change in changes_of(entity, month):
        if change.place is None:
            unexplained.append(change)
            continue
        key = _key(change)
        line = lines.get(key) or TaxLine(key, 0, Decimal(0), Decimal(0))
        lines[key] = replace(
            line,
            base=line.base + change.base,
            tax=line.tax + change.tax,
            changes=line.changes + 1,
            changed_tax=line.changed_tax + change.tax,
        )
    found = sorted(lines.values(), key=lambda line: line.key)
    return TaxReport(entity, month, found, _accounts(entity, month, found), unexplained)


def _accounts(entity: Entity, month: date, lines: Iterable[TaxLine]) -> list[AccountCheck]:
    reported: dict[str, Decimal] = {}
    for line in lines:
        reported[line.account] = reported.get(line.account, Decimal(0)) + line.tax
    posted = day_end.tax_movements(entity.pk, month, rules.last_of(month))
    return [
        AccountCheck(code, ACCOUNTS[code], reported.get(code, Decimal(0)), posted.get(code, Decimal(0)))
        for code in TAX_ACCOUNTS
        if reported.get(code) or posted.get(code)
    ]


@dataclass(frozen=True)
class TaxDocument:
    """A document behind a line of the report."""

    id: int
    number: str
    kind: str
    on: date
    base: Decimal
    tax: Decimal


def documents_of(entity: Entity, month: date, key: Key) -> list[TaxDocument]:
    """The documents a line of the report adds up."""
    values = _values(entity, month) | {name: getattr(key, name) for name in Key.__dataclass_fields__}
    return [TaxDocument(*row) for row in _rows(_DOCUMENTS, values)]


def changes_of_line(entity: Entity, month: date, key: Key) -> list[Change]:
    """The discounts and write-offs a line of the report adds up."""
    return [one for one in changes_of(entity, month) if one.place is not None and _key(one) == key]


def _key(change: Change) -> Key:
    country, state = change.place or ("", "")
    return Key(change.category, change.rate, change.label, change.component, country, state)


def _values(entity: Entity, month: date) -> dict[str, Any]:
    return {
        "entity": entity.pk,
        "since": month,
        "until": rules.last_of(month),
        "places": exponent(entity.functional_currency),
    }


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
