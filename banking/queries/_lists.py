"""Reading bank statements: which accounts, what is to be done, and who might have paid a line."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from banking.models import Layout, Line, Statement
from banking.reading import Columns
from core.errors import DomainError
from core.sheets import open_sheet
from entities import queries as entities
from entities.models import BankAccount
from payments.models import Payment
from team.models import User

TO_DO = (Line.State.NEW, Line.State.DOUBTFUL)
MOST_LINES = 500
_OF_TAB = {
    "": TO_DO,
    "booked": (Line.State.BOOKED, Line.State.RETURN, Line.State.PAYOUT),
    "aside": (Line.State.ASIDE,),
    "all": tuple(Line.State.values),
}
_AROUND = timedelta(days=5)


def accounts_for(user: User) -> QuerySet[BankAccount]:
    """Accounts of the companies this person sees, old ones too: banks send statements of closed accounts."""
    return (
        BankAccount.objects.filter(entity__in=entities.visible_to(user))
        .select_related("entity")
        .order_by("entity__name", "-is_active", "currency", "pk")
    )


def visible_to(user: User) -> QuerySet[Statement]:
    """Statements of the accounts this person sees."""
    return Statement.objects.filter(account__entity__in=entities.visible_to(user)).select_related(
        "account__entity", "file", "imported_by"
    )


def listing(user: User, *, account: int | None = None) -> QuerySet[Statement]:
    """Statements with how many of their lines wait, newest first."""
    rows = visible_to(user).annotate(waiting=Count("lines", filter=Q(lines__state__in=TO_DO)))
    return rows.filter(account_id=account) if account else rows


def lines_visible_to(user: User) -> QuerySet[Line]:
    """Lines of the accounts this person sees."""
    return Line.objects.filter(account__entity__in=entities.visible_to(user)).select_related(
        "account__entity", "payment__customer", "returned", "paid_file", "refund"
    )


def layout_of(account: BankAccount) -> Columns | None:
    """How this account's CSV is written, where somebody said it."""
    found = Layout.objects.filter(account=account).first()
    return Columns(found.columns, found.day_order, found.decimal) if found else None


def continued_by(account: BankAccount, opening: date, balance: Decimal | None) -> Statement | None:
    """The statement a new one continues: it closes with the new one's opening, and none follows it yet."""
    if balance is None:
        return None
    later = Statement.objects.filter(
        account=account, opening=OuterRef("closing"), since__gte=OuterRef("since")
    ).exclude(pk=OuterRef("pk"))
    return (
        account.bank_statements.filter(closing=balance, since__lte=opening)
        .filter(~Exists(later))
        .order_by("-until", "-pk")
        .first()
    )


def statement_before(account: BankAccount, opening: date) -> Statement | None:
    """The latest statement that begins no later and states its closing."""
    return (
        account.bank_statements.filter(since__lte=opening, closing__isnull=False)
        .order_by("-until", "-pk")
        .first()
    )


def keys_here(account: BankAccount, since: date, until: date) -> set[str]:
    """Keys of the lines of these days."""
    return set(
        Line.objects.filter(account=account, booked_on__range=(since, until)).values_list("key", flat=True)
    )


def alike(account: BankAccount, since: date, until: date) -> set[tuple[date, Decimal]]:
    """(day, amount) of the lines of these days: another one like these may be the same told otherwise."""
    return set(
        Line.objects.filter(account=account, booked_on__range=(since, until)).values_list(
            "booked_on", "amount"
        )
    )


def twin_of(line: Line) -> Payment | None:
    """A receipt somebody recorded by hand that is probably this line: same amount, a few days around."""
    return (
        Payment.objects.filter(
            entity=line.account.entity_id,
            currency=line.currency,
            amount=line.amount,
            state=Payment.State.RECEIVED,
            method=Payment.Method.BANK_TRANSFER,
            external_key__isnull=True,
            bank_line__isnull=True,
            received_on__range=(line.booked_on - _AROUND, line.booked_on + _AROUND),
        )
        .order_by("pk")
        .first()
    )


def lines_of(statement: Statement, tab: str) -> list[Line]:
    """Its lines in the bank's order, at most `MOST_LINES`: those of the tab."""
    rows = statement.lines.select_related("account__entity", "payment__customer", "returned__customer")
    return list(rows.filter(state__in=_OF_TAB[tab])[:MOST_LINES])


def counts_of(statement: Statement) -> dict[str, int]:
    """How many lines each tab has."""
    found = dict(statement.lines.values_list("state").annotate(count=Count("pk")))
    return {tab: sum(found.get(state, 0) for state in states) for tab, states in _OF_TAB.items()}


@dataclass(frozen=True)
class Sums:
    """What came, what went, and how many lines each; `known` is the sum of lines kept elsewhere."""

    came: Decimal
    came_lines: int
    went: Decimal
    went_lines: int
    known: Decimal


def sums_of(statement: Statement) -> Sums:
    """What the statement moved: opening + came - went + known is its closing."""
    found = statement.lines.aggregate(
        came=Sum("amount", filter=Q(amount__gt=0), default=Decimal(0)),
        came_lines=Count("pk", filter=Q(amount__gt=0)),
        went=Sum("amount", filter=Q(amount__lt=0), default=Decimal(0)),
        went_lines=Count("pk", filter=Q(amount__lt=0)),
    )
    known = statement.moved - found["came"] - found["went"]
    return Sums(found["came"], found["came_lines"], -found["went"], found["went_lines"], known)


def receipts_for(line: Line) -> QuerySet[Payment]:
    """Receipts this line may be, or may take back: the same amount at the bank, not yet of another line."""
    rows = Payment.objects.filter(
        entity=line.account.entity_id, currency=line.currency, state=Payment.State.RECEIVED
    ).annotate(at_bank=F("amount") - F("fee") - F("withheld"))
    if line.amount > 0:
        rows = rows.filter(at_bank=line.amount, bank_line__isnull=True, external_key__isnull=True)
    else:
        rows = rows.filter(at_bank=-line.amount, received_on__lte=line.booked_on)
    return rows.select_related("customer").order_by("-received_on", "-pk")


def headings_of(data: bytes) -> list[str]:
    """The headings of a table somebody brought, for choosing; nothing where it cannot be read."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        try:
            return list(open_sheet(Path(file.name)).columns)
        except DomainError:
            return []
