"""The list of receipts: tabs, filters, totals, export."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from core import locale
from core.exporting import table_file
from core.ignored import tell_ignored
from core.money import plain
from core.paging import paginate
from core.permissions import allowed
from customers import queries as customers
from entities import queries as entities
from payments import operations, queries
from payments.forms import ListForm
from payments.models import Payment
from payments.queries import Filters
from payments.views._edges import address
from team.exports import count_export
from team.requests import StaffRequest

VIEW = "payments.view_payment"
_MOST_EXPORTED = 200_000
_COLUMNS = (
    "number", "received_on", "state", "customer_number", "customer", "payer", "company", "method", "currency",
    "amount", "fee", "withheld", "unallocated", "reference",
)  # fmt: skip


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """One page of the list."""
    form = ListForm(request.GET)
    filters = form.filters()
    tab = ["tab"] if not filters.tab else []
    tell_ignored(request, known={*form.fields, "tab"}, unread=[*form.errors, *tab])
    rows = queries.listing(request.user, filters)
    page = paginate(request, rows, sorts=queries.SORTS, default="-received")
    small = page.total <= queries.MOST_SUMMED and not page.total_is_estimate
    return render(
        request,
        "payments/list.html",
        {
            "page": page,
            "form": form,
            "filters": filters,
            "q": filters.q,
            "tabs": _tabs(request, filters),
            "chips": _chips(request, filters),
            "choices": _choices(request),
            "totals": queries.totals_of(rows) if small else None,
            "totals_url": reverse("payments:totals") + address(request),
            "nothing_yet": not page.items and not filters.is_narrow and not filters.tab,
        },
    )


@require_GET
@allowed(VIEW)
def totals(request: StaffRequest) -> HttpResponse:
    """The sums of a long list, asked for apart."""
    found = queries.totals(request.user, ListForm(request.GET).filters())
    return render(request, "payments/_totals.html", {"totals": found})


@require_GET
@allowed("invoices.export_invoices")
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """Exactly the filtered list as CSV or XLSX."""
    count_export(request.user)
    rows = queries.listing(request.user, ListForm(request.GET).filters())
    operations.note_export(actor=request.user, now=timezone.now(), query=request.GET.urlencode())
    return table_file("payments", kind, _COLUMNS, _lines(rows), most=_MOST_EXPORTED)


def _lines(rows: QuerySet[Payment]) -> Iterator[list[object]]:
    for row in rows.order_by("-received_on", "-pk").iterator(chunk_size=2000):
        left = row.open_item.open_amount if row.open_item else row.amount
        if row.state == Payment.State.BOUNCED:
            left = Decimal(0)
        money = (row.amount, row.fee, row.withheld, left)
        yield [
            row.number,
            row.received_on,
            row.use[0],
            row.customer.number if row.customer else "",
            row.customer.name if row.customer else "",
            row.payer_name,
            row.entity.name,
            row.get_method_display(),
            row.currency,
            *(Decimal(plain(value, row.currency)) for value in money),
            row.reference,
        ]


def _tabs(request: StaffRequest, filters: Filters) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": reverse("payments:list") + address(request, tab=tab),
            "count": queries.tab_count(request.user, tab) if tab else None,
            "current": tab == filters.tab,
        }
        for tab, label in queries.TABS.items()
    ]


def _chips(request: StaffRequest, filters: Filters) -> list[dict[str, str]]:
    """The filters that are on, each with the list without it."""
    chips = []
    if filters.customer:
        name = customers.visible_to(request.user).filter(pk=filters.customer).first()
        chips.append(("customer", "Customer", str(name or filters.customer)))
    if filters.entity:
        company = entities.visible_to(request.user).filter(pk=filters.entity).first()
        chips.append(("entity", "Company", str(company or filters.entity)))
    if filters.currency:
        chips.append(("currency", "Currency", filters.currency))
    if filters.method:
        chips.append(("method", "Paid by", Payment.Method(filters.method).label))
    if filters.since:
        chips.append(("since", "From", locale.day(filters.since)))
    if filters.until:
        chips.append(("until", "To", locale.day(filters.until)))
    return [
        {"label": label, "value": value, "url": address(request, **{key: ""})} for key, label, value in chips
    ]


def _choices(request: StaffRequest) -> list[dict[str, Any]]:
    """Menus of filters that are not on."""
    menus: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("method", "Paid by", [(str(code), str(name)) for code, name in Payment.Method.choices]),
        ("entity", "Company", [(str(one.pk), one.name) for one in entities.visible_to(request.user)]),
    ]
    return [
        {"label": label, "links": [(name, address(request, **{key: value})) for value, name in values]}
        for key, label, values in menus
        if len(values) > 1 and not request.GET.get(key)
    ]
