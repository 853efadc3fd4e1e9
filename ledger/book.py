"""Reading the book for its pages: entries, balances of accounts, open items by age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum

from core.errors import Invalid
from core.money import round_money
from entities import queries as entities
from entities.models import Entity
from ledger.ageing import BUCKETS
from ledger.models import Account, DaySum, Entry, Line, OpenItem
from ledger.queries import items_as_of
from team.models import User

BUCKET_NAMES: Mapping[str, str] = {
    "current": "Not due",
    "1-30": "1–30 days",
    "31-60": "31–60 days",
    "61-90": "61–90 days",
    "91+": "Over 90 days",
}
OVERDUE = "overdue"


def entries_visible_to(user: User) -> QuerySet[Entry]:
    """Entries of the companies this person sees."""
    companies = entities.visible_to(user)
    if not companies.query.where and user.is_active:
        return Entry.objects.all()
    return Entry.objects.filter(entity_id__in=list(companies.values_list("pk", flat=True)))


@dataclass(frozen=True)
class EntryFilters:
    """What the journal is narrowed to; "" or None leaves it open."""

    entity: int | None = None
    customer: int | None = None
    account: str = ""
    source_type: str = ""
    source_id: int | None = None
    since: date | None = None
    until: date | None = None


def journal(user: User, filters: EntryFilters) -> QuerySet[Entry]:
    """The visible entries that match, with their lines, in no order yet."""
    rows = entries_visible_to(user).select_related("entity", "posted_by")
    wanted = {
        "entity_id": filters.entity,
        "source_type": filters.source_type,
        "source_id": filters.source_id,
        "on__gte": filters.since,
        "on__lte": filters.until,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    lines = Line.objects.order_by()
    if filters.customer:
        lines = lines.filter(customer_id=filters.customer)
    if filters.account:
        lines = lines.filter(account_id=filters.account)
    if filters.customer or filters.account:
        rows = rows.filter(pk__in=lines.values("entry_id"))
    return rows.prefetch_related("lines__account")


@dataclass(frozen=True)
class Balance:
    """An account of one company on a day, in its functional currency: debit or credit, one of them 0."""

    account: Account
    functional: Decimal

    @property
    def debit(self) -> Decimal:
        return max(self.functional, Decimal(0))

    @property
    def credit(self) -> Decimal:
        return max(-self.functional, Decimal(0))


@dataclass(frozen=True)
class TrialBalance:
    """All accounts of one company on a day. Debits equal credits, or the book is broken."""

    entity: Entity
    rows: Sequence[Balance]

    @property
    def debit(self) -> Decimal:
        return sum((row.debit for row in self.rows), Decimal(0))

    @property
    def credit(self) -> Decimal:
        return sum((row.credit for row in self.rows), Decimal(0))


def trial_balances(user: User, on: date) -> list[TrialBalance]:
    """The trial balance of each visible company as of a day. Reads every line up to it."""
    companies = list(entities.visible_to(user))
    found = (
        Line.objects.filter(entry__entity__in=companies, entry__on__lte=on)
        .order_by()
        .values("entry__entity_id", "account_id")
        .annotate(total=Sum("functional"))
    )
    sums = {(row["entry__entity_id"], row["account_id"]): row["total"] for row in found}
    accounts = list(Account.objects.all())
    return [
        TrialBalance(
            company,
            [Balance(one, sums[company.pk, one.pk]) for one in accounts if sums.get((company.pk, one.pk))],
        )
        for company in companies
    ]


# ------------------------------------------------------------------------------------- open items by age
def days_of(companies: Sequence[Entity], now: datetime) -> dict[date, list[int]]:
    """The companies by the day it is at them: ages are counted from the company's own day."""
    days: dict[date, list[int]] = {}
    for company in companies:
        days.setdefault(entities.local_day(company, now), []).append(company.pk)
    return days


def aged(code: str, on: date, due: str = "due_on") -> Q:
    """Debit items whose age on the day falls in a bucket; "overdue" is all but the first.

    `due` is the column that holds the due day.
    """
    if code == OVERDUE:
        return Q(**{f"{due}__lt": on})
    if code == "current":
        return Q(**{f"{due}__gte": on})
    if code == "91+":
        return Q(**{f"{due}__lt": on - timedelta(days=90)})
    low, _, high = code.partition("-")
    first, last = on - timedelta(days=int(high)), on - timedelta(days=int(low))
    return Q(**{f"{due}__gte": first, f"{due}__lte": last})


@dataclass(frozen=True)
class ItemFilters:
    """Which open items; `bucket` is one of the ages or "overdue"; `as_of` only with a customer.

    `report` is the currency their sum is wanted in, "" for that of the home page.
    """

    side: str = "debit"
    entity: int | None = None
    customer: int | None = None
    currency: str = ""
    bucket: str = ""
    as_of: date | None = None
    report: str = ""


def items(user: User, filters: ItemFilters, now: datetime) -> QuerySet[OpenItem]:
    """The visible items that match with `was_open`, what is or was open of them, in no order yet."""
    companies = [
        one for one in entities.visible_to(user) if filters.entity is None or one.pk == filters.entity
    ]
    if filters.as_of and filters.customer:
        rows = items_as_of(
            filters.as_of, customer_id=filters.customer, entity_ids=[one.pk for one in companies]
        ).order_by()
        days = {filters.as_of: [one.pk for one in companies]}
    else:
        rows = OpenItem.objects.filter(open_amount__gt=0).annotate(was_open=F("open_amount"))
        rows = rows.filter(entity_id__in=[one.pk for one in companies])
        days = days_of(companies, now)
        if filters.customer:
            rows = rows.filter(customer_id=filters.customer)
    rows = rows.filter(side=filters.side)
    if filters.currency:
        rows = rows.filter(currency=filters.currency)
    if filters.bucket in (*BUCKETS, OVERDUE) and filters.side == "debit":
        of_age = Q(pk__in=[])
        for day, ids in days.items():
            of_age |= Q(entity_id__in=ids) & aged(filters.bucket, day)
        rows = rows.filter(of_age)
    return rows


@dataclass(frozen=True)
class ItemTotal:
    """Sum of a list of items in one currency, and in the functional currency of one company."""

    entity: Entity
    currency: str
    count: int
    amount: Decimal
    functional: Decimal


def open_totals(user: User, filters: ItemFilters, now: datetime) -> list[ItemTotal]:
    """`item_totals` of what the filters match; without a customer from the sums per due day."""
    if filters.customer or filters.side != "debit":
        return item_totals(items(user, filters, now))
    companies = {one.pk: one for one in entities.visible_to(user) if filters.entity in (None, one.pk)}
    rows = DaySum.objects.filter(kind="due", entity_id__in=list(companies))
    if filters.bucket in (*BUCKETS, OVERDUE):
        of_age = Q(pk__in=[])
        for day, ids in days_of(list(companies.values()), now).items():
            of_age |= Q(entity_id__in=ids) & aged(filters.bucket, day, "day")
        rows = rows.filter(of_age)
    if filters.currency:
        rows = rows.filter(currency=filters.currency)
    found = (
        rows.order_by()
        .values("entity_id", "currency")
        .annotate(count=Sum("n"), total=Sum("amount"), booked=Sum("functional"))
        .order_by("entity_id", "currency")
    )
    return [
        ItemTotal(companies[row["entity_id"]], row["currency"], row["count"], row["total"], row["booked"])
        for row in found
        if row["count"]
    ]


def item_totals(rows: QuerySet[OpenItem]) -> list[ItemTotal]:
    """Sums per company and currency; the functional one is at the rates the items were booked with."""
    found = (
        rows.order_by()
        .values("entity_id", "currency")
        .annotate(count=Count("pk"), amount=Sum("was_open"), functional=Sum("open_functional"))
        .order_by("entity_id", "currency")
    )
    companies = Entity.objects.in_bulk([row["entity_id"] for row in found])
    return [
        ItemTotal(
            companies[row["entity_id"]], row["currency"], row["count"], row["amount"], row["functional"]
        )
        for row in found
    ]


# ------------------------------------------------------------------------- several companies in one currency
def reporting_currency(companies: Sequence[Entity]) -> str:
    """The functional currency of most of the companies; the first by name decides a tie."""
    codes = [one.functional_currency for one in companies]
    return max(codes, key=codes.count) if codes else "EUR"


class Conversion:
    """From functional currencies to one for the sum, at the day's rate; without one a company is left out."""

    def __init__(self, companies: Sequence[Entity], currency: str, on: date) -> None:
        self.currency = currency
        self.rates: dict[str, Decimal] = {}
        for code in {one.functional_currency for one in companies}:
            try:
                self.rates[code] = entities.rate_on(code, currency, on).rate
            except Invalid:
                continue

    def convert(self, amount: Decimal, entity: Entity) -> Decimal | None:
        """The functional amount of a company in the one currency; None without a rate."""
        rate = self.rates.get(entity.functional_currency)
        return None if rate is None else amount * rate


@dataclass(frozen=True)
class WholeSum:
    """All items of a list in one currency. `left_out` names companies without a rate; they are not in it."""

    currency: str
    count: int
    amount: Decimal
    left_out: Sequence[str]


def sum_of(totals: Sequence[ItemTotal], user: User, filters: ItemFilters, now: datetime) -> WholeSum:
    """The totals as the home page sums them: in its currency or the one asked for, rounded once."""
    seen = list(entities.visible_to(user))
    asked = [one for one in seen if filters.entity in (None, one.pk)]
    known = filters.report in {one.functional_currency for one in seen}
    currency = filters.report if known else reporting_currency(asked)
    on = max((entities.local_day(one, now) for one in asked), default=now.date())
    rates = Conversion(asked, currency, on)
    parts = [(one, rates.convert(one.functional, one.entity)) for one in totals]
    return WholeSum(
        currency,
        sum(one.count for one, part in parts if part is not None),
        round_money(sum((part for _one, part in parts if part is not None), Decimal(0)), currency),
        sorted({str(one.entity) for one, part in parts if part is None}),
    )
