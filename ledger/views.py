"""The pages of the book: balances, journal, open items, and the check that it is sound."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from core import locale
from core.dates import EARLIEST
from core.exporting import table_file
from core.money import plain
from core.paging import paginate
from core.permissions import allowed
from customers import queries as customers
from entities import queries as entities
from ledger import book, queries
from ledger.book import EntryFilters, ItemFilters
from team.exports import count_export
from team.requests import StaffRequest

READ = "ledger.view_ledger"
_MOST_EXPORTED = 500_000
_COLUMNS = (
    "entry", "date", "company", "kind", "text", "account", "account_name", "customer_id", "currency",
    "amount", "functional_currency", "functional",
)  # fmt: skip


@require_GET
@allowed(READ)
def balances(request: StaffRequest) -> HttpResponse:
    """The trial balance of each company as of a day."""
    today = timezone.localdate()
    on = _day(request.GET, "as_of") or today
    context = {
        "on": on,
        "today": today,
        "balances": book.trial_balances(request.user, on),
        "tabs": _tabs("balances"),
    }
    return render(request, "ledger/balances.html", context)


@require_GET
@allowed(READ)
def entries(request: StaffRequest) -> HttpResponse:
    """The journal: entries of a document, a customer, an account or all, newest first."""
    filters = _entry_filters(request.GET)
    rows = book.journal(request.user, filters)
    page = paginate(request, rows, sorts={"number": "pk"}, default="-number")
    context = {
        "page": page,
        "filters": filters,
        "chips": _entry_chips(request, filters),
        "tabs": _tabs("entries"),
    }
    return render(request, "ledger/entries.html", context)


@require_GET
@allowed(READ)
def journal(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The filtered journal as CSV or XLSX, one row a line of an entry."""
    count_export(request.user)
    rows = book.journal(request.user, _entry_filters(request.GET)).order_by("pk")
    return table_file("journal", kind, _COLUMNS, _lines(rows), most=_MOST_EXPORTED)


def _lines(rows: Any) -> Iterator[list[object]]:
    for entry in rows.iterator(chunk_size=1000):
        functional = entry.entity.functional_currency
        for line in entry.lines.all():
            yield [
                entry.pk,
                entry.on,
                entry.entity.name,
                entry.kind,
                entry.text,
                str(line.account_id),
                line.account.name,
                line.customer_id,
                line.currency,
                Decimal(plain(line.amount, line.currency)),
                functional,
                Decimal(plain(line.functional, functional)),
            ]


@require_GET
@allowed("payments.view_payment")
def items(request: StaffRequest) -> HttpResponse:
    """Open items: the rows behind what is outstanding, by age, company, customer and currency."""
    filters = _item_filters(request.GET)
    rows = book.items(request.user, filters, timezone.now())
    listed = rows.select_related("customer", "entity", "instalment__invoice", "payment")
    key = "due_on" if filters.side == "debit" else "opened_on"
    page = paginate(request, listed, sorts={"due": key}, default="due")
    now = timezone.now()
    for item in page.items:
        day = filters.as_of or entities.local_day(item.entity, now)
        item.late = max(0, (day - item.due_on).days) if item.due_on else 0
    totals = book.open_totals(request.user, filters, now)
    context = {
        "page": page,
        "filters": filters,
        "chips": _item_chips(request, filters),
        "totals": totals,
        # What a look back sums up is not the present functional amount.
        "whole": None if filters.as_of else book.sum_of(totals, request.user, filters, now),
        "tabs": [
            {
                "label": label,
                "url": _address(request, bucket=code),
                "count": None,
                "current": filters.bucket == code,
            }
            for code, label in {"": "All", book.OVERDUE: "Overdue", **book.BUCKET_NAMES}.items()
        ]
        if filters.side == "debit"
        else [],
    }
    return render(request, "ledger/items.html", context)


@require_GET
@allowed(READ)
def soundness(request: StaffRequest) -> HttpResponse:
    """Every breach of the book's rules that its rows can show. Reads the whole book when asked to."""
    asked = request.GET.get("run") == "1"
    context = {"asked": asked, "faults": queries.faults() if asked else [], "tabs": _tabs("soundness")}
    return render(request, "ledger/soundness.html", context)


def _tabs(current: str) -> list[dict[str, Any]]:
    names = {
        "balances": ("Trial balance", "ledger:list"),
        "entries": ("Journal", "ledger:entries"),
        "soundness": ("Is the book sound?", "ledger:soundness"),
    }
    return [
        {"label": label, "url": reverse(name), "count": None, "current": code == current}
        for code, (label, name) in names.items()
    ]


def _entry_filters(get: QueryDict) -> EntryFilters:
    return EntryFilters(
        entity=_number(get.get("entity")),
        customer=_number(get.get("customer")),
        account=get.get("account", "")[:8],
        source_type=get.get("source_type", "")[:20],
        source_id=_number(get.get("source_id")),
        since=_day(get, "since"),
        until=_day(get, "until"),
    )


def _item_filters(get: QueryDict) -> ItemFilters:
    customer = _number(get.get("customer"))
    return ItemFilters(
        side="credit" if get.get("side") == "credit" else "debit",
        entity=_number(get.get("entity")),
        customer=customer,
        currency=get.get("currency", "").upper()[:3],
        bucket=get.get("bucket", "") if get.get("bucket") in (*book.BUCKET_NAMES, book.OVERDUE) else "",
        as_of=_day(get, "as_of") if customer else None,
        report=get.get("report", "").upper()[:3],
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _day(get: QueryDict, name: str) -> date | None:
    try:
        return max(EARLIEST, min(date.fromisoformat(get.get(name, "")), timezone.localdate()))
    except ValueError:
        return None


def _address(request: StaffRequest, **changes: str) -> str:
    query = request.GET.copy()
    for key in ("after", "before"):
        query.pop(key, None)
    for key, value in changes.items():
        query.pop(key, None)
        if value:
            query[key] = value
    return f"?{query.urlencode()}"


def _entry_chips(request: StaffRequest, filters: EntryFilters) -> list[dict[str, str]]:
    words = _common(request, filters.entity, filters.customer)
    if filters.account:
        words.append(("account", "Account", filters.account))
    if filters.source_id:
        words.append(("source_id", filters.source_type.title() or "Document", str(filters.source_id)))
    if filters.since:
        words.append(("since", "From", locale.day(filters.since)))
    if filters.until:
        words.append(("until", "To", locale.day(filters.until)))
    return [
        {"label": label, "value": value, "url": _address(request, **{key: ""})} for key, label, value in words
    ]


def _item_chips(request: StaffRequest, filters: ItemFilters) -> list[dict[str, str]]:
    words = _common(request, filters.entity, filters.customer)
    if filters.side == "credit":
        words.append(("side", "Side", "Credits"))
    if filters.currency:
        words.append(("currency", "Currency", filters.currency))
    if filters.as_of:
        words.append(("as_of", "As of", locale.day(filters.as_of)))
    return [
        {"label": label, "value": value, "url": _address(request, **{key: ""})} for key, label, value in words
    ]


def _common(request: StaffRequest, entity: int | None, customer: int | None) -> list[tuple[str, str, str]]:
    words = []
    if entity:
        company = entities.visible_to(request.user).filter(pk=entity).first()
        words.append(("entity", "Company", str(company or entity)))
    if customer:
        name = customers.visible_to(request.user).filter(pk=customer).first()
        words.append(("customer", "Customer", str(name or customer)))
    return words
