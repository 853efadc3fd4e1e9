"""When disputes go up, their limits, and the playbooks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults
from core.errors import DomainError
from core.permissions import allowed
from disputes import operations, queries, rules
from disputes.forms import LimitsForm, MatrixRowForm, PlaybookForm
from disputes.models import MatrixStep
from entities import queries as entities
from entities.models import Entity
from team.requests import StaffRequest
from team.roles import BY_CODE

VIEW, MATRIX, PLAYBOOK = "disputes.view_dispute", "disputes.edit_matrix", "disputes.edit_playbook"
_EMPTY_ROWS = 2
Rows: Any = forms.formset_factory(MatrixRowForm, extra=_EMPTY_ROWS, max_num=40, absolute_max=60)


@require_http_methods(["GET", "POST"])
@allowed(MATRIX)
def matrix(request: StaffRequest) -> HttpResponse:
    """The whole matrix in one form: it is put in force as a whole."""
    rows = Rows(request.POST or None, initial=[_initial(step) for step in MatrixStep.objects.all()])
    fault = ""
    if request.method == "POST" and rows.is_valid():
        steps = [step for form in rows if (step := form.step()) is not None]
        try:
            operations.set_matrix(steps, actor=request.user, now=timezone.now())
        except DomainError as refusal:
            fault = f"{refusal.message} {refusal.mend or ''}".strip()
        else:
            messages.success(request, _("In force. Open disputes go up by it from now on."))
            return redirect("disputes:matrix")
    return _matrix_page(request, rows, fault, status=422 if fault or rows.total_error_count() else 200)


def _matrix_page(
    request: StaffRequest, rows: Any, fault: str, *, status: int, limits: dict[int, LimitsForm] | None = None
) -> HttpResponse:
    companies = entities.visible_to(request.user).order_by("name")
    context = {
        "rows": rows,
        "fault": fault,
        "reasons": [(code, one, BY_CODE[one.role].name) for code, one in rules.REASONS.items()],
        "limits": [(one, (limits or {}).get(one.pk) or _limits_form(one)) for one in companies],
    }
    return render(request, "disputes/matrix.html", context, status=status)


@require_POST
@allowed(MATRIX)
def limits(request: StaffRequest, pk: int) -> HttpResponse:
    """The amounts of one company."""
    entity = get_object_or_404(entities.visible_to(request.user), pk=pk)
    form = _limits_form(entity, request.POST)
    if form.is_valid():
        try:
            operations.set_limits(
                entity, rules.Limits(**form.cleaned_data), actor=request.user, now=timezone.now()
            )
        except DomainError as refusal:
            faults.show(form, refusal)
        else:
            messages.success(request, _("The limits hold from now on."))
            return redirect("disputes:matrix")
    rows = Rows(initial=[_initial(step) for step in MatrixStep.objects.all()])
    return _matrix_page(request, rows, "", status=422, limits={entity.pk: form})


@require_GET
@allowed(VIEW)
def playbooks(request: StaffRequest) -> HttpResponse:
    """How each reason is worked on, and what came of it."""
    outcomes = queries.outcomes_of()
    context = {"books": [(book, outcomes.get(book.pk)) for book in queries.playbooks()]}
    return render(request, "disputes/playbooks.html", context)


@require_http_methods(["GET", "POST"])
@allowed(PLAYBOOK)
def playbook(request: StaffRequest, reason: str) -> HttpResponse:
    """Write a new version of one playbook."""
    if reason not in rules.REASONS:
        raise Http404
    current = queries.current_playbook(reason)
    initial = (
        {
            "steps": "\n".join(current.steps),
            "questions": "\n".join(current.questions),
            "replies": "\n\n".join(current.replies),
            "consults": current.consults,
        }
        if current
        else {"consults": rules.REASONS[reason].consults}
    )
    form = PlaybookForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = operations.publish_playbook(reason, **form.parts(), actor=request.user, now=timezone.now())
        except DomainError as refusal:
            faults.show(form, refusal)
        else:
            messages.success(request, _("Version %(n)s is in use.") % {"n": row.version})
            return redirect("disputes:playbooks")
    context = {"form": form, "current": current, "name": rules.REASONS[reason].name}
    return render(request, "disputes/playbook.html", context, status=422 if form.errors else 200)


def _initial(step: MatrixStep) -> dict[str, Any]:
    return {
        "level": step.level,
        "role": step.role,
        "counted_from": step.counted_from,
        "hours": step.hours,
        "at_least": step.at_least,
        "reasons": ", ".join(step.reasons),
        "segment": step.segment_id,
        "entity": step.entity_id,
    }


def _limits_form(entity: Entity, data: Any = None) -> LimitsForm:
    now = queries.limits_of(entity)
    return LimitsForm(data, initial=asdict(now), auto_id=f"id_{entity.pk}_%s")
