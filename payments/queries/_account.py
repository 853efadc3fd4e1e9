"""A customer's account in each currency, on any day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F, QuerySet

from customers.models import Customer
from entities.models import Entity
from ledger import queries as ledger
from ledger.ageing import BUCKETS, AgedItem, Ageing, ageing, bucket
from ledger.models import OpenItem
from ledger.queries import Movement

MOST_ITEMS = 500
STATEMENT_DAYS = 90


@dataclass(frozen=True)
class Owed:
    """An item on the account: what was open of it on the day, and how late it was."""

    item: OpenItem
    open_amount: Decimal
    days_late: int
    bucket: str


@dataclass(frozen=True)
class Account:
    """A customer's account in one currency on one day.

    opening + movements = closing = open items - credits; `difference` is what that misses, 0 when sound.
    """

    currency: str
    ageing: Ageing
    items: Sequence[Owed]
    credits: Sequence[Owed]
    hidden: int
    since: date
    opening: Decimal
    movements: Sequence[Movement]
    closing: Decimal

    @property
    def outstanding(self) -> Decimal:
        """What the customer owes, credits not taken off."""
        return sum(self.ageing.buckets.values(), Decimal(0))

    @property
    def overdue(self) -> Decimal:
        """What of it is past its due day."""
        return self.outstanding - self.ageing.buckets["current"]

    @property
    def credit(self) -> Decimal:
        """What is unapplied, as a positive amount."""
        return -self.ageing.credits

    @property
    def difference(self) -> Decimal:
        """Open items less credits less the book's balance: 0, or the book is broken."""
        return self.ageing.net - self.closing


def account_of(
    customer: Customer,
    *,
    on: date,
    today: date,
    since: date | None = None,
    most: int = MOST_ITEMS,
    entity: Entity | None = None,
) -> list[Account]:
    """The account per currency as of a day; at most `most` items each are listed, all are summed.

    With all selling companies, or with `entity` alone.
    """
    since = since or on - timedelta(days=STATEMENT_DAYS)
    entity_id = entity.pk if entity else None
    rows = items_of(customer.pk, on=on, today=today, entity_id=entity_id).select_related(
        "instalment__invoice", "payment", "entity"
    )
    owed: dict[str, list[Owed]] = {}
    for item in rows:
        late = max(0, (on - (item.due_on or item.opened_on)).days) if item.side == "debit" else 0
        age = bucket(item.due_on or item.opened_on, on) if item.side == "debit" else "credit"
        was_open: Decimal = item.was_open  # type: ignore[attr-defined]  # annotated by items_of
        owed.setdefault(item.currency, []).append(Owed(item, was_open, late, age))
    currencies = set(owed) | set(currencies_of(customer.pk, entity_id=entity_id))
    return [
        _account(
            currency,
            owed.get(currency, []),
            ledger.account_movements(customer.pk, currency, since=since, until=on, entity_id=entity_id),
            since=since,
            on=on,
            most=most,
        )
        for currency in sorted(currencies)
    ]


def empty_account(currency: str, *, since: date, on: date) -> Account:
    """The account of a customer who was never billed in this currency."""
    return _account(currency, [], (Decimal(0), []), since=since, on=on, most=0)


def _account(
    currency: str,
    rows: Sequence[Owed],
    moved: tuple[Decimal, Sequence[Movement]],
    *,
    since: date,
    on: date,
    most: int,
) -> Account:
    opening, movements = moved
    debits = [row for row in rows if row.item.side == "debit"]
    unused = [row for row in rows if row.item.side == "credit"]
    aged = [
        AgedItem(
            row.item.opened_on,
            row.item.due_on or row.item.opened_on,
            row.open_amount if row.item.side == "debit" else -row.open_amount,
        )
        for row in rows
    ]
    return Account(
        currency=currency,
        ageing=ageing(aged, on, currency),
        items=debits[:most],
        credits=unused[:most],
        hidden=max(0, len(debits) - most) + max(0, len(unused) - most),
        since=since,
        opening=opening,
        movements=movements,
        closing=movements[-1].balance if movements else opening,
    )


def items_of(customer_id: int, *, on: date, today: date, entity_id: int | None = None) -> QuerySet[OpenItem]:
    """The customer's items open on a day with `was_open`, by due day; with one company or all."""
    if on >= today:
        rows = OpenItem.objects.filter(customer_id=customer_id, open_amount__gt=0)
        rows = rows.annotate(was_open=F("open_amount")).order_by("due_on", "opened_on", "id")
    else:
        rows = ledger.items_as_of(on, customer_id=customer_id)
    return rows.filter(entity_id=entity_id) if entity_id is not None else rows


def currencies_of(customer_id: int, *, entity_id: int | None = None) -> list[str]:
    """Every currency the customer was ever billed or paid in, by one company or all."""
    rows = OpenItem.objects.filter(customer_id=customer_id).order_by()
    if entity_id is not None:
        rows = rows.filter(entity_id=entity_id)
    return sorted(rows.values_list("currency", flat=True).distinct())


def ageing_parts(account: Account) -> list[tuple[str, str, Decimal, str]]:
    """(bucket, name, amount, CSS class) in the order of age."""
    names = ("Not due", "1–30 days", "31–60 days", "61–90 days", "Over 90 days")
    return [
        (code, name, account.ageing.buckets[code], f"age{number}")
        for number, (code, name) in enumerate(zip(BUCKETS, names, strict=True))
    ]
