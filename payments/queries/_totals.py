"""The sums of a list of receipts: from the sums per day of the book or, beyond these, from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from entities import queries as entities
from ledger.models import DaySum
from payments.models import Payment
from payments.queries._list import RECEIVED, Filters, listing
from team.models import User


@dataclass(frozen=True)
class Total:
    """Sums of a list in one currency. Returned receipts are counted apart, not as money received."""

    currency: str
    count: int
    amount: Decimal
    left: Decimal
    returned: Decimal


def totals_of(rows: QuerySet[Payment]) -> list[Total]:
    """Sums per currency of a list, the most receipts first. Reads every row."""
    found = (
        rows.order_by()
        .select_related(None)
        .values("currency")
        .annotate(
            count=Count("pk"),
            received=Sum("amount", filter=RECEIVED, default=Decimal(0)),
            left=Sum("open_item__open_amount", filter=RECEIVED, default=Decimal(0)),
            unknown=Sum("amount", filter=RECEIVED & Q(customer=None), default=Decimal(0)),
            returned=Sum("amount", filter=~RECEIVED, default=Decimal(0)),
        )
        .order_by("-count", "currency")
    )
    return [
        Total(r["currency"], r["count"], r["received"], r["left"] + r["unknown"], r["returned"])
        for r in found
    ]


def totals(user: User, filters: Filters) -> list[Total]:
    """Sums per currency of everything the filters match, the most receipts first."""
    rows = listing(user, filters)
    if filters.tab or filters.customer or filters.q.strip():
        return totals_of(rows)
    # What is left of receipts changes with every allocation; those with a rest are few and have an index.
    left: dict[str, Decimal] = {}
    with_rest = rows.filter(RECEIVED, open_item__side="credit", open_item__open_amount__gt=0)
    waiting = (rows.filter(RECEIVED, customer=None), with_rest)
    for one in (total for part in waiting for total in totals_of(part)):
        left[one.currency] = left.get(one.currency, Decimal(0)) + one.left
    return [
        Total(r["currency"], r["count"], r["received"], left.get(r["currency"], Decimal(0)), r["returned"])
        for r in _summed(user, filters)
        if r["count"]
    ]


def _summed(user: User, filters: Filters) -> QuerySet[DaySum, Any]:
    companies = [one.pk for one in entities.visible_to(user) if filters.entity in (None, one.pk)]
    wanted = {
        "currency": filters.currency,
        "part": filters.method,
        "day__gte": filters.since,
        "day__lte": filters.until,
    }
    return (
        DaySum.objects.filter(kind__in=["receipt", "returned"], entity_id__in=companies)
        .filter(**{name: value for name, value in wanted.items() if value})
        .order_by()
        .values("currency")
        .annotate(
            count=Sum("n"),
            received=Sum("amount", filter=Q(kind="receipt"), default=Decimal(0)),
            returned=Sum("amount", filter=Q(kind="returned"), default=Decimal(0)),
        )
        .order_by("-count", "currency")
    )
