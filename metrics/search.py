"""Finding anything from anywhere: customers, documents, payments, and what this person can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, IntegerField, Value, When
from django.db.models.functions import Lower
from django.urls import NoReverseMatch, resolve, reverse

from core import locale
from core.navigation import for_reader
from core.permissions import may_open
from customers import queries as customers
from customers.models import Customer
from invoices import queries as invoices
from invoices.models import Invoice
from payments import queries as payments
from payments.models import Payment
from team.models import User
from team.requests import StaffRequest

EACH = 6
"""How many of each kind are shown."""
LONGEST = 100

# What can be begun from anywhere: words, address, icon, further words it is found by.
_ACTIONS = (
    ("New invoice", "invoices:new", "file-plus", "write bill draft create"),
    ("Record receipt", "payments:record", "building-bank", "payment money received cash create"),
    ("New customer", "customers:create", "user-plus", "add create"),
    ("Unidentified receipts", "payments:list?tab=unidentified", "zoom-question", "payment unknown"),
    ("Overdue invoices", "invoices:list?status=overdue", "alarm", "late due"),
    ("Drafts", "invoices:list?status=draft", "pencil", "invoice"),
    ("Open items", "ledger:items", "list-details", "ageing outstanding"),
    ("Profile", "team:profile", "user-circle", "account password settings me"),
)


@dataclass(frozen=True)
class Found:
    """One result: what it says, where it leads, and a few words at its end."""

    label: str
    url: str
    icon: str
    end: str = ""


@dataclass(frozen=True)
class Group:
    """Results of one kind."""

    label: str
    results: list[Found]


def search(request: StaffRequest, text: str) -> list[Group]:
    """Groups with a result, by the reader's rights and companies. Nothing typed: what can be done."""
    words = " ".join(text.replace("\0", "").split())[:LONGEST]
    user = request.user
    groups = [Group("Actions", _actions(request, words))]
    if words:
        groups = [
            Group("Customers", _customers(user, words)),
            Group("Invoices", _invoices(user, words)),
            Group("Payments", _payments(user, words)),
            *groups,
        ]
    return [group for group in groups if group.results]


def _actions(request: StaffRequest, words: str) -> list[Found]:
    wanted = words.lower().split()
    begun = [
        (label, url, icon, more)
        for label, name, icon, more in _ACTIONS
        if (url := _address(name, request.user))
    ]
    pages = [
        (entry.label, entry.url, entry.icon, "go to open page")
        for block in for_reader(request)
        for entry in block.items
    ]
    found = [
        Found(label, url, icon)
        for label, url, icon, more in [*begun, *pages]
        if all(word in f"{label} {more}".lower() for word in wanted)
    ]
    return found[: EACH if words else 12]


def _address(name: str, user: User) -> str:
    """The address behind a URL name with query, "" when this person may not open it."""
    name, _, query = name.partition("?")
    try:
        url = reverse(name)
    except NoReverseMatch:
        return ""
    if not may_open(resolve(url).func, user):
        return ""
    return f"{url}?{query}" if query else url


def _customers(user: User, words: str) -> list[Found]:
    if not user.has_perm("customers.view_customer"):
        return []
    rows: Iterable[Customer] = (
        customers.matching(customers.visible_to(user), words)
        .select_related("entity")
        # Names that begin with the words come first.
        .annotate(
            rank=Case(
                When(name__istartswith=words, then=Value(0)), default=Value(1), output_field=IntegerField()
            )
        )
        .order_by("rank", Lower("name"), "pk")[:EACH]
    )
    return [Found(row.name, row.get_absolute_url(), "users", f"{row.number} · {row.entity}") for row in rows]


def _invoices(user: User, words: str) -> list[Found]:
    if not user.has_perm("invoices.view_invoice"):
        return []
    ids = invoices.ids_of(words)
    rows: Iterable[Invoice] = (
        invoices.visible_to(user)
        .filter(pk__in=ids)
        .exclude(document_status=Invoice.Status.DISCARDED)
        .select_related("customer")
        .order_by("-pk")[:EACH]
    )
    return [
        Found(f"{row} · {row.customer}", row.get_absolute_url(), "file-invoice", _state(row)) for row in rows
    ]


def _state(row: Invoice) -> str:
    if row.document_status != Invoice.Status.ISSUED:
        return row.get_document_status_display()
    if row.balance:
        return f"{locale.money(row.balance, row.currency)} open"
    return f"{locale.money(row.payable, row.currency)} {row.get_settlement_status_display().lower()}"


def _payments(user: User, words: str) -> list[Found]:
    if not user.has_perm("payments.view_payment"):
        return []
    ids = payments.ids_of(words, most=20)
    rows: Iterable[Payment] = (
        payments.visible_to(user).filter(pk__in=ids).select_related("customer").order_by("-pk")[:EACH]
    )
    return [
        Found(
            f"{row} · {row.customer or row.payer_name or 'unidentified'}",
            row.get_absolute_url(),
            "building-bank",
            f"{locale.money(row.amount, row.currency)} · {locale.day(row.received_on)}",
        )
        for row in rows
    ]
