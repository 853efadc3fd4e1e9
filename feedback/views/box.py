"""The colleagues' box: putting something in, reading what is in it, and answering.

The log tells nothing of the form and its sending (see billing_ops.middleware); nothing here keeps the
session's person beside an anonymous suggestion: no message, no redirect to it.
"""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults
from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed
from feedback import operations, queries
from feedback.forms import ReplyForm, SuggestForm, ThemesForm
from feedback.models import Suggestion
from team.requests import StaffRequest

VIEW, MAKE, ANSWER = "feedback.view_feedback", "feedback.make_suggestion", "feedback.answer_suggestion"


@require_GET
@allowed(MAKE)
def list_(request: StaffRequest) -> HttpResponse:
    """What colleagues proposed, with thanks and what became of it."""
    state = request.GET.get("state", "")
    page = paginate(request, queries.suggestions(state), sorts={"made": "made_on"}, default="-made")
    context = {"page": page, "state": state, "states": Suggestion.State.choices}
    return render(request, "feedback/suggestions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(MAKE)
def make(request: StaffRequest) -> HttpResponse:
    """Put a suggestion into the box, with or without one's name."""
    form = SuggestForm(request.POST or None, initial={"once": secrets.token_hex(16)})
    if request.method != "POST":
        return render(request, "feedback/suggest.html", {"form": form})
    if not form.is_valid():
        return render(request, "feedback/suggest.html", {"form": form}, status=422)
    given = form.cleaned_data
    try:
        row = operations.make_suggestion(
            body=given["body"],
            once=given["once"],
            author=None if given["anonymous"] else request.user,
            # Not the reader's own day, which would tell their time zone.
            on=timezone.now().date(),
        )
    except DomainError as refusal:
        faults.show(form, refusal)
        return render(request, "feedback/suggest.html", {"form": form}, status=refusal.status)
    return render(request, "feedback/thanks.html", {"suggestion": row})


@require_GET
@allowed(MAKE)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One suggestion and its reply."""
    return _show(request, get_object_or_404(queries.suggestions(), pk=pk))


def _show(
    request: StaffRequest, row: Suggestion, form: ReplyForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "suggestion": row,
        "form": form or ReplyForm(initial={"state": row.state, "reply": row.reply}),
        "themes": ThemesForm(initial={"themes": row.themes.all()}),
        "improvements": [one.improvement for one in row.improved_by.select_related("improvement")],
        "may_answer": request.user.has_perm(ANSWER),
    }
    return render(request, "feedback/suggestion.html", context, status=status)


@require_POST
@allowed(ANSWER)
def answer(request: StaffRequest, pk: int) -> HttpResponse:
    """Thank for it and say what becomes of it."""
    row = get_object_or_404(queries.suggestions(), pk=pk)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return _show(request, row, form, 422)
    try:
        operations.answer_suggestion(row, actor=request.user, now=timezone.now(), **form.cleaned_data)
    except DomainError as refusal:
        faults.show(form, refusal)
        return _show(request, row, form, refusal.status)
    messages.success(request, _("Everybody reads your reply."))
    return redirect(row)


@require_POST
@allowed(ANSWER)
def sort(request: StaffRequest, pk: int) -> HttpResponse:
    """What it is about."""
    row = get_object_or_404(queries.suggestions(), pk=pk)
    form = ThemesForm(request.POST)
    if form.is_valid():
        themes = list(form.cleaned_data["themes"])
        operations.set_themes(row, themes, actor=request.user, now=timezone.now())
        messages.success(request, _("Kept."))
    return redirect(row)
