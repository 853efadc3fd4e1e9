"""Changes of bank data, terms and limit: asking, calling back, deciding."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.permissions import allowed
from customers import operations, queries
from customers.forms import CHANGE_FORMS, CallBackForm, ReasonForm, WhyForm, take_fault
from customers.models import ChangeRequest
from customers.views import _record_page
from customers.views._parts import back, seen
from team.requests import StaffRequest

BOTH = ["GET", "POST"]
READERS = ("customers.request_change", "customers.approve_change", "customers.view_customer")
DECIDERS = ("customers.request_change", "customers.approve_change")


@require_http_methods(BOTH)
@allowed("customers.request_change")
def new(request: StaffRequest, pk: int, subject: str) -> HttpResponse:
    """Ask for a change; it takes effect after a call back and a second person."""
    customer = seen(request, pk)
    if subject not in CHANGE_FORMS:
        raise Http404
    held = operations.current_values(customer, subject)
    form = CHANGE_FORMS[subject](request.POST or None, initial=held if subject != "bank" else None)
    why = WhyForm(request.POST or None)
    fault = None
    if request.method == "POST" and form.is_valid() & why.is_valid():
        try:
            change = operations.request_change(
                customer,
                subject=subject,
                proposed=_proposed(form),
                reason=why.cleaned_data["reason"],
                actor=request.user,
                now=timezone.now(),
            )
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return redirect("customers:change_detail", change.pk)
    context = {
        "customer": customer,
        "form": form,
        "why": why,
        "subject": ChangeRequest.Subject(subject).label,
        "currency": operations.limit_currency(customer),
        "cancel": reverse("customers:detail", args=[pk]),
    }
    status = fault.status if fault else 422 if form.is_bound else 200
    return render(request, "customers/change_new.html", context, status=status)


def _proposed(form: Any) -> dict[str, Any]:
    """The form's values as the operation takes them: a policy by its id."""
    values = dict(form.cleaned_data)
    if "payment_policy" in values:
        values["payment_policy"] = values["payment_policy"].pk if values["payment_policy"] else None
    return values


@require_GET
@allowed(*READERS)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One change: what, why, who called whom, who decides."""
    return _show(request, _change(request, pk))


@require_POST
@allowed(*DECIDERS)
def call_back(request: StaffRequest, pk: int) -> HttpResponse:
    """Record who confirmed it, on which number on file."""
    change = _change(request, pk)
    form = CallBackForm(request.POST, numbers=change.before.get("known_numbers", []))
    if not form.is_valid():
        return _show(request, change, call_form=form, status=422)
    try:
        operations.record_call_back(change, actor=request.user, now=timezone.now(), **form.cleaned_data)
    except DomainError as refusal:
        take_fault(form, refusal)
        return _show(request, change, call_form=form, status=refusal.status)
    return redirect("customers:change_detail", pk)


@require_POST
@allowed("customers.approve_change")
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """The second person agrees."""
    change = _change(request, pk)
    operations.approve_change(change, actor=request.user, now=timezone.now())
    return back(request, change.customer, _("The change is in force."), anchor="changes")


@require_POST
@allowed(*DECIDERS)
def reject(request: StaffRequest, pk: int) -> HttpResponse:
    """It will not happen; the one who asked withdraws it here as well."""
    change = _change(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, change, reject_form=form, status=422)
    operations.reject_change(
        change, reason=form.cleaned_data["reason"], actor=request.user, now=timezone.now()
    )
    return back(request, change.customer, _("The change will not happen."), anchor="changes")


def _change(request: StaffRequest, pk: int) -> ChangeRequest:
    rows = ChangeRequest.objects.filter(customer__in=queries.visible_to(request.user))
    return get_object_or_404(
        rows.select_related("customer__entity", "requested_by", "called_back_by", "decided_by"), pk=pk
    )


def _show(
    request: StaffRequest,
    change: ChangeRequest,
    *,
    call_form: Any = None,
    reject_form: Any = None,
    status: int = 200,
) -> HttpResponse:
    numbers = [
        known | {"entered": queries.phone_entered(known["contact"], change.requested_at)}
        for known in change.before.get("known_numbers", [])
    ]
    context = {
        "change": change,
        "customer": change.customer,
        "shown": _record_page.shown_change(request, change),
        "numbers": numbers,
        "call_form": call_form or CallBackForm(numbers=numbers),
        "reject_form": reject_form or ReasonForm(),
        "own": change.requested_by_id == request.user.pk,
        "why_not_call": _why_not_call(request, change),
        "why_not_approve": _why_not_approve(request, change),
        "may_decide": request.user.has_perm("customers.approve_change"),
    }
    return render(request, "customers/change.html", context, status=status)


def _why_not_call(request: StaffRequest, change: ChangeRequest) -> str:
    if change.requested_by_id == request.user.pk:
        return _("You asked for this change: a colleague calls.")
    if change.subject == "bank" and not request.user.has_perm("customers.view_bank_data"):
        return _("Bank data are masked for you, so you cannot compare them on the phone.")
    if not any(map(request.user.has_perm, DECIDERS)):
        return _("Your role reads changes.")
    return ""


def _why_not_approve(request: StaffRequest, change: ChangeRequest) -> str:
    if change.requested_by_id == request.user.pk:
        return _("You asked for this change: another person decides.")
    if not request.user.has_perm("customers.approve_change"):
        return _("Your role may not approve changes.")
    if change.subject == "bank" and not request.user.has_perm("customers.view_bank_data"):
        return _("Bank data are masked for you.")
    if change.called_back_at is None:
        return _("First somebody calls a number on file and records who confirmed the change.")
    return ""
