"""What a second person decides: refunds and write-offs; and small differences, which the policy decides."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import locale
from core.errors import DomainError
from core.permissions import allowed
from entities.queries import local_day
from invoices.models import Invoice
from invoices.queries import visible_to as invoices_visible_to
from ledger.rules import write_off_split
from payments import operations, queries
from payments.forms import AmountReasonForm, LeftForm, ReasonForm, take_fault
from payments.models import Refund, WriteOff
from payments.views._edges import days_of, why_not_decide
from team.idempotency import act_once
from team.requests import StaffRequest
from trail.queries import entries_of
from work.queries import approvals_of

BOTH = ["GET", "POST"]
DECIDE = "work.decide_approval"


# ------------------------------------------------------------------------------------------------ refunds
@require_http_methods(BOTH)
@allowed("payments.refund_payment")
def refund_request(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask to pay back what a customer has in credit."""
    credit = get_object_or_404(queries.credits_visible_to(request.user), pk=pk)
    waiting = sum(
        (row.amount for row in queries.refunds_of(credit) if row.state == Refund.State.PENDING), Decimal(0)
    )
    form = AmountReasonForm(request.POST or None, initial={"amount": credit.open_amount - waiting})
    account = reverse("payments:account", args=[credit.customer_id])

    def ask() -> HttpResponse:
        data = form.cleaned_data
        row = operations.request_refund(
            credit, data["amount"], reason=data["reason"], actor=request.user, now=timezone.now()
        )
        messages.success(request, "The refund waits for a second person.")
        return redirect("payments:refund_detail", row.pk)

    context = {"credit": credit, "waiting": waiting, "form": form, "back": account}
    return _asked(request, form, lambda: act_once(request, ask), "payments/refund_request.html", context)


@require_GET
@allowed("payments.view_payment")
def refund_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One refund: what is asked, by whom, and the decision."""
    return _refund_page(request, get_object_or_404(queries.refunds_visible_to(request.user), pk=pk))


def _refund_page(request: StaffRequest, row: Refund, fault: DomainError | None = None) -> HttpResponse:
    approval = approvals_of(row).first()
    context = {
        "row": row,
        "approval": approval,
        "why": why_not_decide(approval, request.user),
        "left": row.credit.open_amount,
        "currency": row.currency,
        "done_on": row.paid_on,
        "left_form": LeftForm(initial={"on": local_day(row.credit.entity, timezone.now())})
        if row.state == Refund.State.PAID
        and row.left_on is None
        and request.user.has_perm("payments.refund_payment")
        else None,
        "approve_url": reverse("payments:refund_approve", args=[row.pk]),
        "reject_url": reverse("payments:refund_reject", args=[row.pk]),
        "days": days_of(entries_of(row)[:50]),
        "fault": fault,
    }
    return render(request, "payments/refund.html", context, status=fault.status if fault else 200)


@require_POST
@allowed(DECIDE)
def refund_approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree; the money is booked out."""
    row = get_object_or_404(queries.refunds_visible_to(request.user), pk=pk)
    try:
        operations.approve_refund(row, actor=request.user, now=timezone.now())
    except DomainError as fault:
        return _refund_page(request, row, fault)
    messages.success(request, f"{locale.money(row.amount, row.currency)} is booked out.")
    return redirect("payments:refund_detail", pk)


@require_POST
@allowed(DECIDE)
def refund_reject(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep the credit on the account, with a reason."""
    row = get_object_or_404(queries.refunds_visible_to(request.user), pk=pk)
    try:
        operations.reject_refund(
            row, actor=request.user, now=timezone.now(), reason=request.POST.get("reason", "")
        )
    except DomainError as fault:
        return _refund_page(request, row, fault)
    messages.success(request, "The credit stays on the account.")
    return redirect("payments:refund_detail", pk)


@require_POST
@allowed("payments.refund_payment")
def refund_left(request: StaffRequest, pk: int) -> HttpResponse:
    """Say that the money left by hand: a cheque, a transfer typed at the bank."""
    row = get_object_or_404(queries.refunds_visible_to(request.user), pk=pk)
    form = LeftForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Enter the day the money left.")
        return redirect("payments:refund_detail", pk)
    try:
        operations.note_refund_left(
            row, on=form.cleaned_data["on"], by="by hand", actor=request.user, now=timezone.now()
        )
    except DomainError as fault:
        return _refund_page(request, row, fault)
    messages.success(request, "It is noted that the money left.")
    return redirect("payments:refund_detail", pk)


# --------------------------------------------------------------------------------------------- write-offs
@require_http_methods(BOTH)
@allowed("payments.write_off")
def write_off_request(request: StaffRequest, pk: int) -> HttpResponse:
    """Propose to give up part of an invoice; shows what would be booked."""
    invoice = _invoice(request, pk)
    form = AmountReasonForm(request.POST or None, initial={"amount": invoice.balance - invoice.held_amount})

    def ask() -> HttpResponse:
        data = form.cleaned_data
        row = operations.request_write_off(
            invoice, data["amount"], reason=data["reason"], actor=request.user, now=timezone.now()
        )
        messages.success(request, "The write-off waits for a second person.")
        return redirect("payments:write_off_detail", row.pk)

    context = {
        "invoice": invoice,
        "form": form,
        "booking": _booking(invoice, _amount(form, invoice)),
        "back": invoice.get_absolute_url(),
    }
    return _asked(request, form, lambda: act_once(request, ask), "payments/write_off_request.html", context)


def _amount(form: AmountReasonForm, invoice: Invoice) -> Decimal:
    """What the preview is of: what was typed, when it can be booked, else all that is open."""
    typed = form.cleaned_data.get("amount") if form.is_bound and form.is_valid() else None
    return typed if typed and 0 < typed <= invoice.balance else invoice.balance


def _booking(invoice: Invoice, amount: Decimal) -> dict[str, Any]:
    """What a write-off of this amount books: bad debt, tax back where the law gives relief."""
    if not amount or not invoice.payable:
        return {"amount": Decimal(0), "net": Decimal(0), "tax": Decimal(0)}
    lost = write_off_split(
        open_amount=amount,
        gross=invoice.payable,
        tax=invoice.tax_payable,
        tax_relief=invoice.entity.bad_debt_relief,
        currency=invoice.currency,
    )
    return {"amount": amount, "net": amount - lost.output_tax, "tax": lost.output_tax}


@require_GET
@allowed("payments.view_payment")
def write_off_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One write-off: what is given up, why, what it books, and the decision."""
    return _write_off_page(request, get_object_or_404(queries.write_offs_visible_to(request.user), pk=pk))


def _write_off_page(request: StaffRequest, row: WriteOff, fault: DomainError | None = None) -> HttpResponse:
    approval = approvals_of(row).first()
    context = {
        "row": row,
        "invoice": row.invoice,
        "booking": _booking(row.invoice, row.amount),
        "currency": row.invoice.currency,
        "done_on": row.booked_on,
        "approve_url": reverse("payments:write_off_approve", args=[row.pk]),
        "reject_url": reverse("payments:write_off_reject", args=[row.pk]),
        "approval": approval,
        "why": why_not_decide(approval, request.user),
        "days": days_of(entries_of(row.invoice).filter(fact__startswith="write_off.")[:50]),
        "fault": fault,
    }
    return render(request, "payments/write_off.html", context, status=fault.status if fault else 200)


@require_POST
@allowed(DECIDE)
def write_off_approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree; it is booked."""
    return _decided(request, pk, operations.approve_write_off, "The write-off is booked.")


@require_POST
@allowed(DECIDE)
def write_off_reject(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep asking for the money, with a reason."""
    reason = request.POST.get("reason", "")
    return _decided(
        request, pk, operations.reject_write_off, "The write-off is rejected.", reason=reason
    )  # fmt: skip


@require_POST
@allowed("payments.record_payment", "payments.write_off")
def write_off_recover(request: StaffRequest, pk: int) -> HttpResponse:
    """Money came after all: the receivable is open again, to allocate the receipt."""
    return _decided(
        request, pk, operations.recover_write_off, "The invoice is open again. Allocate the receipt now."
    )


def _decided(
    request: StaffRequest, pk: int, act: Callable[..., WriteOff], said: str, **given: str
) -> HttpResponse:
    row = get_object_or_404(queries.write_offs_visible_to(request.user), pk=pk)
    try:
        act(row, actor=request.user, now=timezone.now(), **given)
    except DomainError as fault:
        return _write_off_page(request, row, fault)
    messages.success(request, said)
    return redirect("payments:write_off_detail", pk)


# -------------------------------------------------------------------------------------- small differences
@require_http_methods(BOTH)
@allowed("payments.allocate_payment", "payments.write_off")
def small_difference(request: StaffRequest, pk: int) -> HttpResponse:
    """Let go of a rest within the policy's tolerance; shows the limit and what would be booked."""
    invoice = _invoice(request, pk)
    items = [part.open_item for part in invoice.instalments.select_related("open_item") if part.open_item]
    limits = [operations.small_difference_limit(item, invoice) for item in items if item.open_amount]
    fault = None
    if request.method == "POST":
        try:
            operations.write_off_difference(invoice, actor=request.user, now=timezone.now())
        except DomainError as refusal:
            fault = refusal
        else:
            messages.success(request, "The difference is let go; the invoice is closed.")
            return redirect(invoice)
    context = {"invoice": invoice, "limit": max(limits, default=Decimal(0)), "fault": fault}
    return render(
        request, "payments/small_difference.html", context, status=fault.status if fault else 200
    )  # fmt: skip


def _invoice(request: StaffRequest, pk: int) -> Invoice:
    rows = invoices_visible_to(request.user).filter(document_status="issued")
    return get_object_or_404(rows.select_related("entity", "customer", "policy_version__policy"), pk=pk)


def _asked(
    request: StaffRequest,
    form: AmountReasonForm | ReasonForm,
    act: Callable[[], HttpResponse],
    template: str,
    context: dict[str, Any],
) -> HttpResponse:
    """The form, or what asking leads to; a refusal is shown at its field."""
    if request.method != "POST":
        return render(request, template, context)
    status = 422
    if form.is_valid():
        try:
            return act()
        except DomainError as fault:
            take_fault(form, fault)
            status = fault.status
    return render(request, template, context, status=status)
