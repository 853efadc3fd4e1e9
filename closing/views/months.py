"""The months of every company, one month's checklist with its rows, closing it and opening it again."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from closing import operations, queries
from closing.forms import CloseForm, ReopenForm
from closing.views._scope import CLOSE, READ, REOPEN, Scope, scope_of, shared
from core.errors import DomainError
from core.permissions import allowed
from entities import queries as entities
from ledger.models import Period
from team.idempotency import act_once
from team.requests import StaffRequest

_ACTS = 20


@require_GET
@allowed(READ)
def list_(request: StaffRequest) -> HttpResponse:
    """Every company with its last months."""
    now = timezone.now()
    companies = [
        {"entity": entity, "months": queries.months_of(entity, now=now)}
        for entity in entities.visible_to(request.user)
    ]
    return render(request, "closing/list.html", {"companies": companies})


@require_GET
@allowed(READ)
def detail(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """A month: its checklist, who closed it, and what happened to it."""
    return _detail(request, scope_of(request, pk, month))


def _detail(
    request: StaffRequest,
    scope: Scope,
    *,
    close: CloseForm | None = None,
    reopen: ReopenForm | None = None,
    fault: DomainError | None = None,
) -> HttpResponse:
    context = shared(scope, "month")
    state = context["state"]
    if fault is not None or "points" in request.GET:
        context |= _points(request, scope)
    nearly = state.by if state.state == Period.State.SOFT else None
    context |= {
        "close_form": close or CloseForm(),
        "reopen_form": reopen or ReopenForm(),
        "may_close": request.user.has_perm(CLOSE)
        and state.state in (queries.UNCLOSED, Period.State.SOFT, Period.State.OPEN),
        "may_reopen": request.user.has_perm(REOPEN)
        and state.by is not None
        and state.by.month == scope.month
        and state.by.closed_by_id != request.user.pk
        and state.state in (Period.State.CLOSED, Period.State.SOFT),
        "late": queries.posted_since(nearly)[:_ACTS] if nearly else [],
        "acts": queries.history_of(scope.entity, scope.month)[:_ACTS],
        "fault": fault,
    }
    return render(request, "closing/month.html", context, status=fault.status if fault else 200)


@require_GET
@allowed(READ)
def points(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """The checklist itself; the page asks for it because it reads a whole month."""
    scope = scope_of(request, pk, month)
    return render(request, "closing/_points.html", shared(scope, "month") | _points(request, scope))


def _points(request: StaffRequest, scope: Scope) -> dict[str, object]:
    found = queries.checklist(scope.entity, scope.month, user=request.user)
    must, left = queries.ready(found)
    return {"points": found, "must": must, "left": left, "done": len(found) - len(must) - len(left)}


@require_GET
@allowed(READ)
def rows(request: StaffRequest, pk: int, month: str, code: str) -> HttpResponse:
    """The rows behind one point of the checklist."""
    if code not in queries.CODES:
        raise Http404
    scope = scope_of(request, pk, month)
    point = queries.point(code, scope.entity, scope.month, user=request.user)
    return render(request, "closing/rows.html", shared(scope, "month") | {"point": point})


@require_POST
@allowed(CLOSE)
def close(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """Close the month; a refusal shows the page with what must be done first."""
    scope, form = scope_of(request, pk, month), CloseForm(request.POST)
    form.is_valid()

    def act() -> HttpResponse:
        operations.close_month(
            scope.entity,
            scope.month,
            reason=form.cleaned_data.get("reason", ""),
            actor=request.user,
            now=timezone.now(),
        )
        return redirect(scope.url())

    try:
        answer = act_once(request, act)
    except DomainError as refusal:
        if refusal.field == "reason":
            form.add_error("reason", f"{refusal.message} {refusal.mend or ''}".strip())
        return _detail(request, scope, close=form, fault=refusal)
    messages.success(request, _("The month is closed. Nothing is posted into it any more."))
    return answer


@require_POST
@allowed(CLOSE)
def soften(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """Ask for no more postings: who posts all the same is warned, and the posting is listed."""
    scope = scope_of(request, pk, month)
    try:
        operations.ask_for_no_more(scope.entity, scope.month, actor=request.user, now=timezone.now())
    except DomainError as refusal:
        return _detail(request, scope, fault=refusal)
    messages.success(request, _("Nearly closed. Whoever posts into the month is warned."))
    return redirect(scope.url())


@require_POST
@allowed(REOPEN)
def reopen(request: StaffRequest, pk: int, month: str) -> HttpResponse:
    """Open the month again, with a reason."""
    scope, form = scope_of(request, pk, month), ReopenForm(request.POST)
    period = Period.objects.filter(entity=scope.entity, month=scope.month).first()
    if period is None:
        raise Http404
    form.is_valid()
    try:
        operations.reopen_month(
            period, reason=form.cleaned_data.get("reason", ""), actor=request.user, now=timezone.now()
        )
    except DomainError as refusal:
        if refusal.field == "reason" and "reason" not in form.errors:
            form.add_error("reason", f"{refusal.message} {refusal.mend or ''}".strip())
        return _detail(request, scope, reopen=form, fault=refusal)
    messages.success(request, _("The month is open again."))
    return redirect(scope.url())
