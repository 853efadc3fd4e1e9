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
_MOST_STEPS = 40
Rows: Any = forms.formset_factory(
    MatrixRowForm, extra=0, max_num=_MOST_STEPS, absolute_max=60, validate_max=True
)


@require_http_methods(["GET", "POST"])
@allowed(MATRIX)
def matrix(request: StaffRequest) -> HttpResponse:
    """The whole matrix in one form: it is put in force as a whole. Lines come and go without being kept."""
    if act := request.POST.get("act", ""):
        typed, at = MatrixRowForm.edited(request.POST, act, _MOST_STEPS)
        return _matrix_page(request, Rows(typed), at=at)
    rows = _rows_in_force()
    if request.method == "POST":
        data = request.POST.copy()
        # So that a line that was added and left empty is left out.
        data["form-INITIAL_FORMS"] = "0"
        rows = Rows(data)
    fault = None
    if request.method == "POST" and rows.is_valid():
        steps = [step for form in rows if (step := form.step()) is not None]
        try:
            operations.set_matrix(steps, actor=request.user, now=timezone.now())
        except DomainError as refusal:
            fault = refusal
        else:
            messages.success(request, _("In force. Open disputes go up by it from now on."))
            return redirect("disputes:matrix")
    return _matrix_page(request, rows, fault=fault, status=422 if request.method == "POST" else 200)


def _rows_in_force() -> Any:
    return Rows(initial=[_initial(step) for step in MatrixStep.objects.all()])


def _matrix_page(
    request: StaffRequest,
    rows: Any,
    *,
    fault: DomainError | None = None,
    at: int | None = None,
    status: int = 200,
    limits: dict[int, LimitsForm] | None = None,
) -> HttpResponse:
    """`at` is the line to go on at, after one came or went; what is wrong is said when it is sent."""
    companies = entities.visible_to(request.user).order_by("name")
    context = {
        "rows": rows,
        "fault": fault,
        "at": at,
        "wrong": [] if at is not None or not rows.is_bound else _wrong(rows),
        "reasons": [(code, one, BY_CODE[one.role].name) for code, one in rules.REASONS.items()],
        "limits": [(one, (limits or {}).get(one.pk) or _limits_form(one)) for one in companies],
    }
    return render(request, "disputes/matrix.html", context, status=status)


def _wrong(rows: Any) -> list[tuple[str, str, str]]:
    """Each fault: the id of its field, its name, and the words."""
    found = [("", "", words) for words in rows.non_form_errors()]
    for number, form in enumerate(rows, start=1):
        for name, words in form.errors.items():
            said = _("Step %(n)s, %(field)s") % {"n": number, "field": form.fields[name].label}
            found.append((form[name].auto_id, said, words[0]))
    return found


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
    return _matrix_page(request, _rows_in_force(), status=422, limits={entity.pk: form})


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
        "at_least": step.at_least or None,
        "reasons": ", ".join(step.reasons),
        "segment": step.segment_id,
        "entity": step.entity_id,
    }


def _limits_form(entity: Entity, data: Any = None) -> LimitsForm:
    now = queries.limits_of(entity)
    return LimitsForm(data, initial=asdict(now), auto_id=f"id_{entity.pk}_%s")
