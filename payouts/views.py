"""Pages of payouts: refunds that wait to leave, payment files, and what became of them."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.numbers import row_id
from core.paging import paginate
from core.permissions import allowed
from entities.models import Entity
from entities.queries import local_day
from payments.models import Refund
from payouts import operations, queries
from payouts.forms import ExecutedForm, PlanForm
from payouts.models import PaymentFile
from payouts.timeline import days_of, why_not_decide
from team.idempotency import act_once
from team.requests import StaffRequest
from trail.queries import entries_of
from work.queries import approvals_of

VIEW, PAY, DECIDE = "payments.view_payment", "payments.refund_payment", "work.decide_approval"


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Refunds of a company that wait to leave, and the files made so far."""
    return _list(request)


def _list(request: StaffRequest, fault: DomainError | None = None) -> HttpResponse:
    companies = queries.companies_of(request.user)
    asked = row_id(request.GET.get("entity"))
    entity = next((one for one in companies if one.pk == asked), companies[0] if companies else None)
    now = timezone.now()
    waiting = queries.waiting_for(entity) if entity else []
    context = {
        "companies": companies,
        "entity": entity,
        "account": queries.account_of(entity) if entity else None,
        "waiting": waiting,
        "today": local_day(entity, now) if entity else None,
        "page": paginate(
            request, queries.visible_to(request.user), sorts={"planned": "planned_at"}, default="-planned"
        ),
        "may_plan": request.user.has_perm(PAY) and any(one.party for one in waiting),
        "fault": fault,
    }
    return render(request, "payouts/list.html", context, status=fault.status if fault else 200)


@require_POST
@allowed(PAY)
def plan(request: StaffRequest, pk: int) -> HttpResponse:
    """Put the chosen refunds of a company into a file that waits for a second person."""
    entity = get_object_or_404(Entity, pk=pk, pk__in=[one.pk for one in queries.companies_of(request.user)])
    account = queries.account_of(entity)
    form = PlanForm(request.POST, refunds=Refund.objects.filter(credit__entity=entity))
    back = f"{reverse('payouts:list')}?entity={entity.pk}"
    if account is None or not form.is_valid():
        for words in (str(one) for faults in form.errors.values() for one in faults):
            messages.error(request, words)
        return redirect(back)

    def act() -> HttpResponse:
        file = operations.plan_file(
            account,
            list(form.cleaned_data["refunds"]),
            execute_on=form.cleaned_data["execute_on"],
            actor=request.user,
            now=timezone.now(),
        )
        messages.success(request, _("The file waits for a second person."))
        return redirect(file)

    try:
        return act_once(request, act)
    except DomainError as fault:
        return _list(request, fault)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One file: what it pays, who approved it, its hash, and what the bank did."""
    return _detail(request, _file(request, pk))


def _detail(request: StaffRequest, file: PaymentFile, fault: DomainError | None = None) -> HttpResponse:
    approval = approvals_of(file).first()
    context = {
        "file": file,
        "transfers": list(file.transfers.select_related("refund__customer")),
        "approval": approval,
        "why": why_not_decide(approval, request.user),
        "approve_url": reverse("payouts:approve", args=[file.pk]),
        "reject_url": reverse("payouts:reject", args=[file.pk]),
        "may_see_accounts": request.user.has_perm("customers.view_bank_data") or request.user.has_perm(PAY),
        "may_follow": request.user.has_perm(PAY) and file.state == PaymentFile.State.READY,
        "executed_form": ExecutedForm(initial={"on": local_day(file.account.entity, timezone.now())}),
        "days": days_of(entries_of(file)[:50]),
        "fault": fault,
    }
    return render(request, "payouts/detail.html", context, status=fault.status if fault else 200)


@require_POST
@allowed(PAY)
def download(request: StaffRequest, pk: int) -> HttpResponse:
    """The file as it was made; the same bytes each time, and the trail says who took them."""
    file = _file(request, pk)
    try:
        content = operations.take_file(file, actor=request.user, now=timezone.now())
    except DomainError as fault:
        return _detail(request, file, fault)
    answer = HttpResponse(content, content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="{file.message_id}.xml"'
    return answer


@require_POST
@allowed(DECIDE)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree; the file is made."""
    return _act(
        request,
        pk,
        lambda file: operations.approve_file(file, actor=request.user, now=timezone.now()),
        _("The file is made. Take it to the bank."),
    )


@require_POST
@allowed(DECIDE)
def reject(request: StaffRequest, pk: int) -> HttpResponse:
    """Pay none of it, with a reason."""
    reason = request.POST.get("reason", "")
    return _act(
        request,
        pk,
        lambda file: operations.reject_file(file, actor=request.user, now=timezone.now(), reason=reason),
        _("Nothing is paid; its refunds wait for another file."),
    )


@require_POST
@allowed(PAY)
def executed(request: StaffRequest, pk: int) -> HttpResponse:
    """The bank paid it."""
    found, form = _file(request, pk), ExecutedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter the day the bank paid."))
        return redirect("payouts:detail", found.pk)
    on = form.cleaned_data["on"]
    return _act(
        request,
        pk,
        lambda file: operations.note_executed(
            file, on=on, by=f"file {file.message_id}", actor=request.user, now=timezone.now()
        ),
        _("Its refunds have left."),
    )


@require_POST
@allowed(PAY)
def refused(request: StaffRequest, pk: int) -> HttpResponse:
    """The bank refused it."""
    reason = request.POST.get("reason", "")
    return _act(
        request,
        pk,
        lambda file: operations.note_refused(file, reason=reason, actor=request.user, now=timezone.now()),
        _("Its refunds wait for another file."),
    )


def _file(request: StaffRequest, pk: int) -> PaymentFile:
    return get_object_or_404(queries.visible_to(request.user), pk=pk)


def _act(request: StaffRequest, pk: int, act: Callable[[PaymentFile], object], words: str) -> HttpResponse:
    file = _file(request, pk)
    try:
        act(file)
    except DomainError as fault:
        return _detail(request, file, fault)
    messages.success(request, words)
    return redirect("payouts:detail", pk)
