"""Improvements: the board, one of them, planning, moving on, and telling customers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults
from core.errors import DomainError
from core.numbers import row_id
from core.permissions import allowed
from feedback import operations, queries
from feedback.forms import AimForm, PlanForm, PublishForm, WhyForm
from feedback.models import Answer, Cause, Improvement, Suggestion
from feedback.showing import days_of, figure_words
from team.idempotency import act_once
from team.requests import StaffRequest
from trail.queries import entries_of

VIEW, MANAGE = "feedback.view_feedback", "feedback.manage_improvement"
PUBLISH = "feedback.publish_improvement"


@require_GET
@allowed(VIEW)
def board(request: StaffRequest) -> HttpResponse:
    """Columns by state; each card is moved on by its buttons, so the keyboard does it as well."""
    columns = [
        (state, name, [(one, figure_words(one)) for one in rows])
        for state, name, rows in queries.board(request.user)
    ]
    context = {
        "columns": columns,
        "today": timezone.localdate(),
        "may_manage": request.user.has_perm(MANAGE),
        "has_any": any(rows for _state, _name, rows in columns),
    }
    return render(request, "feedback/board.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(MANAGE)
def plan(request: StaffRequest) -> HttpResponse:
    """Plan an improvement from an answer, a suggestion, or causes."""
    source = _source(request)
    form = PlanForm(request.POST or None, user=request.user, needs_cause=source is None)
    context = {"form": form, "source": source}
    if request.method != "POST":
        return render(request, "feedback/plan.html", context)
    if form.is_valid():
        try:
            return act_once(request, lambda: _plan(request, form, source))
        except DomainError as refusal:
            faults.show(form, refusal)
            return render(request, "feedback/plan.html", context, status=refusal.status)
    return render(request, "feedback/plan.html", context, status=422)


def _plan(request: StaffRequest, form: PlanForm, source: Answer | Suggestion | None) -> HttpResponse:
    given = dict(form.cleaned_data)
    sources: list[Answer | Suggestion | Cause] = [*([source] if source else []), *given.pop("causes")]
    row = operations.propose_improvement(sources=sources, actor=request.user, now=timezone.now(), **given)
    messages.success(request, _("It is on the board."))
    return redirect(row)


def _source(request: StaffRequest) -> Answer | Suggestion | None:
    if pk := row_id(request.GET.get("answer")):
        return queries.visible_to(request.user).filter(pk=pk).first()
    if pk := row_id(request.GET.get("suggestion")):
        return queries.suggestions().filter(pk=pk).first()
    return None


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One improvement: where it comes from, what it moved, whom we told."""
    return _show(request, _found(request, pk))


def _show(request: StaffRequest, row: Improvement, status: int = 200, **refused: Any) -> HttpResponse:
    may = request.user.has_perm
    sources = row.sources.select_related("answer__customer", "suggestion", "cause")
    visible = set(
        queries.visible_to(request.user).filter(improved_by__improvement=row).values_list("pk", flat=True)
    )
    is_open = row.state in (Improvement.State.PROPOSED, Improvement.State.DOING)
    is_done = row.state in (Improvement.State.CLOSED, Improvement.State.MEASURED)
    aim = {"figure": row.figure, "owner": row.owner_id, "due_on": row.due_on}
    context = {
        "row": row,
        "figure": figure_words(row),
        "sources": [one for one in sources if not one.answer_id or one.answer_id in visible],
        "told": row.publications.filter(
            customer__entity__in=queries.companies_of(request.user)
        ).select_related("customer", "contact")[:100],
        "may_manage": may(MANAGE),
        "may_aim": may(MANAGE) and is_open,
        "may_publish": may(PUBLISH) and is_done,
        "aim": AimForm(user=request.user, initial=aim),
        "publish": PublishForm(initial={"said": row.said, "did": row.did}),
        "why": WhyForm(),
        "days": days_of(entries_of(row)[:50]),
        "fault": None,
    }
    return render(request, "feedback/improvement.html", context | refused, status=status)


@require_POST
@allowed(MANAGE)
def aim(request: StaffRequest, pk: int) -> HttpResponse:
    """Owner, day and the figure it shall move."""
    row = _found(request, pk)
    form = AimForm(request.POST, user=request.user)
    if not form.is_valid():
        return _show(request, row, 422, aim=form)

    def act(one: Improvement) -> object:
        return operations.aim_improvement(one, actor=request.user, now=timezone.now(), **form.cleaned_data)

    return _act(request, row, act, _("Kept."), aim=form)


@require_POST
@allowed(MANAGE)
def start(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin; the value before is written in a moment."""
    return _act(
        request,
        _found(request, pk),
        lambda one: operations.start_improvement(one, actor=request.user, now=timezone.now()),
        _("It has begun. The value its figure has now is measured in a moment."),
    )


@require_POST
@allowed(MANAGE)
def close(request: StaffRequest, pk: int) -> HttpResponse:
    """The action is done."""
    return _act(
        request,
        _found(request, pk),
        lambda one: operations.close_improvement(one, actor=request.user, now=timezone.now()),
        _("Done. In 30 days the difference it made is measured."),
    )


@require_POST
@allowed(MANAGE)
def drop(request: StaffRequest, pk: int) -> HttpResponse:
    """Not done after all."""
    row, form = _found(request, pk), WhyForm(request.POST)
    if not form.is_valid():
        return _show(request, row, 422, why=form)
    why = form.cleaned_data["why"]
    return _act(
        request,
        row,
        lambda one: operations.drop_improvement(one, why=why, actor=request.user, now=timezone.now()),
        _("It is dropped."),
        why=form,
    )


@require_POST
@allowed(PUBLISH)
def publish(request: StaffRequest, pk: int) -> HttpResponse:
    """Tell each linked customer, once."""
    row, form = _found(request, pk), PublishForm(request.POST)
    if not form.is_valid():
        return _show(request, row, 422, publish=form)

    def act(one: Improvement) -> object:
        return operations.publish_improvement(
            one, actor=request.user, now=timezone.now(), **form.cleaned_data
        )

    return _act(request, row, act, _("Each customer it comes from is told once."), publish=form)


def _found(request: StaffRequest, pk: int) -> Improvement:
    return get_object_or_404(queries.improvements_visible_to(request.user), pk=pk)


def _act(
    request: StaffRequest, row: Improvement, act: Callable[[Improvement], object], said: str, **form: Any
) -> HttpResponse:
    try:
        act(row)
    except DomainError as fault:
        return _show(request, row, fault.status, fault=fault, **form)
    messages.success(request, said)
    return redirect(row)
