"""Handing a case over: ask, decide, download the pack, take it back."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.contrib import messages
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import operations, queries
from cases.forms import HandOverForm, take_fault
from cases.models import HandOver
from cases.views._edges import (
    BOTH,
    DECIDE,
    HAND_OVER,
    VIEW,
    act_on,
    case_of,
    days_of,
    reason_of,
    why_not_decide,
)
from core.errors import DomainError
from core.permissions import allowed
from team.requests import StaffRequest
from trail.queries import entries_of
from work.queries import approvals_of

MAKE_PACK = "cases.tasks.make_pack"


@require_http_methods(BOTH)
@allowed(HAND_OVER)
def new(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask to give a case to an agency or lawyers."""
    case = case_of(request, pk)
    form = HandOverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = operations.ask_hand_over(case, **form.cleaned_data, actor=request.user, now=timezone.now())
        except DomainError as fault:
            take_fault(form, fault)
        else:
            messages.success(request, "The hand-over waits for a second person.")
            return redirect("cases:hand_over", row.pk)
    context = {
        "case": case,
        "form": form,
        "title": "Hand over",
        "button": "Ask for approval",
        "about": "After approval reminders stop and a pack with invoices, statement and history is made.",
    }
    return render(request, "cases/form.html", context, status=422 if form.errors else 200)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One hand-over: why, the decision, and the pack."""
    return _page(request, _row(request, pk))


def _row(request: StaffRequest, pk: int) -> HandOver:
    return get_object_or_404(queries.hand_overs_visible_to(request.user), pk=pk)


def _page(request: StaffRequest, row: HandOver, fault: DomainError | None = None) -> HttpResponse:
    approval = approvals_of(row).first()
    context: dict[str, Any] = {
        "row": row,
        "case": row.case,
        "approval": approval,
        "why": why_not_decide(approval, request.user),
        "days": days_of(entries_of(row)[:50]),
        "fault": fault,
    }
    return render(request, "cases/hand_over.html", context, status=fault.status if fault else 200)


@require_POST
@allowed(DECIDE)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree; the pack is made next."""
    row = _row(request, pk)
    try:
        row = operations.approve_hand_over(row, actor=request.user, now=timezone.now())
    except DomainError as fault:
        return _page(request, row, fault)
    transaction.on_commit(lambda: current_app.send_task(MAKE_PACK, kwargs={"job_id": row.job_id}))
    messages.success(request, "Approved. Reminders stop; the pack is being made.")
    return redirect("cases:hand_over", pk)


@require_POST
@allowed(DECIDE)
def refuse(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep the case."""
    return act_on(
        request,
        _row(request, pk),
        operations.refuse_hand_over,
        _page,
        "The case stays here.",
        reason=reason_of(request),
    )


@require_POST
@allowed(HAND_OVER)
def recall(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the case back."""
    return act_on(
        request,
        _row(request, pk),
        operations.recall_hand_over,
        _page,
        "The case is back.",
        reason=reason_of(request),
    )


@require_GET
@allowed(HAND_OVER)
def pack(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The file itself."""
    row = _row(request, pk)
    if not row.stored_name or not default_storage.exists(row.stored_name):
        messages.info(request, "There is no pack yet: it is made after approval.")
        return redirect("cases:hand_over", pk)
    name = f"{row.case.customer.number}-{row.kind}-{row.approved_at:%Y-%m-%d}.zip"
    return FileResponse(default_storage.open(row.stored_name), as_attachment=True, filename=name)
