"""Lists of invoices that stay fast at a million rows: each filter enters an index, no page is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from customers.models import Customer
from customers.queries import matching
from entities import queries as entities
from entities.models import Entity, Series
from invoices.models import DueDateMove, Hold, Invoice
from team.models import User

MOST_MATCHING = 10_000
"""Up to this many rows a list is summed up at once; beyond, the sums are asked for apart."""
_MOST_FOUND = 200
_MOST_CUSTOMERS = 50
_MOST_COUNTED = 1000

Status, Settlement = Invoice.Status, Invoice.Settlement
_STATUS_TABS = {"draft": Status.DRAFT, "waiting": Status.PENDING, "approved": Status.APPROVED}
UNISSUED = (Status.DRAFT, Status.PENDING, Status.APPROVED)
# What is owed, as the index of open invoices says it.
OWED = Q(document_status=Status.ISSUED, balance__gt=0)

TABS: Mapping[str, str] = {
    "": "All",
    "draft": "Drafts",
    "waiting": "Waiting",
    "approved": "Approved",
    "open": "Open",
    "overdue": "Overdue",
    "held": "On hold",
    "paid": "Paid",
    "credited": "Credited",
}


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; "" or None leaves it open. `today` decides what is overdue."""

    today: date
    q: str = ""
    status: str = ""
    entity: int | None = None
    customer: int | None = None
    owner: int | None = None
    currency: str = ""
    issued_from: date | None = None
    issued_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return any(getattr(self, f.name) for f in fields(self) if f.name not in ("today", "status"))


def visible_to(user: User) -> QuerySet[Invoice]:
    """Invoices of the companies this person sees."""
    companies = entities.visible_to(user)
    if not companies.query.where and user.is_active:
        return Invoice.objects.all()
    # Ids, not a subquery: the planner then keeps the order of the list's index.
    return Invoice.objects.filter(entity_id__in=list(companies.values_list("pk", flat=True)))


def due_date_moves_visible_to(user: User) -> QuerySet[DueDateMove]:
    """Later due days asked for their invoices, the newest first."""
    rows = DueDateMove.objects.filter(invoice__in=visible_to(user))
    return rows.select_related("invoice__entity", "invoice__customer", "instalment", "requested_by")


def listing(user: User, filters: Filters) -> QuerySet[Invoice]:
    """The visible invoices that match, with customer and owner, unordered. Discarded ones are left out."""
    rows = visible_to(user).select_related("customer__owner", "entity").defer("checks", "overrides", "texts")
    rows = rows.filter(_tab(filters.status, filters.today))
    wanted = {
        "entity_id": filters.entity,
        "customer_id": filters.customer,
        "customer__owner_id": filters.owner,
        "currency": filters.currency,
        "issued_on__gte": filters.issued_from,
        "issued_on__lte": filters.issued_to,
        "due_on__gte": filters.due_from,
        "due_on__lte": filters.due_to,
        "payable__gte": filters.least,
        "payable__lte": filters.most,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    if filters.due_to:
        # Nothing is due before its issue, so the index by issue day ends there. A draft is not due yet.
        rows = rows.filter(issued_on__lte=filters.due_to)
    return rows.filter(_found(filters.q)) if filters.q.strip() else rows


def sorts_of(status: str) -> Mapping[str, str]:
    """The columns a tab can be sorted by: those that an index holds in order."""
    if status in ("draft", "waiting", "approved"):
        return {"edited": "edited_at", "amount": "payable"}
    if status in ("open", "overdue", "held"):
        return {"due": "next_due_on", "issued": "issued_on", "amount": "payable"}
    return {"issued": "issued_on", "amount": "payable"}


def default_sort(status: str) -> str:
    """Work first: the newest draft, what is due first, else the newest document."""
    if status in ("draft", "waiting", "approved"):
        return "-edited"
    return "due" if status in ("open", "overdue", "held") else "-issued"


def tab_counts(user: User, statuses: Sequence[str], today: date) -> dict[str, tuple[int, bool]]:
    """By tab (rows, False), or (1,000, True) when there are more; all tabs in one statement."""
    parts, values = [], []
    for status in statuses:
        rows = visible_to(user).filter(_tab(status, today)).order_by().values("pk")[: _MOST_COUNTED + 1]
        sql, params = rows.query.sql_with_params()
        parts.append(f"SELECT %s, count(*) FROM ({sql}) found")  # noqa: S608 (made by Django)
        values += [status, *params]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        found = dict(cursor.fetchall())
    return {status: (min(found[status], _MOST_COUNTED), found[status] > _MOST_COUNTED) for status in statuses}


def _tab(status: str, today: date) -> Q:
    if status in _STATUS_TABS:
        return Q(document_status=_STATUS_TABS[status])
    match status:
        case "open":
            return OWED
        case "overdue":
            return OWED & Q(next_due_on__lt=today)
        case "held":
            # From the holds, which are few, not from a million invoices.
            held = Hold.objects.filter(released_at=None).values("invoice_id")
            return OWED & Q(pk__in=held)
        case "paid":
            return Q(document_status=Status.ISSUED, balance=0, settlement_status=Settlement.PAID)
        case "credited":
            notes = Invoice.objects.filter(
                credits__isnull=False, document_status__in=[Status.ISSUED, Status.CANCELLED]
            )
            return Q(pk__in=notes.order_by().values("credits_id"))
    return ~Q(document_status=Status.DISCARDED)


def _found(text: str) -> Q:
    """Number, customer's name or number, purchase order, exact amount; each through its own index.

    Ids are looked up first: one OR over four tables' columns would read everything.
    """
    words = text.replace("\0", "").strip()[:100]
    ids = set(ids_of(words))
    customers = list(
        matching(Customer.objects.all(), words).order_by().values_list("pk", flat=True)[:_MOST_CUSTOMERS]
    )
    if not customers:
        return Q(pk__in=ids)
    return Q(customer_id__in=customers) | Q(pk__in=ids) if ids else Q(customer_id__in=customers)


def ids_of(words: str) -> list[int]:
    """Documents found by number, purchase order, exact amount or draft name, some of each."""
    rows = Invoice.objects.order_by()
    companies = list(Entity.objects.values_list("pk", flat=True))
    upper = words.upper()
    found = list(
        rows.alias(big=Upper("number"))
        .filter(entity_id__in=companies, big=upper)
        .values_list("pk", flat=True)[:_MOST_FOUND]
    )
    digits = words.rpartition("-")[2].rpartition("/")[2].lstrip("0")
    if digits.isascii() and digits.isdigit() and len(digits) < 9:
        series = list(Series.objects.filter(pattern__istartswith=_prefix(words)).values_list("pk", flat=True))
        found += rows.filter(series_id__in=series, sequence=int(digits)).values_list("pk", flat=True)[
            :_MOST_FOUND
        ]
    if len(words) >= 3:
        ordered = Q(po_number__contains=words) | Q(po_number__contains=upper)
        found += rows.filter(ordered).values_list("pk", flat=True)[:_MOST_FOUND]
    amount = _amount(words)
    if amount is not None:
        found += rows.filter(payable=amount).values_list("pk", flat=True)[:_MOST_FOUND]
    if upper.startswith("DRAFT-") and len(words) == 14:
        found += rows.filter(
            document_status__in=UNISSUED, public_ref__startswith=words[6:].lower()
        ).values_list("pk", flat=True)[:_MOST_FOUND]
    return found


def _prefix(words: str) -> str:
    """ "INV" of "INV-2026-00042", "" of "42": a bare number means any series."""
    head = words.replace("/", "-").partition("-")
    return head[0] if head[1] and head[0].isalpha() else ""


def _amount(words: str) -> Decimal | None:
    from core.locale import UnreadableNumber, parse_number

    try:
        value = parse_number(words)
    except (UnreadableNumber, InvalidOperation):
        return None
    return value if 0 < value < Decimal(10) ** 15 else None
