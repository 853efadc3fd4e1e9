"""The book of one company as it stood at the end of a day, for whoever closes a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum

from ledger.accounts import TAX_ACCOUNTS
from ledger.models import Line

REVALUED, REVALUATION_REVERSED = "revaluation", "revaluation_reversed"

# What allocations up to a day took from each item: (item, amount, functional).
_USED = """
    SELECT item, sum(amount) amount, sum(functional) functional FROM (
        SELECT debit_id item, amount, functional FROM ledger_allocation
        WHERE debit_id IS NOT NULL AND "on" <= %(on)s
        UNION ALL
        SELECT credit_id, amount, credit_functional FROM ledger_allocation
        WHERE credit_id IS NOT NULL AND "on" <= %(on)s
    ) taken GROUP BY item"""


@dataclass(frozen=True)
class ForeignItem:
    """An open item in a foreign currency at the end of a day.

    `carried` is what is open of it in the company's currency, with what earlier revaluations of that same day
    added. Amounts are positive on both sides.
    """

    id: int
    customer_id: int
    customer: str
    reference: str
    side: str
    currency: str
    amount: Decimal
    functional_amount: Decimal
    open_amount: Decimal
    carried: Decimal


_FOREIGN = f"""
WITH used AS ({_USED}), done AS (
    SELECT l.item_id item, sum(l.functional) functional
    FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id
    WHERE e.entity_id = %(entity)s AND e."on" = %(on)s AND e.kind = %(kind)s AND l.item_id IS NOT NULL
    GROUP BY 1
), found AS (
    SELECT i.id, i.customer_id, c.name, i.reference, i.side, i.currency, i.amount, i.functional_amount,
        i.amount - coalesce(u.amount, 0) open_amount,
        i.functional_amount - coalesce(u.functional, 0)
            + CASE i.side WHEN 'debit' THEN 1 ELSE -1 END * coalesce(d.functional, 0) carried
    FROM ledger_openitem i JOIN customers_customer c ON c.id = i.customer_id
    LEFT JOIN used u ON u.item = i.id LEFT JOIN done d ON d.item = i.id
    WHERE i.entity_id = %(entity)s AND i.currency <> %(functional)s AND i.opened_on <= %(on)s
)
SELECT * FROM found WHERE open_amount <> 0 OR carried <> 0 ORDER BY currency, id"""  # noqa: S608 (this file's)


def foreign_items(entity_id: int, functional: str, on: date) -> list[ForeignItem]:
    """What was open in other currencies than the company's own; settled items while still carried."""
    values = {"entity": entity_id, "functional": functional, "on": on, "kind": REVALUED}
    return [ForeignItem(*row) for row in _rows(_FOREIGN, values)]


@dataclass(frozen=True)
class Difference:
    """An account that does not equal the open items it stands for."""

    account: str
    currency: str
    posted: Decimal
    items: Decimal
    posted_functional: Decimal
    items_functional: Decimal


_CONTROL = f"""
WITH used AS ({_USED}), posted AS (
    SELECT l.account_id account, l.currency, sum(l.amount) amount, sum(l.functional) functional
    FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id
    WHERE e.entity_id = %(entity)s AND e."on" <= %(on)s AND l.account_id IN ('1100', '2100')
      AND e.kind NOT IN (%(kind)s, %(back)s)
    GROUP BY 1, 2
), items AS (
    SELECT CASE i.side WHEN 'debit' THEN '1100' ELSE '2100' END account, i.currency,
        sum((i.amount - coalesce(u.amount, 0)) * CASE i.side WHEN 'debit' THEN 1 ELSE -1 END) amount,
        sum((i.functional_amount - coalesce(u.functional, 0))
            * CASE i.side WHEN 'debit' THEN 1 ELSE -1 END) functional
    FROM ledger_openitem i LEFT JOIN used u ON u.item = i.id
    WHERE i.entity_id = %(entity)s AND i.opened_on <= %(on)s
    GROUP BY 1, 2
)
SELECT account, currency, coalesce(p.amount, 0), coalesce(i.amount, 0),
    coalesce(p.functional, 0), coalesce(i.functional, 0)
FROM posted p FULL JOIN items i USING (account, currency)
WHERE (coalesce(p.amount, 0), coalesce(p.functional, 0)) <> (coalesce(i.amount, 0), coalesce(i.functional, 0))
ORDER BY 1, 2"""  # noqa: S608 (parts of this file)


def control_differences(entity_id: int, on: date) -> list[Difference]:
    """Where receivables or customers' credit differ from their open items; revaluations apart."""
    values = {"entity": entity_id, "on": on, "kind": REVALUED, "back": REVALUATION_REVERSED}
    return [Difference(*row) for row in _rows(_CONTROL, values)]


def out_of_balance(entity_id: int, on: date) -> Decimal:
    """What all entries up to the day add up to: nothing, or the book is broken."""
    found = Line.objects.filter(entry__entity_id=entity_id, entry__on__lte=on).aggregate(s=Sum("functional"))
    return found["s"] or Decimal(0)


def last_entry_of(entity_id: int, until: date) -> int:
    """The highest key of the company's entries up to the day; it moves with each posting."""
    [(last,)] = _rows(
        'SELECT coalesce(max(id), 0) FROM ledger_entry WHERE entity_id = %(entity)s AND "on" <= %(on)s',
        {"entity": entity_id, "on": until},
    )
    return int(last)


def tax_movements(entity_id: int, since: date, until: date) -> dict[str, Decimal]:
    """What each output tax account owes more (+) or less (-) after these days, in the company's currency."""
    rows = (
        Line.objects.filter(
            entry__entity_id=entity_id,
            entry__on__gte=since,
            entry__on__lte=until,
            account_id__in=TAX_ACCOUNTS,
        )
        .order_by()
        .values_list("account_id")
        .annotate(total=Sum("functional"))
    )
    return {account: -total for account, total in rows}


def _rows(sql: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return found
