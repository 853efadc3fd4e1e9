"""Recording a receipt with its proposal, and the page of one receipt."""

from __future__ import annotations

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
from core.numbers import row_id
from core.permissions import allowed
from customers import queries as customers
from entities.queries import local_day
from invoices.models import Invoice
from invoices.queries import visible_to as invoices_visible_to
from ledger.models import Entry
from payments import operations, previews, queries
from payments.forms import IdentifyForm, ReceiptForm, ReturnForm, TakeBackForm, take_fault, written
from payments.models import Payment, Refund
from payments.views._edges import days_of, link
from team.requests import StaffRequest
from trail.queries import entries_of

BOTH = ["GET", "POST"]
RECORD = "payments.record_payment"
_NO_RIGHT = "Your role does not include this."


@require_http_methods(BOTH)
@allowed(RECORD)
def record(request: StaffRequest) -> HttpResponse:
    """Record a receipt; its money is used at once as the parts say."""
    if request.method == "POST":
        form = _form(request, request.POST)
        if form.is_valid():
            try:
                return _recorded(request, form)
            except DomainError as fault:
                take_fault(form, fault)
        shown = _proposal(request, form, typed=True)
        return render(request, "payments/record.html", {"form": form, "preview": shown}, status=422)
    form = _form(request, None, initial=_initial(request))
    shown = _first_proposal(request, form)
    return render(request, "payments/record.html", {"form": form, "preview": shown})


@require_POST
@allowed(RECORD)
def proposal(request: StaffRequest) -> HttpResponse:
    """What the receipt as typed so far would settle; nothing is written."""
    form = _form(request, request.POST)
    shown = _proposal(request, form, typed=bool(request.POST.get("typed")))
    unread = [f"{form[name].label}: {form.errors[name][0]}" for name in _LEADING if _is_wrong(form, name)]
    return render(request, "payments/_proposal.html", {"form": form, "preview": shown, "unread": unread})


_LEADING = ("customer", "amount", "received_on", "fee", "withheld")


def _is_wrong(form: ReceiptForm, name: str) -> bool:
    """Whether something was typed there that cannot be read; what is empty is only not known yet."""
    return name in form.errors and bool(str(form.data.get(name, "")).strip())


@require_GET
@allowed("payments.view_payment")
def customer_names(request: StaffRequest) -> HttpResponse:
    """Suggestions for the customer field, as options of its list."""
    text = request.GET.get("customer", "").split(" · ", 1)[-1]
    found = customers.matching(customers.visible_to(request.user), text).order_by("name", "pk")[:12]
    return render(request, "payments/_customer_names.html", {"names": [written(one) for one in found]})


def _form(request: StaffRequest, data: Any, initial: dict[str, Any] | None = None) -> ReceiptForm:
    return ReceiptForm(
        data, user=request.user, address=reverse("payments:customer_names"), initial=initial or {}
    )


def _initial(request: StaffRequest) -> dict[str, Any]:
    """What the page is opened with: an invoice, a customer, or nothing."""
    today = timezone.localdate()
    given: dict[str, Any] = {"received_on": today}
    invoice = _invoice(request)
    customer = None
    if (number := row_id(request.GET.get("customer"))) is not None:
        customer = customers.visible_to(request.user).filter(pk=number).first()
    if invoice is not None:
        given |= {
            "amount": invoice.balance,
            "currency": invoice.currency,
            "entity": invoice.entity_id,
            "customer": invoice.customer,
            "reference": invoice.number,
            "received_on": local_day(invoice.entity, timezone.now()),
        }
    elif customer is not None:
        given |= {
            "customer": customer,
            "entity": customer.entity_id,
            "currency": customer.entity.functional_currency,
        }
        owed = queries.items_of(customer.pk, on=today, today=today).filter(side="debit").first()
        if owed is not None:
            given |= {"currency": owed.currency, "entity": owed.entity_id}
    return given


def _invoice(request: StaffRequest) -> Invoice | None:
    number = row_id(request.GET.get("invoice"))
    if number is None:
        return None
    rows = invoices_visible_to(request.user).filter(document_status="issued")
    return rows.select_related("entity", "customer").filter(pk=number).first()


def _first_proposal(request: StaffRequest, form: ReceiptForm) -> previews.Preview | None:
    invoice = _invoice(request)
    if invoice is None or not invoice.balance:
        return None
    payment = previews.imagined(
        entity=invoice.entity,
        customer=invoice.customer,
        currency=invoice.currency,
        amount=invoice.balance,
        on=form.initial["received_on"],
        reference=str(invoice.number),
        note="",
    )
    items = [one for one in invoice.instalments.values_list("open_item_id", flat=True) if one]
    return previews.preview(payment, first=items)


def _proposal(request: StaffRequest, form: ReceiptForm, *, typed: bool) -> previews.Preview | None:
    """None while the receipt says too little for a proposal."""
    form.is_valid()
    data = form.cleaned_data
    needed = ("amount", "currency", "entity", "customer", "received_on")
    if any(data.get(name) in (None, "") for name in needed) or not data["amount"]:
        return None
    payment = previews.imagined(
        entity=data["entity"],
        customer=data["customer"],
        currency=data["currency"],
        amount=data["amount"] + (data.get("fee") or Decimal(0)) + (data.get("withheld") or Decimal(0)),
        on=data["received_on"],
        reference=data.get("reference") or "",
        note=data.get("note") or "",
    )
    return previews.preview(payment, data=request.POST.dict() if typed else None)


def _recorded(request: StaffRequest, form: ReceiptForm) -> HttpResponse:
    parts = previews.parts_of(request.POST.dict())
    payment = operations.receive_and_allocate(
        form.receipt(),
        parts,
        let_go=previews.let_go_invoices(request.POST.dict(), parts),
        actor=request.user,
        now=timezone.now(),
    )
    said = f"{payment} is recorded: {locale.money(payment.amount, payment.currency)}."
    messages.success(request, said)
    if payment.customer_id and not parts and request.user.has_perm("payments.allocate_payment"):
        return redirect("payments:allocate", payment.pk)
    return redirect(payment)


# ------------------------------------------------------------------------------------------- one receipt
def find(request: StaffRequest, pk: int) -> Payment:
    """The receipt, when this reader may see its company; else 404."""
    rows = queries.visible_to(request.user)
    return get_object_or_404(
        rows.select_related("customer", "entity", "open_item", "recorded_by"), pk=pk
    )  # fmt: skip


@require_GET
@allowed("payments.view_payment")
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One receipt: what it was used for, what is left, what happened to it."""
    payment = find(request, pk)
    uses = queries.uses_of(payment.open_item) if payment.open_item else []
    refunds = list(queries.refunds_of(payment.open_item)) if payment.open_item else []
    context = {
        "payment": payment,
        "uses": uses,
        "refunds": refunds,
        "left": _left(payment),
        "waiting": sum((r.amount for r in refunds if r.state == Refund.State.PENDING), Decimal(0)),
        "acts": _acts(payment, request),
        "days": days_of(entries_of(payment)[:100]),
        "book": Entry.objects.filter(source_type="payment", source_id=payment.pk)
        .prefetch_related("lines__account")
        .order_by("id")
        if request.user.has_perm("ledger.view_ledger")
        else (),
    }
    return render(request, "payments/detail.html", context)


def _left(payment: Payment) -> Decimal:
    if payment.state == Payment.State.BOUNCED:
        return Decimal(0)
    return payment.open_item.open_amount if payment.open_item else payment.amount


def _acts(payment: Payment, request: StaffRequest) -> list[dict[str, Any]]:
    """The named acts; one that is not possible says why."""
    user = request.user
    returned = "The bank took it back." if payment.state == Payment.State.BOUNCED else ""
    unknown = "" if payment.customer_id else "Say first who paid."
    used_up = "" if _left(payment) else "All of it is used."
    credit = payment.open_item_id or 0
    acts = [
        (
            "Allocate",
            "arrows-split-2",
            link("payments:allocate", payment.pk),
            "payments.allocate_payment",
            returned or unknown or used_up,
        ),
        (
            "Say who paid",
            "user-check",
            link("payments:identify", payment.pk),
            RECORD,
            returned or ("The payer is known." if payment.customer_id else ""),
        ),
        (
            "Not theirs",
            "users",
            link("payments:take_back", payment.pk),
            RECORD,
            returned or unknown,
        ),
        (
            "Refund the rest",
            "receipt-refund",
            link("payments:refund_request", credit),
            "payments.refund_payment",
            returned or unknown or used_up,
        ),
        (
            "Returned by the bank",
            "arrow-back-up",
            link("payments:bounce", payment.pk),
            RECORD,
            returned,
        ),
    ]
    return [
        {
            "label": label,
            "icon": icon,
            "url": url,
            "why": why or ("" if user.has_perm(right) else _NO_RIGHT),
        }
        for label, icon, url, right, why in acts
    ]


@require_http_methods(BOTH)
@allowed(RECORD)
def bounce(request: StaffRequest, pk: int) -> HttpResponse:
    """The bank took the money back: what will be undone, the day and the reason."""
    payment = find(request, pk)
    uses = queries.uses_of(payment.open_item) if payment.open_item else []
    uses = [use for use in uses if not (use.is_reversal or use.is_reversed)]
    form = ReturnForm(request.POST or None, initial={"on": local_day(payment.entity, timezone.now())})
    blocked = None
    try:
        operations.refuse_refunded(payment)
    except DomainError as fault:
        blocked = fault
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                operations.bounce_payment(
                    payment,
                    on=form.cleaned_data["on"],
                    reason=form.cleaned_data["reason"],
                    actor=request.user,
                    now=timezone.now(),
                )
            except DomainError as fault:
                take_fault(form, fault)
                status = fault.status
            else:
                messages.success(request, f"{payment} is returned; what it paid is open again.")
                return redirect(payment)
    return render(
        request,
        "payments/bounce.html",
        {"payment": payment, "form": form, "uses": uses, "blocked": blocked},
        status=status,
    )


@require_http_methods(BOTH)
@allowed(RECORD)
def identify(request: StaffRequest, pk: int) -> HttpResponse:
    """Say whose an unidentified receipt is."""
    payment = find(request, pk)
    form = IdentifyForm(request.POST or None, user=request.user, address=reverse("payments:customer_names"))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                operations.identify_payment(
                    payment, form.cleaned_data["customer"], actor=request.user, now=timezone.now()
                )
            except DomainError as fault:
                take_fault(form, fault)
                status = fault.status
            else:
                messages.success(request, f"{payment} belongs to {form.cleaned_data['customer']}.")
                if request.user.has_perm("payments.allocate_payment"):
                    return redirect("payments:allocate", payment.pk)
                return redirect(payment)
    return render(request, "payments/identify.html", {"payment": payment, "form": form}, status=status)


@require_http_methods(BOTH)
@allowed(RECORD)
def take_back(request: StaffRequest, pk: int) -> HttpResponse:
    """A receipt that was given to the wrong customer: what is undone, why, and whose it is."""
    payment = find(request, pk)
    uses = queries.uses_of(payment.open_item) if payment.open_item else []
    uses = [use for use in uses if not (use.is_reversal or use.is_reversed)]
    form = TakeBackForm(request.POST or None, user=request.user, address=reverse("payments:customer_names"))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                payment = operations.take_back_payment(
                    payment,
                    reason=form.cleaned_data["reason"],
                    customer=form.cleaned_data["customer"],
                    actor=request.user,
                    now=timezone.now(),
                )
            except DomainError as fault:
                take_fault(form, fault)
                status = fault.status
            else:
                said = f"{payment} is {payment.customer}'s." if payment.customer else f"{payment} waits."
                messages.success(request, said)
                if payment.customer_id and request.user.has_perm("payments.allocate_payment"):
                    return redirect("payments:allocate", payment.pk)
                return redirect(payment)
    context = {"payment": payment, "form": form, "uses": uses}
    return render(request, "payments/take_back.html", context, status=status)
