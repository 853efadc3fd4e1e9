"""Reading contracts: who sees them, their schedule, and what of them is not billed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from contracts.billing import Rest, due_bills, unbilled
from contracts.loading import Book, load_books
from contracts.models import BillRun, Contract, ContractBill, RunRow
from contracts.owing import Period, owed, periods
from contracts.rules import meet
from entities import queries as entities
from entities.models import Entity
from team.models import User

ENDED, RESTS = "ended", "rests"
STATES = ("", "active", "draft", "waiting", ENDED)
_AHEAD = 3
_CHUNK = 500


def visible_to(user: User) -> QuerySet[Contract]:
    """The contracts of the companies this person works for."""
    return Contract.objects.filter(entity__in=entities.visible_to(user)).select_related("entity", "customer")


def runs_visible_to(user: User) -> QuerySet[BillRun]:
    """The bill runs of the companies this person works for."""
    rows = BillRun.objects.filter(entity__in=entities.visible_to(user))
    return rows.select_related("entity", "planned_by", "job", "before")


def also_planned(run: BillRun) -> list[tuple[BillRun, int]]:
    """Other runs under way whose scope meets the one of this run, and how many of its invoices they plan."""
    if run.state not in BillRun.UNDER_WAY:
        return []
    found = []
    for other in BillRun.objects.filter(entity=run.entity, state__in=BillRun.UNDER_WAY).exclude(pk=run.pk):
        if not meet(run.scope, other.scope):
            continue
        rows = other.rows.filter(state=RunRow.State.PLANNED)
        if "customer" in run.scope:
            rows = rows.filter(customer=run.scope["customer"])
        if "contract" in run.scope:
            rows = rows.filter(parts__contains=[[run.scope["contract"]]])
        count = rows.count()
        if count:
            found.append((other, count))
    return found


def listing(user: User, *, state: str = "", text: str = "", today: date) -> QuerySet[Contract]:
    """Contracts in a state; `text` is looked for in number, name and customer."""
    rows = visible_to(user)
    if state == ENDED:
        rows = rows.filter(state=Contract.State.ACTIVE, ends_on__lt=today)
    elif state == "active":
        rows = rows.filter(state=Contract.State.ACTIVE).exclude(ends_on__lt=today)
    elif state:
        rows = rows.filter(state=state)
    if text:
        rows = rows.filter(
            Q(number__icontains=text) | Q(name__icontains=text) | Q(customer__name__icontains=text)
        )
    return rows


@dataclass(frozen=True)
class Row:
    """One period of the schedule: billed (with its bill), due, missing, nothing owed, or still to come."""

    period: Period
    state: str
    amount: Decimal
    bill: ContractBill | None = None


def schedule(book: Book, today: date) -> list[Row]:
    """Every period up to today and the next ones, the newest first."""
    facts, contract = book.facts, book.contract
    bills = {bill.period_start: bill for bill in contract.bills.select_related("invoice")}
    due = {bill.period.start: bill for bill in due_bills(facts, book.billed, book.done, today)}
    last = max((bill.period.number for bill in due.values()), default=0)
    rows = []
    ahead = today + timedelta(days=31 * facts.every_months * _AHEAD)
    for period in periods(facts, ahead):
        bill = bills.get(period.start)
        if bill is not None:
            rows.append(Row(period, "billed", bill.net, bill))
        elif period.start in due:
            state = "missing" if period.number < last else "due"
            rows.append(Row(period, state, due[period.start].amount))
        elif facts.ends_on is None or period.start <= facts.ends_on:
            amount = sum((owed(facts, item, period).amount for item in facts.items), Decimal(0))
            rows.append(Row(period, "planned" if period.bills_on > today else "nothing", amount))
    return rows[::-1]


@dataclass(frozen=True)
class Unbilled:
    """What one item of a contract owes for a period and nobody billed."""

    contract: Contract
    rest: Rest
    description: str
    # Negative rests of a contract that is over are credited; everything else comes with the next bill.
    is_to_credit: bool


def unbilled_rows(user: User, *, entity: Entity | None = None, now: Any) -> list[Unbilled]:
    """Contract against billed, usage against billed: every amount due and not billed, oldest first."""
    rows = visible_to(user).filter(state=Contract.State.ACTIVE).order_by("customer_id", "id")
    if entity is not None:
        rows = rows.filter(entity=entity)
    found: list[Unbilled] = []
    chunk: list[Contract] = []
    for contract in rows.iterator(chunk_size=2000):
        chunk.append(contract)
        if len(chunk) == _CHUNK:
            found += _unbilled(chunk, now)
            chunk = []
    return sorted([*found, *_unbilled(chunk, now)], key=lambda row: (row.rest.period.start, row.contract.pk))


def _unbilled(contracts: Sequence[Contract], now: Any) -> list[Unbilled]:
    found = []
    for book in load_books(contracts):
        today = entities.local_day(book.contract.entity, now)
        over = book.contract.ends_on is not None and book.contract.ends_on < today
        rests = unbilled(book.facts, book.billed, today)
        credit = over and sum((rest.amount for rest in rests), Decimal(0)) < 0
        found += [
            Unbilled(book.contract, rest, book.items[rest.item.key].description, credit and rest.amount < 0)
            for rest in rests
        ]
    return found


def totals_of(rows: Sequence[Unbilled]) -> list[tuple[str, Decimal, int]]:
    """(currency, sum, rows) of the list: the sum of exactly these rows."""
    found: dict[str, list[Decimal]] = {}
    for row in rows:
        found.setdefault(row.contract.currency, []).append(row.rest.amount)
    return [(currency, sum(amounts, Decimal(0)), len(amounts)) for currency, amounts in sorted(found.items())]


def state_of(contract: Contract, today: date) -> tuple[str, str]:
    """(word, kind of pill) of a contract's state, with what follows from its days."""
    if contract.state == Contract.State.ACTIVE:
        if contract.ends_on is not None and contract.ends_on < today:
            return "Ended", ""
        if any(
            one.starts_on <= today and (one.ends_on is None or one.ends_on >= today)
            for one in contract.suspensions.all()
        ):
            return "Suspended", "warn"
        return ("Active", "ok") if contract.starts_on <= today else ("Starts later", "info")
    kinds = {Contract.State.WAITING: "warn", Contract.State.CANCELLED: ""}
    return contract.get_state_display(), kinds.get(Contract.State(contract.state), "info")
