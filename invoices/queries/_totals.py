"""The sums of a list of invoices: from the sums per day of the book or, beyond these, from the rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from entities import queries as entities
from invoices.models import Invoice
from invoices.queries._list import OWED, UNISSUED, Filters, listing
from ledger.models import DaySum
from team.models import User

_PARTS = {"": Q(), "open": Q(part="owed"), "paid": Q(part="paid")}
# A pro-forma is listed and counted, and adds nothing to what was billed.
_SOLD = ~Q(document_type=Invoice.Type.PROFORMA)
_KNOWN = frozenset({"today", "status", "entity", "currency", "issued_from", "issued_to"})
"""Filters the sums per day can follow; `today` narrows nothing by itself."""


@dataclass(frozen=True)
class Total:
    """Sums of a list in one currency: invoices less credit notes, and what is still owed."""

    currency: str
    count: int
    amount: Decimal
    balance: Decimal


def totals_of(rows: QuerySet[Invoice]) -> list[Total]:
    """Sums per currency of a list, the largest number of documents first. Reads every row."""
    credit = Q(document_type=Invoice.Type.CREDIT_NOTE)
    found = (
        rows.order_by()
        .select_related(None)
        .values("currency")
        .annotate(
            count=Count("pk"),
            billed=Sum("payable", filter=~credit & _SOLD, default=Decimal(0)),
            credited=Sum("payable", filter=credit, default=Decimal(0)),
            owed=Sum("balance", filter=OWED, default=Decimal(0)),
        )
        .order_by("-count", "currency")
    )
    return [Total(r["currency"], r["count"], r["billed"] - r["credited"], r["owed"]) for r in found]


def totals(user: User, filters: Filters) -> list[Total]:
    """Sums per currency of everything the filters match, the largest number of documents first."""
    rows = listing(user, filters)
    others = (name for name in filters.__dataclass_fields__ if name not in _KNOWN)
    if filters.status not in _PARTS or any(getattr(filters, name) for name in others):
        return totals_of(rows)
    unissued = totals_of(rows.filter(document_status__in=UNISSUED)) if not filters.status else []
    return _together([*_issued(user, filters), *unissued])


def _issued(user: User, filters: Filters) -> list[Total]:
    companies = [one.pk for one in entities.visible_to(user) if filters.entity in (None, one.pk)]
    wanted = {"currency": filters.currency, "day__gte": filters.issued_from, "day__lte": filters.issued_to}
    credit = Q(kind=Invoice.Type.CREDIT_NOTE)
    found = (
        DaySum.objects.filter(_PARTS[filters.status], kind__in=Invoice.Type.values, entity_id__in=companies)
        .filter(**{name: value for name, value in wanted.items() if value})
        .order_by()
        .values("currency")
        .annotate(
            count=Sum("n"),
            billed=Sum("amount", filter=~credit & ~Q(kind=Invoice.Type.PROFORMA), default=Decimal(0)),
            credited=Sum("amount", filter=credit, default=Decimal(0)),
            owed=Sum("balance"),
        )
    )
    return [
        Total(r["currency"], r["count"], r["billed"] - r["credited"], r["owed"]) for r in found if r["count"]
    ]


def _together(parts: Iterable[Total]) -> list[Total]:
    sums: dict[str, Total] = {}
    for one in parts:
        known = sums.get(one.currency, Total(one.currency, 0, Decimal(0), Decimal(0)))
        sums[one.currency] = Total(
            one.currency,
            known.count + one.count,
            known.amount + one.amount,
            known.balance + one.balance,
        )
    return sorted(sums.values(), key=lambda one: (-one.count, one.currency))
