"""The list of invoices: tabs, filters, saved views, totals."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core import locale
from core.ignored import tell_ignored
from core.navigation import COUNT_SECONDS
from core.numbers import row_id
from core.paging import paginate
from core.permissions import allowed
from customers.models import Customer
from entities import queries as entities
from invoices import bulk, queries, showing
from invoices.forms import ListForm, SavedViewForm
from invoices.models import Invoice
from invoices.queries import Filters
from team import saved_views
from team.models import SavedView, User
from team.requests import StaffRequest

VIEW = "invoices.view_invoice"
PAGE = "invoices"
_COUNTED = ("draft", "waiting", "approved", "open", "overdue", "held")


def filters_of(data: QueryDict, user: User, today: date | None = None) -> tuple[Filters, ListForm]:  # noqa: ARG001
    """The filters an address names. What cannot be read counts as not set."""
    form = ListForm(data)
    status = data.get("status", "")
    known = status if status in queries.TABS else ""
    return Filters(today=today or timezone.localdate(), status=known, **form.values()), form


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """One page of the list."""
    filters, form = filters_of(request.GET, request.user)
    tab = ["status"] if request.GET.get("status", "") not in queries.TABS else []
    tell_ignored(request, known=_NAMES, unread=[*form.errors, *tab])
    rows = queries.listing(request.user, filters)
    default = queries.default_sort(filters.status)
    page = paginate(request, rows, sorts=queries.sorts_of(filters.status), default=default)
    for invoice in page.items:
        invoice.state = showing.state_of(invoice, filters.today)
        invoice.late = showing.days_late(invoice, filters.today)
    return render(
        request,
        "invoices/list.html",
        {
            "page": page,
            "form": form,
            "filters": filters,
            "sorts": queries.sorts_of(filters.status),
            "default_sort": default,
            "tabs": _tabs(request, filters),
            "chips": _chips(request, filters),
            "acts": _acts(request.user),
            "totals_now": queries.totals_of(rows) if not page.total_is_estimate and page.items else None,
            "view_form": SavedViewForm(),
            "can_export": request.user.has_perm("invoices.export_invoices"),
            "can_write": request.user.has_perm("invoices.edit_invoice"),
            "own_view": _own_view(request),
            "entities": _entities(request.user),
            "owners": _owners(),
        },
    )


@require_GET
@allowed(VIEW)
def totals(request: StaffRequest) -> HttpResponse:
    """Sums per currency of everything the filter matches; loaded apart, because it may read every row."""
    filters, _form = filters_of(request.GET, request.user)
    found = queries.totals(request.user, filters)
    return render(request, "invoices/_totals.html", {"totals_now": found, "filters": filters})


@require_POST
@allowed(VIEW)
def save_view(request: StaffRequest) -> HttpResponse:
    """Keep the filters of the page under a name."""
    form = SavedViewForm(request.POST)
    query = _clean_query(request.POST.get("query", ""))
    if form.is_valid():
        view = saved_views.save_view(
            PAGE, query=query, actor=request.user, now=timezone.now(), **form.cleaned_data
        )
        messages.success(request, f"“{view.name}” is saved as a tab.")
    else:
        messages.error(request, "Give the view a name of at most 60 characters.")
    return redirect(f"{reverse('invoices:list')}?{query}")


@require_POST
@allowed(VIEW)
def delete_view(request: StaffRequest, pk: int) -> HttpResponse:
    """Forget a view of one's own."""
    view = get_object_or_404(saved_views.views_of(request.user, PAGE), pk=pk)
    saved_views.delete_view(view, actor=request.user, now=timezone.now())
    messages.success(request, f"“{view.name}” is gone.")
    return redirect("invoices:list")


def _clean_query(text: str) -> str:
    """The filters alone, in a fixed order: two ways to the same rows are one view."""
    data = QueryDict(text)
    kept = {name: data[name] for name in sorted(data) if name in _NAMES and data[name]}
    return urlencode(kept)


_NAMES = frozenset({"status", "sort", *ListForm.base_fields})


def _tabs(request: StaffRequest, filters: Filters) -> list[dict[str, Any]]:
    base = reverse("invoices:list")
    asked = _clean_query(request.GET.urlencode())
    views = list(saved_views.views_of(request.user, PAGE))
    counts = _counts(request.user, filters.today)
    on_view = any(view.query == asked for view in views)
    tabs: list[dict[str, Any]] = [
        {
            "label": label,
            "url": f"{base}?status={status}" if status else base,
            "count": counts.get(status, ""),
            "current": status == filters.status and not on_view,
        }
        for status, label in queries.TABS.items()
    ]
    tabs += [
        {"label": view.name, "url": f"{base}?{view.query}", "count": "", "current": view.query == asked}
        for view in views
    ]
    return tabs


def _counts(user: User, today: date) -> dict[str, str]:
    """By tab "14" or "1,000+", "" for none; remembered for a moment, the page behind it is exact."""

    def count() -> dict[str, str]:
        found = queries.tab_counts(user, _COUNTED, today)
        return {
            status: f"{number:,}+" if more else f"{number:,}" if number else ""
            for status, (number, more) in found.items()
        }

    return dict(cache.get_or_set(f"invoices:tabs:{user.pk}:{today}", count, COUNT_SECONDS) or {})


def _own_view(request: StaffRequest) -> SavedView | None:
    asked = _clean_query(request.GET.urlencode())
    return SavedView.objects.filter(user=request.user, page=PAGE, query=asked).first() if asked else None


def _chips(request: StaffRequest, filters: Filters) -> list[dict[str, str]]:
    """What is on, each with the address without it."""
    said = {
        "entity": ("Company", _name(entities.visible_to(request.user), filters.entity)),
        "customer": ("Customer", _name(Customer.objects, filters.customer)),
        "owner": ("Owner", _name(User.objects, filters.owner)),
        "currency": ("Currency", filters.currency),
        "issued_from": ("Issued from", _day(filters.issued_from)),
        "issued_to": ("Issued until", _day(filters.issued_to)),
        "due_from": ("Due from", _day(filters.due_from)),
        "due_to": ("Due until", _day(filters.due_to)),
        "least": ("At least", locale.editable(filters.least)),
        "most": ("At most", locale.editable(filters.most)),
    }
    chips = []
    for name, (label, value) in said.items():
        if value:
            query = request.GET.copy()
            for gone in (name, "after", "before"):
                query.pop(gone, None)
            chips.append({"label": label, "value": value, "url": f"?{query.urlencode()}"})
    return chips


def _name(rows: Any, pk: int | None) -> str:
    if not pk:
        return ""
    return str(rows.filter(pk=pk).first() or "nobody")


def _day(value: date | None) -> str:
    return locale.day(value, weekday=False) if value else ""


def _acts(user: User) -> list[dict[str, str]]:
    acts = [
        {"value": code, "label": act.label, "icon": act.icon}
        for code, act in bulk.ACTS.items()
        if user.has_perm(act.right)
    ]
    if user.has_perm("invoices.export_invoices"):
        acts.append({"value": "export", "label": "Export", "icon": "download"})
    return acts


def _entities(user: User) -> list[Any]:
    return list(entities.visible_to(user).order_by("name"))


def _owners() -> list[User]:
    """People who look after customers."""
    return list(
        User.objects.filter(
            pk__in=Customer.objects.exclude(owner=None).order_by().values("owner_id")
        ).order_by("name")[:100]
    )


def chosen(request: StaffRequest, user: User) -> Any:
    """The rows a bulk bar names: ticked ones, or everything its page's filters match."""
    if request.POST.get("all") == "1":
        filters, _form = filters_of(QueryDict(request.POST.get("query", "")), user)
        return queries.listing(user, filters)
    picked = [pk for text in request.POST.getlist("pick") if (pk := row_id(text)) is not None]
    return queries.visible_to(user).filter(pk__in=picked).exclude(document_status=Invoice.Status.DISCARDED)
