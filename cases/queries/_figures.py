"""The figures of overdue accounts, read from the open items in a few statements whatever their number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from entities.models import Entity

LATENESS_DAYS = 365

# Held amounts are asked for by nobody; functional amounts are carried over in proportion to what is open.
_OVERDUE = """
SELECT customer_id,
       sum(late) FILTER (WHERE age <= 30), sum(late) FILTER (WHERE age BETWEEN 31 AND 60),
       sum(late) FILTER (WHERE age BETWEEN 61 AND 90), sum(late) FILTER (WHERE age > 90),
       sum(open_functional - late), count(*), min(due_on),
       count(DISTINCT currency), min(currency), sum(open_amount - held_amount)
FROM (
    SELECT customer_id, currency, due_on, open_amount, held_amount, open_functional,
           %(on)s::date - due_on AS age,
           round(open_functional * (open_amount - held_amount) / open_amount, 4) AS late
    FROM ledger_openitem
    WHERE side = 'debit' AND open_amount > 0 AND due_on < %(on)s AND entity_id = %(entity)s
      AND (%(customers)s::bigint[] IS NULL OR customer_id = ANY(%(customers)s))
) AS item
GROUP BY customer_id
"""

_WAITING = """
SELECT customer_id, sum(open_functional) FROM ledger_openitem
WHERE side = 'credit' AND open_amount > 0 AND entity_id = %(entity)s
  AND (%(customers)s::bigint[] IS NULL OR customer_id = ANY(%(customers)s))
GROUP BY customer_id
"""

_DELAY = """
SELECT customer_id, percentile_disc(0.5) WITHIN GROUP (ORDER BY settled_on - due_on)
FROM invoices_invoice
WHERE entity_id = %(entity)s AND settled_on >= %(since)s AND document_status = 'issued'
  AND customer_id = ANY(%(customers)s) AND settled_on IS NOT NULL
GROUP BY customer_id
"""


@dataclass(frozen=True)
class Figures:
    """One customer's overdue at one company, in its functional currency but for what is shown."""

    ages: tuple[Decimal, Decimal, Decimal, Decimal]
    held: Decimal
    items: int
    oldest_due_on: date
    shown_currency: str
    shown_amount: Decimal
    unapplied: Decimal

    @property
    def overdue(self) -> Decimal:
        """Everything late that may be asked for."""
        return sum(self.ages, Decimal(0))


def overdue_figures(entity: Entity, *, on: date, customers: list[int] | None = None) -> Mapping[int, Figures]:
    """By customer what is overdue to a company on a day; None for all customers."""
    values: dict[str, Any] = {"on": on, "entity": entity.pk, "customers": customers}
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, values)
        waiting = dict(cursor.fetchall())
        cursor.execute(_OVERDUE, values)
        rows = cursor.fetchall()
    found = {}
    for customer, *parts in rows:
        ages = tuple(part or Decimal(0) for part in parts[:4])
        held, items, oldest, currencies, currency, shown = parts[4:]
        functional = sum(ages, Decimal(0))
        one = currencies == 1
        found[customer] = Figures(
            ages=(ages[0], ages[1], ages[2], ages[3]),
            held=held,
            items=items,
            oldest_due_on=oldest,
            shown_currency=currency if one else entity.functional_currency,
            shown_amount=shown if one else functional,
            unapplied=waiting.get(customer, Decimal(0)),
        )
    return found


def usual_delays(entity: Entity, customers: list[int], *, on: date) -> Mapping[int, int]:
    """By customer the median days from due to paid in the last year; negative is early."""
    values: dict[str, Any] = {
        "entity": entity.pk,
        "since": on - timedelta(days=LATENESS_DAYS),
        "customers": customers,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DELAY, values)
        return dict(cursor.fetchall())


def broken_promises(customers: list[int], *, since: date) -> Mapping[int, int]:
    """By customer how many promises were broken since a day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, count(*) FROM cases_promise WHERE state = 'broken' AND judged_at >= %s"
            " AND customer_id = ANY(%s) GROUP BY customer_id",
            [since, customers],
        )
        return dict(cursor.fetchall())
