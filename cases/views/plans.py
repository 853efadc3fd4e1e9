"""Payment plans: offering with the exact instalments beside, deciding, accepting."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import operations, queries, rules
from cases.forms import AcceptForm, PlanForm, first_day_of_plan, take_fault
from cases.models import Case, Plan
from cases.views._edges import (
    BOTH,
    DECIDE,
    PLAN,
    VIEW,
    act_on,
    case_of,
    days_of,
    invoices_of,
    latest_case,
    reason_of,
    why_not_decide,
)
from core.errors import DomainError
from core.permissions import allowed
from entities.queries import local_day
from team.requests import StaffRequest
from trail.queries import entries_of
from work.queries import approvals_of


@require_http_methods(BOTH)
@allowed(PLAN)
def new(request: StaffRequest, pk: int) -> HttpResponse:
    """Parts and rhythm with the exact instalments beside; then it is asked for."""
    case = case_of(request, pk)
    now = timezone.now()
    invoices = invoices_of(case)
    chosen = list(invoices.filter(next_due_on__lt=local_day(case.entity, now)))
    initial = {
        "invoices": [one.pk for one in chosen if one.currency == chosen[0].currency],
        "parts": 3,
        "rhythm": Plan.Rhythm.MONTHLY,
        "first_on": first_day_of_plan(case, now),
        "yearly_rate": Decimal(0),
    }
    # Parts and rhythm may stand in the address, so that one link offers a plan.
    asked = {key: request.GET[key] for key in ("parts", "rhythm") if request.GET.get(key)}
    form = PlanForm(request.POST or None, invoices=invoices, initial=initial | asked)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            plan = operations.offer_plan(
                case.customer,
                currency=data["invoices"][0].currency,
                invoices=list(data["invoices"]),
                parts=data["parts"],
                rhythm=data["rhythm"],
                first_on=data["first_on"],
                yearly_rate=data["yearly_rate"],
                note=data["note"],
                actor=request.user,
                now=now,
            )
        except DomainError as fault:
            take_fault(form, fault)
        else:
            messages.success(request, "The plan waits for a second person; then it is offered.")
            return redirect(plan)
    context = {"case": case, "form": form, **_preview(case, form, now)}
    return render(request, "cases/plan_new.html", context, status=422 if form.errors else 200)


@require_POST
@allowed(PLAN)
def preview(request: StaffRequest, pk: int) -> HttpResponse:
    """The instalments of what is typed so far."""
    case = case_of(request, pk)
    form = PlanForm(request.POST, invoices=invoices_of(case))
    return render(request, "cases/_plan_preview.html", {"case": case, **_preview(case, form, timezone.now())})


def _preview(case: Case, form: PlanForm, now: Any) -> dict[str, Any]:
    """The plan as it would be offered, or why it cannot be."""
    if form.is_bound:
        if not form.is_valid():
            return {"parts": [], "preview_fault": "Fill in the form to see the instalments."}
        data: dict[str, Any] = form.cleaned_data
        invoices = list(data["invoices"])
    else:
        data = dict(form.initial)
        invoices = list(invoices_of(case).filter(pk__in=data["invoices"]))
    if not invoices:
        return {"parts": [], "preview_fault": "Choose at least one invoice."}
    currency = invoices[0].currency
    if any(one.currency != currency for one in invoices):
        return {"parts": [], "preview_fault": "Choose invoices of one currency."}
    principal = sum((one.balance for one in invoices), Decimal(0))
    try:
        parts = operations.preview_plan(
            case.entity,
            principal,
            currency=currency,
            parts=int(data["parts"]),
            rhythm=data["rhythm"],
            first_on=data["first_on"],
            yearly_rate=data["yearly_rate"],
            now=now,
        )
    except (DomainError, ValueError) as fault:
        return {"parts": [], "preview_fault": str(fault)}
    months = rules.months_of(local_day(case.entity, now), parts[-1].due_on)
    return {
        "parts": parts,
        "currency": currency,
        "principal": principal,
        "interest": sum((part.interest for part in parts), Decimal(0)),
        "total": sum((part.amount for part in parts), Decimal(0)),
        "months": months,
    }


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One plan: its instalments, what came in, who agreed."""
    return _plan_page(request, _plan(request, pk))


def _plan_page(
    request: StaffRequest, row: Plan, fault: DomainError | None = None, form: AcceptForm | None = None
) -> HttpResponse:
    approval = approvals_of(row).first()
    parts = list(row.parts.all())
    followed = None
    if row.state in (Plan.State.CURRENT, Plan.State.COMPLETED, Plan.State.DEFAULTED):
        followed = queries.followed(row, as_of=local_day(row.entity, timezone.now()))
    shares = followed.received if followed else [Decimal(0)] * len(parts)
    context = {
        "row": row,
        "parts": list(zip(parts, shares, strict=True)),
        "open_amount": queries.open_of(row),
        "covers": row.covers.select_related("invoice"),
        "case": latest_case(request, row.customer_id, row.entity_id),
        "approval": approval,
        "why": why_not_decide(approval, request.user),
        "form": form or AcceptForm(customer_id=row.customer_id),
        "days": days_of(entries_of(row)[:50]),
        "fault": fault,
    }
    status = fault.status if fault else 422 if form and form.errors else 200
    return render(request, "cases/plan.html", context, status=status)


def _plan(request: StaffRequest, pk: int) -> Plan:
    return get_object_or_404(queries.plans_visible_to(request.user), pk=pk)


@require_POST
@allowed(DECIDE)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree; the customer is offered the plan."""
    return act_on(
        request,
        _plan(request, pk),
        operations.approve_plan,
        _plan_page,
        "The plan is offered to the customer.",
    )


@require_POST
@allowed(DECIDE)
def refuse(request: StaffRequest, pk: int) -> HttpResponse:
    """Do not offer it."""
    return act_on(
        request,
        _plan(request, pk),
        operations.refuse_plan,
        _plan_page,
        "The plan is not offered.",
        reason=reason_of(request),
    )


@require_POST
@allowed(PLAN)
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the offer back."""
    return act_on(
        request,
        _plan(request, pk),
        operations.withdraw_plan,
        _plan_page,
        "The plan is withdrawn.",
        reason=reason_of(request),
    )


@require_POST
@allowed(PLAN)
def accept(request: StaffRequest, pk: int) -> HttpResponse:
    """The customer agreed to us; how is written down."""
    row = _plan(request, pk)
    form = AcceptForm(request.POST, customer_id=row.customer_id)
    if not form.is_valid():
        return _plan_page(request, row, form=form)
    try:
        operations.accept_plan(row, **form.cleaned_data, actor=request.user, now=timezone.now())
    except DomainError as fault:
        take_fault(form, fault)
        return _plan_page(request, row, fault, form)
    messages.success(request, "The plan runs; reminders pause while it is kept.")
    return redirect("cases:plan", pk)
