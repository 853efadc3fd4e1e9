"""Who owes the most that is overdue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Min, Sum

from core.money import round_money
from customers.models import Customer
from entities import queries as entities
from entities.models import Entity
from ledger.book import OVERDUE, aged, days_of, reporting_currency
from ledger.models import OpenItem
from metrics.queries._shapes import Conversion, Debtor

_LARGEST = 10


def largest_overdue(companies: Sequence[Entity], *, now: datetime, most: int = _LARGEST) -> list[Debtor]:
    """The customers with the most overdue, the largest first; amounts in the reporting currency."""
    on = max((entities.local_day(one, now) for one in companies), default=now.date())
    convert = Conversion(companies, reporting_currency(companies), on)
    by_pk = {one.pk: one for one in companies}
    found: list[tuple[Decimal, dict[str, Any], date]] = []
    for day, ids in days_of(list(companies), now).items():
        # Of each functional currency the largest: amounts in different ones do not compare in SQL.
        for code in sorted({by_pk[pk].functional_currency for pk in ids}):
            same = [pk for pk in ids if by_pk[pk].functional_currency == code]
            rows = (
                OpenItem.objects.filter(
                    aged(OVERDUE, day), open_amount__gt=0, side="debit", entity_id__in=same
                )
                .order_by()
                .values("customer_id", "entity_id")
                .annotate(functional=Sum("open_functional"), oldest=Min("due_on"))
                .order_by("-functional", "customer_id")[:most]
            )
            for row in rows:
                part = convert.convert(row["functional"], by_pk[row["entity_id"]])
                if part is not None:
                    found.append((round_money(part, convert.currency), dict(row), day))
    found.sort(key=lambda one: (-one[0], one[1]["customer_id"]))
    people = Customer.objects.select_related("owner").in_bulk(
        [row["customer_id"] for _, row, _ in found[:most]]
    )
    return [
        Debtor(
            people[row["customer_id"]],
            by_pk[row["entity_id"]],
            amount,
            row["functional"],
            row["oldest"],
            (day - row["oldest"]).days,
        )
        for amount, row, day in found[:most]
    ]
