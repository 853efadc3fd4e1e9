"""The list of receipts: tabs, filters, search, each through an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q, QuerySet

from core.locale import UnreadableNumber, parse_number
from customers.models import Customer
from customers.queries import matching
from entities import queries as entities
from ledger.models import OpenItem
from payments.models import Payment
from team.models import User

MOST_SUMMED = 10_000
"""Up to this many receipts a list is summed up at once; beyond, the sums are asked for apart."""
_MOST_FOUND = 200
_MOST_CUSTOMERS = 50
_MOST_COUNTED = 1000
_MOST_OPEN = 5000

TABS: Mapping[str, str] = {
    "": "All",
    "unallocated": "Unallocated",
    "unidentified": "Unidentified",
    "returned": "Returned",
}
SORTS: Mapping[str, str] = {"received": "received_on", "amount": "amount"}
RECEIVED = Q(state=Payment.State.RECEIVED)


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


def _tab(tab: str) -> Q:
    match tab:
        case "unallocated":
            return RECEIVED & Q(open_item__in=_open_receipts())
        case "unidentified":
            return RECEIVED & Q(customer__isnull=True)
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
