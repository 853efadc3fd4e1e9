"""A later due date of an issued document: asked for, and decided by a second person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.permissions import allowed
from entities.queries import local_day
from invoices import operations, queries
from invoices.forms import DueDateForm
from invoices.models import DueDateMove, Invoice
from invoices.views._actions import why_not_decide
from invoices.views._edges import find, take_fault
from team.idempotency import act_once, answered_before
from team.requests import StaffRequest
from work.queries import approvals_of


@require_http_methods(["GET", "POST"])
@allowed("invoices.move_due_date")
def ask(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for a later due date."""
    invoice = find(request, pk)
    usual = max(invoice.next_due_on or timezone.localdate(), local_day(invoice.entity, timezone.now()))
    form = DueDateForm(request.POST or None, initial={"to": usual + timedelta(days=14)})
    status = 422 if request.method == "POST" else 200
    if form.is_bound and (answered_before(request) or form.is_valid()):
        try:
            return act_once(request, partial(_asked, request, invoice, form))
        except DomainError as fault:
            take_fault(form, fault)
            status = fault.status
    return render(
        request,
        "invoices/act.html",
        {
            "invoice": invoice,
            "form": form,
            "title": _("Later due date"),
            "text": _("The document stays as it was issued. Reminders and interest follow the new day."),
            "button": _("Ask for it"),
            "kind": "primary",
        },
        status=status,
    )


def _asked(request: StaffRequest, invoice: Invoice, form: DueDateForm) -> HttpResponse:
    row = operations.ask_due_date(
        invoice,
        form.cleaned_data["to"],
        reason=form.cleaned_data["reason"],
        actor=request.user,
        now=timezone.now(),
    )
    if row.state == DueDateMove.State.MOVED:
        messages.success(request, _("The due date is moved; the customer is told."))
        return redirect(invoice)
    messages.success(request, _("The later due date waits for a second person."))
    return redirect(row)


@require_GET
@allowed("invoices.view_invoice")
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One move: from when to when, why, and the decision."""
    return _page(request, _find(request, pk))


@require_POST
@allowed("work.decide_approval")
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree to the later day."""
    return _decided(request, pk, operations.approve_due_date, _("The due date is moved."))


@require_POST
@allowed("work.decide_approval")
def reject(request: StaffRequest, pk: int) -> HttpResponse:
    """Leave the day as it is, with a reason."""
    act = partial(operations.reject_due_date, reason=request.POST.get("reason", "")[:300])
    return _decided(request, pk, act, _("The due date stays as it is."))


def _find(request: StaffRequest, pk: int) -> DueDateMove:
    return get_object_or_404(queries.due_date_moves_visible_to(request.user), pk=pk)


def _page(request: StaffRequest, row: DueDateMove, fault: DomainError | None = None) -> HttpResponse:
    approval = approvals_of(row).first()
    context = {
        "row": row,
        "invoice": row.invoice,
        "approval": approval,
        "why": why_not_decide(approval, request.user, timezone.now()),
        "fault": fault,
    }
    return render(request, "invoices/due_date.html", context, status=fault.status if fault else 200)


def _decided(request: StaffRequest, pk: int, act: Callable[..., DueDateMove], said: str) -> HttpResponse:
    row = _find(request, pk)
    try:
        act(row, actor=request.user, now=timezone.now())
    except DomainError as fault:
        return _page(request, row, fault)
    messages.success(request, said)
    return redirect(row)
