"""The key figures and the months, from the sums per day of the book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from core.money import round_money
from entities import queries as entities
from entities.models import Entity
from invoices.models import Invoice
from ledger.ageing import BUCKETS
from ledger.book import OVERDUE, aged, days_of, reporting_currency
from ledger.models import DaySum
from metrics.queries._shapes import ZERO, Age, Conversion, Figure, Figures, Month, Row
from metrics.rules import dso_simple

MONTHS = 12
DSO_DAYS = 90


def figures(companies: Sequence[Entity], *, now: datetime) -> Figures:
    """All figures of the companies, in five statements whatever the number of invoices."""
    currency = reporting_currency(companies)
    on = max((entities.local_day(one, now) for one in companies), default=now.date())
    convert = Conversion(companies, currency, on)
    by_pk = {one.pk: one for one in companies}
    outstanding, overdue, ages = _owed(by_pk, convert, now)
    sold = _sold(by_pk, on)
    received = _received(by_pk, on)
    recent = convert.total(_rows(sold, by_pk, "recent"))
    return Figures(
        companies=companies,
        currency=currency,
        on=on,
        outstanding=outstanding,
        overdue=overdue,
        ages=ages,
        sales=recent,
        dso=dso_simple(outstanding.amount, recent.amount, DSO_DAYS),
        collected=convert.total(
            _rows([row for row in received if row["month"] == on.replace(day=1)], by_pk, "amount")
        ),
        collected_before=convert.total(_rows(_to_same_day(received, on), by_pk, "amount")).amount,
        months=_months(sold, received, by_pk, convert, on),
    )


def _owed(
    by_pk: Mapping[int, Entity], convert: Conversion, now: datetime
) -> tuple[Figure, Figure, list[Age]]:
    """Outstanding, overdue and the ages, by the day at each company."""
    open_, late = [], []
    sums: dict[str, list[Decimal]] = {code: [] for code in BUCKETS}
    counts = dict.fromkeys(BUCKETS, 0)
    for day, ids in days_of(list(by_pk.values()), now).items():
        for row in _due(ids, day):
            entity = by_pk[row["entity_id"]]
            if row["n"]:
                open_.append(Row(entity, row["currency"], row["n"], row["amount"], row["functional"]))
            if row["late_n"]:
                late.append(
                    Row(entity, row["currency"], row["late_n"], row["late"], row["late_functional"])
                )  # fmt: skip
            for at, code in enumerate(BUCKETS):
                part = convert.convert(row[f"f{at}"], entity)
                if part is not None:
                    sums[code].append(part)
                    counts[code] += row[f"n{at}"]
    amounts = _rounded([sum(sums[code], ZERO) for code in BUCKETS], convert.currency)
    ages = [Age(code, amount, counts[code]) for code, amount in zip(BUCKETS, amounts, strict=True)]
    return convert.total(_sorted(open_)), convert.total(_sorted(late)), ages


def _rounded(ages: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The ages, current first, in cents: those that are late sum to what is overdue, all to what is owed.

    The sums from the oldest on are rounded, and each age is the step between two of them.
    """
    steps, so_far, before = [], ZERO, ZERO
    for amount in reversed(ages):
        so_far += amount
        now = round_money(so_far, currency)
        steps.append(now - before)
        before = now
    return steps[::-1]


def _due(ids: Sequence[int], day: date) -> list[dict[str, Any]]:
    """What is owed to these companies per currency: in all, overdue (`late`), and by age (`n0`, `f0` ...)."""

    def part(field: str, code: str) -> Sum:
        return Sum(field, filter=aged(code, day, "day"), default=0)

    found = (
        DaySum.objects.filter(kind="due", entity_id__in=ids)
        .order_by()
        .values("entity_id", "currency")
        .annotate(
            late_n=part("n", OVERDUE),
            late=part("amount", OVERDUE),
            late_functional=part("functional", OVERDUE),
            **{f"n{at}": part("n", code) for at, code in enumerate(BUCKETS)},
            **{f"f{at}": part("functional", code) for at, code in enumerate(BUCKETS)},
            count=Sum("n"),
            open=Sum("amount"),
            booked=Sum("functional"),
        )
    )
    return [{**row, "n": row["count"], "amount": row["open"], "functional": row["booked"]} for row in found]


def _sold(by_pk: Mapping[int, Entity], on: date) -> list[dict[str, Any]]:
    """Invoices less credit notes by company, currency and day; `recent` = those of the last 90 days."""
    since = on - timedelta(days=DSO_DAYS)
    signed = []
    for row in _by_day(by_pk, Q(kind__in=Invoice.BILLED), on):
        sign = -1 if row["kind"] == Invoice.Type.CREDIT_NOTE else 1
        amount, functional = sign * row["amount"], sign * row["functional"]
        late = row["day"] > since
        signed.append(
            row
            | {
                "amount": amount,
                "functional": functional,
                "recent_n": row["n"] if late else 0,
                "recent": amount if late else ZERO,
                "recent_functional": functional if late else ZERO,
            }
        )
    return signed


def _received(by_pk: Mapping[int, Entity], on: date) -> list[dict[str, Any]]:
    """Receipts that were not returned, by company, currency and day."""
    return _by_day(by_pk, Q(kind="receipt"), on)


def _by_day(by_pk: Mapping[int, Entity], kinds: Q, on: date) -> list[dict[str, Any]]:
    """Sums of the last twelve months up to the day, with the `month` of each."""
    rows = DaySum.objects.filter(kinds, entity_id__in=list(by_pk), day__gte=_first_month(on), day__lte=on)
    found = (
        rows.order_by()
        .values("kind", "entity_id", "currency", "day")
        .annotate(count=Sum("n"), total=Sum("amount"), booked=Sum("functional"))
    )
    return [
        {
            "kind": row["kind"],
            "entity_id": row["entity_id"],
            "currency": row["currency"],
            "day": row["day"],
            "month": row["day"].replace(day=1),
            "n": row["count"],
            "amount": row["total"],
            "functional": row["booked"],
        }
        for row in found
    ]


def _to_same_day(received: Iterable[Mapping[str, Any]], on: date) -> list[Mapping[str, Any]]:
    """The receipts of the month before up to the day of the month it is now; a shorter month whole."""
    before = (on.replace(day=1) - timedelta(days=1)).replace(day=1)
    return [row for row in received if row["month"] == before and row["day"].day <= on.day]


def _rows(found: Iterable[Mapping[str, Any]], by_pk: Mapping[int, Entity], name: str) -> list[Row]:
    """One row per company and currency of grouped sums; `name` is "amount" or "recent"."""
    functional, count = ("functional", "n") if name == "amount" else (f"{name}_functional", f"{name}_n")
    sums: dict[tuple[int, str], list[Any]] = {}
    for row in found:
        known = sums.setdefault((row["entity_id"], row["currency"]), [0, ZERO, ZERO])
        known[0] += row[count]
        known[1] += row[name]
        known[2] += row[functional]
    return _sorted(
        Row(by_pk[entity], currency, n, amount, booked)
        for (entity, currency), (n, amount, booked) in sums.items()
        if n
    )


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.entity.name, -row.functional, row.currency))


def _months(
    sold: Iterable[Mapping[str, Any]],
    received: Iterable[Mapping[str, Any]],
    by_pk: Mapping[int, Entity],
    convert: Conversion,
    on: date,
) -> list[Month]:
    sums: dict[tuple[str, date], Decimal] = {}
    for kind, rows in (("sold", sold), ("received", received)):
        for row in rows:
            part = convert.convert(row["functional"], by_pk[row["entity_id"]])
            if part is not None:
                key = (kind, row["month"])
                sums[key] = sums.get(key, ZERO) + part
    first = _first_month(on)
    months = []
    for _ in range(MONTHS):
        following = _next_month(first)
        months.append(
            Month(
                first,
                min(following - timedelta(days=1), on),
                round_money(sums.get(("sold", first), ZERO), convert.currency),
                round_money(sums.get(("received", first), ZERO), convert.currency),
            )
        )
        first = following
    return months


def _first_month(on: date) -> date:
    """The first day of the month eleven months before: twelve months with the present one."""
    months = on.year * 12 + on.month - MONTHS
    return date(months // 12, months % 12 + 1, 1)


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
