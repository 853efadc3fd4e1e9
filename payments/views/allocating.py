"""Using a receipt or a credit for what is owed, and undoing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.permissions import allowed
from entities import queries as entities
from entities.queries import local_day
from ledger.models import Allocation, OpenItem
from payments import operations, previews, queries
from payments.forms import ReasonForm, take_fault
from payments.models import Payment
from payments.views._edges import by_script
from payments.views.receipts import find
from team.idempotency import act_once
from team.requests import StaffRequest

BOTH = ["GET", "POST"]
ALLOCATE = "payments.allocate_payment"


@require_http_methods(BOTH)
@allowed(ALLOCATE)
def allocate(request: StaffRequest, pk: int) -> HttpResponse:
    """The proposal for a recorded receipt; POST uses it. `preview=1` only shows what would happen."""
    payment = find(request, pk)
    if payment.state != Payment.State.RECEIVED or payment.open_item is None:
        return redirect(payment)
    context = {
        "payment": payment,
        "customer": payment.customer,
        "action": reverse("payments:allocate", args=[pk]),
        "back": payment.get_absolute_url(),
        "title": f"Allocate {payment}",
    }
    return _page(request, payment, context, _allocated)


def _allocated(request: StaffRequest, payment: Payment) -> HttpResponse:
    data = request.POST.dict()
    parts = previews.parts_of(data)
    operations.allocate_and_let_go(
        payment,
        parts,
        let_go=previews.let_go_invoices(data, parts),
        actor=request.user,
        now=timezone.now(),
    )
    messages.success(request, f"{payment} settles {len(parts)} {'item' if len(parts) == 1 else 'items'}.")
    return redirect(payment)


@require_http_methods(BOTH)
@allowed(ALLOCATE)
def credit_use(request: StaffRequest, pk: int) -> HttpResponse:
    """Use what is left of a credit note for other items of the customer. A receipt goes to its own page."""
    credit = get_object_or_404(queries.credits_visible_to(request.user), pk=pk)
    if credit.kind == OpenItem.Kind.RECEIPT:
        return redirect("payments:allocate", credit.payment.pk)
    money = previews.of_credit(credit, local_day(credit.entity, timezone.now()))
    account = reverse("payments:account", args=[credit.customer_id])
    context = {
        "credit": credit,
        "customer": credit.customer,
        "action": reverse("payments:credit_use", args=[pk]),
        "back": account,
        "title": f"Use {credit.reference}",
    }

    def used(request: StaffRequest, _money: Payment) -> HttpResponse:
        parts = previews.parts_of(request.POST.dict())
        operations.use_credit(credit, parts, actor=request.user, now=timezone.now())
        messages.success(request, f"{credit.reference} is used.")
        return redirect(account)

    return _page(request, money, context, used, discounts=False)


def _page(
    request: StaffRequest, money: Payment, context: dict[str, Any], act: Any, *, discounts: bool = True
) -> HttpResponse:
    """The proposal; a POST acts, unless it only asks for a new preview."""
    if request.method == "GET":
        shown = previews.preview(money, discounts=discounts)
        return render(request, "payments/allocate.html", context | {"preview": shown, "money": money})
    shown = previews.preview(money, data=request.POST.dict(), discounts=discounts)
    if by_script(request) and request.POST.get("typed"):
        return render(request, "payments/_proposal.html", context | {"preview": shown, "money": money})
    try:
        answer = act_once(request, lambda: act(request, money))
    except DomainError as fault:
        context |= {"preview": shown, "fault": fault, "money": money}
        return render(request, "payments/allocate.html", context, status=fault.status)
    return answer


@require_http_methods(BOTH)
@allowed(ALLOCATE)
def undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Reverse one allocation, with a reason."""
    rows = Allocation.objects.filter(entry__entity__in=entities.visible_to(request.user)).select_related(
        "debit__customer", "credit__customer", "debit__instalment__invoice", "credit__payment", "entry"
    )
    row = get_object_or_404(rows, pk=pk)
    form = ReasonForm(request.POST or None)
    status = 200
    back = _back(row)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                operations.undo_allocation(
                    row, reason=form.cleaned_data["reason"], actor=request.user, now=timezone.now()
                )
            except DomainError as fault:
                take_fault(form, fault)
                status = fault.status
            else:
                messages.success(request, "Undone. Both sides are open again by that amount.")
                return redirect(back)
    return render(request, "payments/undo.html", {"row": row, "form": form, "back": back}, status=status)


def _back(row: Allocation) -> str:
    payment = getattr(row.credit, "payment", None) if row.credit else None
    if payment is not None:
        return str(payment.get_absolute_url())
    owner = row.credit or row.debit
    return reverse("payments:account", args=[owner.customer_id]) if owner else reverse("payments:list")
