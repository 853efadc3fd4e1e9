"""The figures of the home page, summed by the database, and the rows behind each.

Amounts are gross (with tax) on both sides of every ratio. What is owed stands at the rate its documents were
booked with, in each company's functional currency; companies with another one are converted for the sum at
the day's rate. Every sum here is the sum of rows a page lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, Sum
from django.utils import timezone

from core.money import round_money
from correspondence.models import Delivery
from correspondence.queries import deliveries_visible_to
from customers.models import Customer
from entities import queries as entities
from entities.models import Entity
from invoices.models import ISSUED, Invoice
from invoices.queries import visible_to as invoices_visible_to
from ledger import book
from ledger.ageing import BUCKETS
from ledger.book import OVERDUE, aged, days_of, reporting_currency
from ledger.models import OpenItem
from metrics.rules import Dso, dso_simple, percentage
from payments.models import Payment
from payments.queries import unidentified_count
from policies.models import PolicyVersion
from team.models import User
from work.queries import Need, needs_me

ZERO = Decimal(0)
MONTHS = 12
DSO_DAYS = 90
_LARGEST = 10


@dataclass(frozen=True)
class Row:
    """One company and currency of a figure: in that currency, and in the company's functional one."""

    entity: Entity
    currency: str
    count: int
    amount: Decimal
    functional: Decimal


@dataclass(frozen=True)
class Figure:
    """A figure in the reporting currency. `left_out` names companies without a rate; they are not in it."""

    currency: str
    amount: Decimal
    rows: Sequence[Row]
    left_out: Sequence[str] = ()

    @property
    def count(self) -> int:
        """How many documents or items make it."""
        return sum(row.count for row in self.rows)


@dataclass(frozen=True)
class Month:
    """What was invoiced (less credit notes) and received in a month; `first` and `last` are its days."""

    first: date
    last: date
    invoiced: Decimal
    collected: Decimal


@dataclass(frozen=True)
class Age:
    """One age of what is outstanding."""

    code: str
    amount: Decimal
    count: int


@dataclass(frozen=True)
class Debtor:
    """A customer with what is overdue, in the reporting currency, and since when."""

    customer: Customer
    entity: Entity
    amount: Decimal
    functional: Decimal
    oldest: date
    days: int


@dataclass(frozen=True)
class Figures:
    """Everything the home page says in numbers, for the companies it was asked for.

    `collected_before` is what the month before had collected by the same day of the month.
    """

    companies: Sequence[Entity]
    currency: str
    on: date
    outstanding: Figure
    overdue: Figure
    ages: Sequence[Age]
    sales: Figure
    dso: Dso
    collected: Figure
    collected_before: Decimal
    months: Sequence[Month]

    @property
    def overdue_share(self) -> Decimal | None:
        """Percent of what is outstanding."""
        return percentage(self.overdue.amount, self.outstanding.amount)


class Conversion(book.Conversion):
    """To the one currency of the page, with sums of rows."""

    def total(self, rows: Iterable[Row]) -> Figure:
        """The rows and their sum, rounded once."""
        kept = list(rows)
        parts = [(row, self.convert(row.functional, row.entity)) for row in kept]
        return Figure(
            self.currency,
            round_money(sum((part for _row, part in parts if part is not None), ZERO), self.currency),
            kept,
            sorted({str(row.entity) for row, part in parts if part is None}),
        )


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
    """Outstanding and overdue from the open items: one pass over what is open, by age."""
    open_, late = [], []
    sums: dict[str, list[Decimal]] = {code: [] for code in BUCKETS}
    counts = dict.fromkeys(BUCKETS, 0)
    for day, ids in days_of(list(by_pk.values()), now).items():
        found = (
            OpenItem.objects.filter(open_amount__gt=0, side="debit", entity_id__in=ids)
            .order_by()
            .values("entity_id", "currency")
            .annotate(
                n=Count("pk"),
                amount=Sum("open_amount"),
                functional=Sum("open_functional"),
                late_n=Count("pk", filter=aged(OVERDUE, day)),
                late=Sum("open_amount", filter=aged(OVERDUE, day), default=ZERO),
                late_functional=Sum("open_functional", filter=aged(OVERDUE, day), default=ZERO),
                **{f"n{at}": Count("pk", filter=aged(code, day)) for at, code in enumerate(BUCKETS)},
                **{
                    f"f{at}": Sum("open_functional", filter=aged(code, day), default=ZERO)
                    for at, code in enumerate(BUCKETS)
                },
            )
        )
        for row in map(dict[str, Any], found):
            entity = by_pk[row["entity_id"]]
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
    ages = [Age(code, round_money(sum(sums[code], ZERO), convert.currency), counts[code]) for code in BUCKETS]
    return convert.total(_sorted(open_)), convert.total(_sorted(late)), ages


def _sold(by_pk: Mapping[int, Entity], on: date) -> list[dict[str, Any]]:
    """Invoices less credit notes by company, currency and month; `recent` = those of the last 90 days."""
    rows = Invoice.objects.filter(
        ISSUED, entity_id__in=list(by_pk), issued_on__gte=_first_month(on), issued_on__lte=on
    ).order_by()
    # By day, from the index in its order: months and the last 90 days are put together here, which
    # costs the database half of truncating every date.
    found = rows.values("entity_id", "currency", "document_type", day=F("issued_on")).annotate(
        n=Count("pk"), amount=Sum("payable"), functional=Sum("payable_functional")
    )
    since = on - timedelta(days=DSO_DAYS)
    signed = []
    for row in found:
        sign = -1 if row["document_type"] == Invoice.Type.CREDIT_NOTE else 1
        amount, functional = sign * row["amount"], sign * row["functional"]
        late = row["day"] > since
        signed.append(
            row
            | {
                "month": row["day"].replace(day=1),
                "amount": amount,
                "functional": functional,
                "recent_n": row["n"] if late else 0,
                "recent": amount if late else ZERO,
                "recent_functional": functional if late else ZERO,
            }
        )
    return signed


def _received(by_pk: Mapping[int, Entity], on: date) -> list[dict[str, Any]]:
    """Receipts that were not returned, by company, currency and month."""
    rows = Payment.objects.filter(
        state=Payment.State.RECEIVED,
        entity_id__in=list(by_pk),
        received_on__gte=_first_month(on),
        received_on__lte=on,
    ).order_by()
    found = rows.values("entity_id", "currency", day=F("received_on")).annotate(
        n=Count("pk"), amount=Sum("amount"), functional=Sum("functional_amount")
    )
    return [row | {"month": row["day"].replace(day=1)} for row in found]


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


# --------------------------------------------------------------------------------------------- what needs me
def needs_of(user: User) -> list[Need]:
    """What waits for this person, oldest first: decisions, own drafts, unknown receipts, failed mail."""
    needs = list(needs_me(user))
    if user.has_perm("invoices.edit_invoice"):
        needs += _drafts(user)
    if user.has_perm("payments.record_payment"):
        needs += _unidentified(user)
    if user.has_perm("correspondence.view_outgoing"):
        needs += _failed_mail(user)
    return sorted(needs, key=lambda need: need.since)


def _drafts(user: User) -> list[Need]:
    rows = (
        invoices_visible_to(user)
        .filter(document_status__in=["draft", "pending_approval", "approved"])
        .filter(document_status__in=["draft", "approved"], created_by=user)
    )
    return [
        Need(
            "file-invoice" if row.document_status == "draft" else "lock",
            f"{row} for {row.customer}",
            "Your draft" if row.document_status == "draft" else "Approved, not issued yet",
            row.get_absolute_url(),
            row.edited_at,
            row.payable,
            row.currency,
        )
        for row in rows.select_related("customer").order_by("edited_at")[:10]
    ]


def _unidentified(user: User) -> list[Need]:
    count = unidentified_count(user)
    if not count:
        return []
    first = (
        Payment.objects.filter(customer=None, state=Payment.State.RECEIVED).order_by("received_on").first()
    )
    words = "receipt nobody knows the payer of" if count == 1 else "receipts nobody knows the payer of"
    return [
        Need(
            "building-bank",
            f"{count} {words}",
            "Find out who paid",
            "/payments/?tab=unidentified",
            first.recorded_at if first else timezone.now(),
        )
    ]


def _failed_mail(user: User) -> list[Need]:
    rows = deliveries_visible_to(user).filter(state=Delivery.State.FAILED).order_by("-id")[:5]
    return [
        Need(
            "mail",
            f"Mail to {row.email} was not delivered",
            row.error or str(row.message.subject),
            f"/mail/{row.message_id}/",
            row.message.queued_at,
        )
        for row in rows
    ]


# ------------------------------------------------------------------------------------------------ first run
@dataclass(frozen=True)
class Step:
    """One thing to set up before the first invoice: done or not, where, and the right it takes."""

    title: str
    text: str
    url: str
    action: str
    done: bool
    right: str


def first_steps() -> list[Step]:
    """What a new installation needs, in order."""
    return [
        Step(
            "Your company",
            "Legal name, address, tax number and bank account.",
            "entities:list",
            "Set up",
            Entity.objects.exists(),
            "entities.manage_entities",
        ),
        Step(
            "Payment terms",
            "A policy that a second person approved and that is in force.",
            "policies:list",
            "Choose",
            PolicyVersion.objects.filter(status="published").exists(),
            "policies.write_policy",
        ),
        Step(
            "Your first customer",
            "Name, address, tax number and who gets the invoices.",
            "customers:create",
            "Add",
            Customer.objects.exists(),
            "customers.edit_customer",
        ),
        Step(
            "Your first invoice",
            "Written by one person, approved by another, issued with a number without gaps.",
            "invoices:new",
            "Write",
            Invoice.objects.exists(),
            "invoices.edit_invoice",
        ),
        Step(
            "Your team",
            "Who writes, who approves, who records the money.",
            "team:list",
            "Invite",
            User.objects.filter(is_active=True).count() > 1,
            "team.manage_people",
        ),
    ]
