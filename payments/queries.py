"""Reading payments: lists that stay fast, one receipt with its uses, and a customer's account on any day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from core.locale import UnreadableNumber, parse_number
from customers.models import Customer
from customers.queries import matching
from entities import queries as entities
from entities.models import Entity
from ledger import queries as ledger
from ledger.ageing import BUCKETS, AgedItem, Ageing, ageing, bucket
from ledger.models import Allocation, OpenItem
from ledger.queries import Movement
from payments.models import Payment, Refund, WriteOff
from team.models import User

MOST_SUMMED = 10_000
"""Up to this many receipts a list is summed up at once; beyond, the sums are asked for apart."""
_MOST_FOUND = 200
_MOST_CUSTOMERS = 50
_MOST_COUNTED = 1000
_MOST_OPEN = 5000
MOST_ITEMS = 500
STATEMENT_DAYS = 90

TABS: Mapping[str, str] = {
    "": "All",
    "unallocated": "Unallocated",
    "unidentified": "Unidentified",
    "returned": "Returned",
}
SORTS: Mapping[str, str] = {"received": "received_on", "amount": "amount"}
_RECEIVED = Q(state=Payment.State.RECEIVED)


# --------------------------------------------------------------------------------------------------- list
@dataclass(frozen=True)
class Filters:
    """What a list of receipts is narrowed to; "" or None leaves it open."""

    tab: str = ""
    q: str = ""
    entity: int | None = None
    customer: int | None = None
    currency: str = ""
    method: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return any(getattr(self, one.name) for one in fields(self) if one.name != "tab")


def visible_to(user: User) -> QuerySet[Payment]:
    """Receipts of the companies this person sees."""
    companies = entities.visible_to(user)
    if not companies.query.where and user.is_active:
        return Payment.objects.all()
    # Ids, not a subquery: the planner then keeps the order of the list's index.
    return Payment.objects.filter(entity_id__in=list(companies.values_list("pk", flat=True)))


def listing(user: User, filters: Filters) -> QuerySet[Payment]:
    """The visible receipts that match, with customer, company and what is left, in no order yet."""
    rows = visible_to(user).select_related("customer", "entity", "open_item").filter(_tab(filters.tab))
    wanted = {
        "entity_id": filters.entity,
        "customer_id": filters.customer,
        "currency": filters.currency,
        "method": filters.method,
        "received_on__gte": filters.since,
        "received_on__lte": filters.until,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    return rows.filter(_found(filters.q)) if filters.q.strip() else rows


def _open_receipts() -> list[int] | QuerySet[OpenItem, Any]:
    """The items of receipts with a rest: as ids while they are few, so that the list begins with them."""
    rows = OpenItem.objects.filter(side="credit", kind="receipt", open_amount__gt=0).order_by()
    ids = list(rows.values_list("pk", flat=True)[: _MOST_OPEN + 1])
    return ids if len(ids) <= _MOST_OPEN else rows.values("pk")


def tab_count(user: User, tab: str) -> int:
    """How many receipts a tab holds; counting stops at 1,000."""
    return visible_to(user).filter(_tab(tab)).order_by()[:_MOST_COUNTED].count()


def unidentified_count(user: User) -> int:
    """How many receipts nobody knows the payer of."""
    return tab_count(user, "unidentified")


@dataclass(frozen=True)
class Total:
    """Sums of a list in one currency. Returned receipts are counted apart, not as money received."""

    currency: str
    count: int
    amount: Decimal
    left: Decimal
    returned: Decimal


def totals_of(rows: QuerySet[Payment]) -> list[Total]:
    """Sums per currency of a whole list, the most receipts first. Reads every row."""
    found = (
        rows.order_by()
        .select_related(None)
        .values("currency")
        .annotate(
            count=Count("pk"),
            received=Sum("amount", filter=_RECEIVED, default=Decimal(0)),
            left=Sum("open_item__open_amount", filter=_RECEIVED, default=Decimal(0)),
            unknown=Sum("amount", filter=_RECEIVED & Q(customer=None), default=Decimal(0)),
            returned=Sum("amount", filter=~_RECEIVED, default=Decimal(0)),
        )
        .order_by("-count", "currency")
    )
    return [
        Total(r["currency"], r["count"], r["received"], r["left"] + r["unknown"], r["returned"])
        for r in found
    ]


def _tab(tab: str) -> Q:
    match tab:
        case "unallocated":
            return _RECEIVED & Q(open_item__in=_open_receipts())
        case "unidentified":
            return _RECEIVED & Q(customer__isnull=True)
        case "returned":
            return Q(state=Payment.State.BOUNCED)
        case _:
            return Q()


def _found(text: str) -> Q:
    """Number, exact amount, reference or payer's name; each through its own index."""
    words = text.replace("\0", "").strip()[:100]
    ids = set(ids_of(words))
    named = matching(Customer.objects.all(), words).order_by().values_list("pk", flat=True)
    return Q(pk__in=ids) | Q(customer_id__in=list(named[:_MOST_CUSTOMERS]))


def ids_of(words: str, *, most: int = _MOST_FOUND) -> list[int]:
    """Receipts found by number (PAY-000123 or 123), exact amount or part of the reference."""
    rows = Payment.objects.order_by()
    found: list[int] = []
    digits = words.upper().removeprefix("PAY-")
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        found += rows.filter(pk=int(digits)).values_list("pk", flat=True)
    value = _amount(words)
    if value is not None:
        found += rows.filter(amount=value).values_list("pk", flat=True)[:most]
    if len(words) >= 3:
        quoted = Q(reference__contains=words) | Q(reference__contains=words.upper())
        found += rows.filter(quoted).values_list("pk", flat=True)[:most]
    return found


def _amount(words: str) -> Decimal | None:
    try:
        value = parse_number(words)
    except (UnreadableNumber, InvalidOperation):
        return None
    return value if 0 < value < Decimal(10) ** 15 else None


# ------------------------------------------------------------------------------------------- one receipt
@dataclass(frozen=True)
class Use:
    """One allocation of a receipt or credit: what it settled, when, and whether it still stands."""

    allocation: Allocation
    item: OpenItem | None
    on: date
    amount: Decimal
    kind: str
    text: str
    is_reversal: bool
    is_reversed: bool

    @property
    def can_be_undone(self) -> bool:
        """Payments, credits, discounts and small differences; refunds and returns have their own acts."""
        return (
            not (self.is_reversal or self.is_reversed)
            and self.allocation.kind not in ("refund", "bounce", "write_off")
        )  # fmt: skip


def uses_of(item: OpenItem) -> list[Use]:
    """What a credit was used for, with the discounts granted by it, in the order it was booked."""
    related = ("debit__instalment__invoice", "entry", "reversed_by")
    used = list(Allocation.objects.filter(credit=item).select_related(*related).order_by("id"))
    # A discount is booked with the allocation that earned it; its entry's key begins with that one's.
    keys = [
        f"{row.entry.key}:discount:{row.debit_id}"
        for row in used
        if row.kind == "payment" and row.reversal_of_id is None
    ]
    granted = Allocation.objects.filter(entry__key__in=keys).select_related(*related) if keys else ()
    undone = (
        Allocation.objects.filter(reversal_of__in=[row.pk for row in granted]).select_related(*related)
        if granted
        else ()
    )
    return [_use(row) for row in sorted([*used, *granted, *undone], key=lambda row: row.pk)]


def _use(row: Allocation) -> Use:
    return Use(
        allocation=row,
        item=row.debit,
        on=row.on,
        amount=row.amount,
        kind=row.get_kind_display(),
        text=row.entry.text,
        is_reversal=row.reversal_of_id is not None,
        is_reversed=getattr(row, "reversed_by", None) is not None,
    )


def refunds_of(item: OpenItem) -> QuerySet[Refund]:
    """Requests to pay back this credit, newest first."""
    return Refund.objects.filter(credit=item).select_related("requested_by")


def refunds_visible_to(user: User) -> QuerySet[Refund]:
    """Refunds of the companies this person sees."""
    return Refund.objects.filter(credit__entity__in=entities.visible_to(user)).select_related(
        "customer", "credit__entity", "credit__payment", "requested_by"
    )


def write_offs_visible_to(user: User) -> QuerySet[WriteOff]:
    """Write-offs of the companies this person sees."""
    return WriteOff.objects.filter(invoice__entity__in=entities.visible_to(user)).select_related(
        "invoice__customer", "invoice__entity", "requested_by"
    )


def credits_visible_to(user: User) -> QuerySet[OpenItem]:
    """Receipts and credit notes as items, of the companies this person sees."""
    return OpenItem.objects.filter(side="credit", entity__in=entities.visible_to(user)).select_related(
        "entity", "customer", "payment"
    )


def family_of(customer: Customer) -> list[int]:
    """The customer with parent and siblings: a group may pay for its members."""
    root = customer.parent_id or customer.pk
    members = Customer.objects.filter(parent_id=root).values_list("pk", flat=True)
    return sorted({customer.pk, root, *members})


def payable_with(customer: Customer, entity: Entity, currency: str) -> QuerySet[OpenItem]:
    """What money of this customer can settle: the group's open items of one company in one currency."""
    rows = ledger.open_debits(family_of(customer), currency=currency)
    return rows.filter(entity=entity).select_related("instalment__invoice", "customer")


# --------------------------------------------------------------------------------------- customer account
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
    customer: Customer, *, on: date, today: date, since: date | None = None, most: int = MOST_ITEMS
) -> list[Account]:
    """The account per currency as of a day; at most `most` items each are listed, all are summed."""
    since = since or on - timedelta(days=STATEMENT_DAYS)
    rows = items_of(customer.pk, on=on, today=today).select_related(
        "instalment__invoice", "payment", "entity"
    )
    owed: dict[str, list[Owed]] = {}
    for item in rows:
        late = max(0, (on - (item.due_on or item.opened_on)).days) if item.side == "debit" else 0
        age = bucket(item.due_on or item.opened_on, on) if item.side == "debit" else "credit"
        was_open: Decimal = item.was_open  # type: ignore[attr-defined]  # annotated by items_of
        owed.setdefault(item.currency, []).append(Owed(item, was_open, late, age))
    currencies = set(owed) | set(currencies_of(customer.pk))
    return [
        _account(customer.pk, currency, owed.get(currency, []), since=since, on=on, most=most)
        for currency in sorted(currencies)
    ]


def _account(
    customer_id: int, currency: str, rows: Sequence[Owed], *, since: date, on: date, most: int
) -> Account:
    opening, movements = ledger.account_movements(customer_id, currency, since=since, until=on)
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


def items_of(customer_id: int, *, on: date, today: date) -> QuerySet[OpenItem]:
    """The customer's items open on a day with `was_open`, by due day."""
    if on >= today:
        rows = OpenItem.objects.filter(customer_id=customer_id, open_amount__gt=0)
        return rows.annotate(was_open=F("open_amount")).order_by("due_on", "opened_on", "id")
    return ledger.items_as_of(on, customer_id=customer_id)


def currencies_of(customer_id: int) -> list[str]:
    """Every currency the customer was ever billed or paid in."""
    rows = OpenItem.objects.filter(customer_id=customer_id).order_by()
    return sorted(rows.values_list("currency", flat=True).distinct())


def ageing_parts(account: Account) -> list[tuple[str, str, Decimal, str]]:
    """(bucket, name, amount, CSS class) in the order of age."""
    names = ("Not due", "1–30 days", "31–60 days", "61–90 days", "Over 90 days")
    return [
        (code, name, account.ageing.buckets[code], f"age{number}")
        for number, (code, name) in enumerate(zip(BUCKETS, names, strict=True))
    ]
