"""Promises and payment plans: the list of both, noting, offering, deciding, accepting."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import operations, queries, rules
from cases.forms import PromiseForm, take_fault
from cases.models import Promise
from cases.views._edges import (
    BOTH,
    DECIDE,
    VIEW,
    WORK,
    act_on,
    back_to,
    case_of,
    days_of,
    invoices_of,
    latest_case,
    reason_of,
    why_not_decide,
)
from core import locale
from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed
from entities.queries import calendar_of, local_day
from team.requests import StaffRequest
from trail.queries import entries_of
from work.queries import approvals_of


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Promises by state, and plans by state, as tabs of one list."""
    tab = request.GET.get("tab", "due")
    today = timezone.localdate()
    plans = tab in queries.PLAN_TABS
    if not plans and tab not in queries.PROMISE_TABS:
        tab = "due"
    if plans:
        page = paginate(request, queries.plans_in(request.user, tab), sorts={"id": "id"}, default="-id")
    else:
        default = "day" if tab in ("due", "open", "waiting") else "-day"
        rows = queries.promises_in(request.user, tab, on=today)
        page = paginate(request, rows, sorts={"day": "promised_on"}, default=default)
    context = {"page": page, "tab": tab, "plans": plans, "tabs": _tabs(request, tab), "today": today}
    return render(request, "cases/promises.html", context)


def _tabs(request: StaffRequest, current: str) -> list[dict[str, Any]]:
    today = timezone.localdate()
    address = reverse("cases:promises")
    waiting: dict[str, QuerySet[Any]] = {
        "due": queries.promises_in(request.user, "due", on=today),
        "waiting": queries.promises_in(request.user, "waiting", on=today),
        "defaulted": queries.plans_in(request.user, "defaulted"),
    }
    return [
        {
            "label": label,
            "url": f"{address}?tab={code}",
            "count": waiting[code].order_by()[:1000].count() if code in waiting else None,
            "current": code == current,
        }
        for code, label in {**queries.PROMISE_TABS, **queries.PLAN_TABS}.items()
    ]


# ------------------------------------------------------------------------------------------------ promises
@require_http_methods(BOTH)
@allowed(WORK)
def new(request: StaffRequest, pk: int) -> HttpResponse:
    """Note what the customer promised."""
    case = case_of(request, pk)
    now = timezone.now()
    invoices = invoices_of(case)
    chosen = list(invoices.filter(next_due_on__lt=local_day(case.entity, now)))
    single = {one.currency for one in chosen}
    amount = sum((one.balance for one in chosen), Decimal(0)) if len(single) == 1 else None
    day = calendar_of(case.entity).following(local_day(case.entity, now) + timedelta(days=7))
    form = PromiseForm(
        request.POST or None,
        case=case,
        invoices=invoices,
        initial={"invoices": [one.pk for one in chosen], "amount": amount, "promised_on": day},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            promise = operations.make_promise(
                case.customer,
                amount=data["amount"],
                currency=data["invoices"][0].currency,
                promised_on=data["promised_on"],
                invoices=list(data["invoices"]),
                channel=data["channel"],
                contact=data["contact"],
                note=data["note"],
                actor=request.user,
                now=now,
            )
        except DomainError as fault:
            take_fault(form, fault)
        else:
            waits = promise.state == Promise.State.WAITING
            messages.success(
                request,
                "A second person has to agree before reminders pause."
                if waits
                else f"Noted. Reminders pause until {locale.day(promise.evaluate_after)}.",
            )
            return redirect(promise if waits else back_to(request, case))
    context = {
        "case": case,
        "form": form,
        "broken": queries.broken_in_last_year(case.customer_id, now=now),
        "days_ahead": rules.DAYS_AHEAD,
        "grace": rules.GRACE_BUSINESS_DAYS,
    }
    return render(request, "cases/promise_new.html", context, status=422 if form.errors else 200)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One promise: what, by when, how it stands."""
    return _promise_page(request, _promise(request, pk))


def _promise_page(request: StaffRequest, row: Promise, fault: DomainError | None = None) -> HttpResponse:
    approval = approvals_of(row).first()
    today = local_day(row.entity, timezone.now())
    context = {
        "row": row,
        "covers": row.covers.select_related("invoice"),
        "judgement": queries.judgement_of(row, as_of=max(today, row.made_on)),
        "case": latest_case(request, row.customer_id, row.entity_id),
        "approval": approval,
        "why": why_not_decide(approval, request.user),
        "days": days_of(entries_of(row)[:50]),
        "fault": fault,
    }
    return render(request, "cases/promise.html", context, status=fault.status if fault else 200)


def _promise(request: StaffRequest, pk: int) -> Promise:
    return get_object_or_404(queries.promises_visible_to(request.user), pk=pk)


@require_POST
@allowed(DECIDE)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree to wait that long."""
    return act_on(
        request,
        _promise(request, pk),
        operations.approve_promise,
        _promise_page,
        "The promise stands; reminders pause.",
    )


@require_POST
@allowed(DECIDE)
def refuse(request: StaffRequest, pk: int) -> HttpResponse:
    """Do not wait."""
    return act_on(
        request,
        _promise(request, pk),
        operations.refuse_promise,
        _promise_page,
        "The promise is not accepted; reminders go on.",
        reason=reason_of(request),
    )


@require_POST
@allowed(WORK)
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take it back."""
    return act_on(
        request,
        _promise(request, pk),
        operations.withdraw_promise,
        _promise_page,
        "The promise is withdrawn.",
        reason=reason_of(request),
    )
