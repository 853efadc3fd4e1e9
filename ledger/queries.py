"""Reading the receivables book. Every balance the product shows comes from here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from ledger import day_sums
from ledger.models import Allocation, Line, OpenItem
from ledger.rules import AgedItem, Ageing, ageing

ZERO = Decimal(0)
_MONEY = DecimalField(max_digits=19, decimal_places=4)


def open_debits(customer_ids: Iterable[int], *, currency: str | None = None) -> QuerySet[OpenItem]:
    """What the customers still owe, in the order it is applied: due day, issue day, id."""
    rows = OpenItem.objects.filter(customer_id__in=list(customer_ids), side="debit", open_amount__gt=0)
    return (rows.filter(currency=currency) if currency else rows).order_by("due_on", "opened_on", "id")


def items_as_of(
    on: date, *, customer_id: int | None = None, entity_ids: Iterable[int] | None = None
) -> QuerySet[OpenItem]:
    """Items that existed on the day, with `was_open`: their amount less allocations dated up to it."""
    used = (
        Allocation.objects.filter(Q(debit=OuterRef("pk")) | Q(credit=OuterRef("pk")), on__lte=on)
        .order_by()
        .annotate(group=F("currency"))
        .values("group")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    rows = OpenItem.objects.filter(opened_on__lte=on)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if entity_ids is not None:
        rows = rows.filter(entity_id__in=list(entity_ids))
    rows = rows.annotate(
        was_open=F("amount") - Coalesce(Subquery(used, output_field=_MONEY), ZERO, output_field=_MONEY)
    )
    return rows.exclude(was_open=0).order_by("due_on", "opened_on", "id")


def ageing_of_customer(customer_id: int, *, on: date, today: date) -> dict[str, Ageing]:
    """Ageing per currency as of `on`; credits in their own column, never netted."""
    current = OpenItem.objects.filter(customer_id=customer_id, open_amount__gt=0)
    rows: QuerySet[Any] = (
        current.annotate(was_open=F("open_amount"))
        if on == today
        else items_as_of(on, customer_id=customer_id)
    )
    per_currency: dict[str, list[AgedItem]] = {}
    for row in rows.values("currency", "side", "due_on", "opened_on", "was_open"):
        amount = row["was_open"] if row["side"] == "debit" else -row["was_open"]
        per_currency.setdefault(row["currency"], []).append(
            AgedItem(row["opened_on"], row["due_on"] or row["opened_on"], amount)
        )
    return {currency: ageing(items, on, currency) for currency, items in sorted(per_currency.items())}


@dataclass(frozen=True)
class Movement:
    """One line of a running account: what changed the balance, in document currency."""

    on: date
    kind: str
    text: str
    source_type: str
    source_id: int
    amount: Decimal
    balance: Decimal


def account_movements(
    customer_id: int, currency: str, *, since: date | None, until: date, entity_id: int | None = None
) -> tuple[Decimal, list[Movement]]:
    """Opening balance and movements of the customer's account (1100 + 2100), oldest first.

    With all selling companies, or with the one of `entity_id`.

    Opening + movements = closing = what the ledger says; entries that only shift between the two
    accounts (an allocation without discount) sum to zero and are left out.
    """
    own = Line.objects.filter(customer_id=customer_id, currency=currency)
    if entity_id is not None:
        own = own.filter(entry__entity_id=entity_id)
    opening = (own.filter(entry__on__lt=since).aggregate(s=Sum("amount"))["s"] if since else None) or ZERO
    lines = own.filter(entry__on__lte=until)
    if since:
        lines = lines.filter(entry__on__gte=since)
    rows = (
        lines.values(
            "entry_id", "entry__on", "entry__kind", "entry__text", "entry__source_type", "entry__source_id"
        )
        .annotate(moved=Sum("amount"))
        .exclude(moved=0)
        .order_by("entry__on", "entry_id")
    )
    balance = opening
    movements = []
    for row in rows:
        balance += row["moved"]
        movements.append(
            Movement(
                row["entry__on"],
                row["entry__kind"],
                row["entry__text"],
                row["entry__source_type"],
                row["entry__source_id"],
                row["moved"],
                balance,
            )
        )
    return opening, movements


def faults() -> list[str]:
    """Every breach of the book's invariants that rows can show; empty is sound.

    I1 entries balance; I2 and I3 the control accounts equal the open items; I4 and I5 open amounts
    equal what allocations leave; I6 allocations join likes; the sums per day are those of their rows.
    """
    found = []
    with connection.cursor() as cursor:
        for name, sql in _FAULTS.items():
            cursor.execute(sql)
            rows = cursor.fetchmany(5)
            if rows:
                found.append(f"{name}: {rows}")
    return found + day_sums.faults()


_CONTROL = """
    SELECT customer_id, currency, l.doc, i.doc, l.fun, i.fun
    FROM (
        SELECT customer_id, currency, sum(amount) * {sign} doc, sum(functional) * {sign} fun
        FROM ledger_line WHERE account_id = '{account}' GROUP BY 1, 2
    ) l FULL JOIN (
        SELECT customer_id, currency, sum(open_amount) doc, sum(open_functional) fun
        FROM ledger_openitem WHERE side = '{side}' GROUP BY 1, 2
    ) i USING (customer_id, currency)
    WHERE coalesce(l.doc, 0) <> coalesce(i.doc, 0) OR coalesce(l.fun, 0) <> coalesce(i.fun, 0)"""

_FAULTS = {
    "I1 unbalanced entry": """
        SELECT entry_id, sum(functional) FROM ledger_line
        GROUP BY entry_id HAVING sum(functional) <> 0
        UNION ALL
        SELECT entry_id, sum(amount) FROM ledger_line
        GROUP BY entry_id, currency HAVING sum(amount) <> 0""",
    "I2 receivables control": _CONTROL.format(account="1100", side="debit", sign=1),
    "I3 customer credit": _CONTROL.format(account="2100", side="credit", sign=-1),
    "I4 over-allocated credit": """
        SELECT i.id, i.amount, sum(a.amount)
        FROM ledger_openitem i JOIN ledger_allocation a ON a.credit_id = i.id
        GROUP BY i.id HAVING sum(a.amount) > i.amount OR i.open_amount <> i.amount - sum(a.amount)""",
    "I5 wrong open amount": """
        SELECT i.id, i.amount, i.open_amount, sum(a.amount)
        FROM ledger_openitem i JOIN ledger_allocation a ON a.debit_id = i.id
        GROUP BY i.id HAVING i.open_amount <> i.amount - sum(a.amount)
        UNION ALL
        SELECT i.id, i.amount, i.open_amount, 0 FROM ledger_openitem i
        WHERE i.open_amount <> i.amount
          AND NOT EXISTS (SELECT 1 FROM ledger_allocation a WHERE a.debit_id = i.id OR a.credit_id = i.id)""",
    "I6 unlike allocation": """
        SELECT a.id FROM ledger_allocation a
        LEFT JOIN ledger_openitem d ON d.id = a.debit_id
        LEFT JOIN ledger_openitem c ON c.id = a.credit_id
        WHERE d.currency <> a.currency OR c.currency <> a.currency OR d.entity_id <> c.entity_id
           OR a.on < d.opened_on OR a.on < c.opened_on""",
}


def uses_of(credit_id: int) -> int:
    """How many times a credit was used, undone or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT entry_id) FROM ledger_allocation WHERE credit_id = %s", [credit_id]
        )
        return int(cursor.fetchone()[0])
