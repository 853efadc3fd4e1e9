"""What customers answered: the list, the page of one, typing one in, and seeing to complaints."""

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
from core.paging import paginate
from core.permissions import allowed
from customers import queries as customers
from customers.models import Customer
from feedback import operations, queries
from feedback.forms import EnterForm, HowForm, SortForm
from feedback.models import Answer, Instrument, Occasion
from feedback.rules import mood
from feedback.showing import PILLS, days_of, narrowed
from invoices.queries import visible_to as invoices_visible_to
from team.idempotency import act_once
from team.requests import StaffRequest
from trail.queries import entries_of

VIEW, ENTER = "feedback.view_feedback", "feedback.enter_feedback"


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Answers, the newest first, narrowed by the address: the rows behind every figure of the dashboard."""
    filters = queries.Filters.read(request.GET)
    rows = queries.found(request.user, filters)
    page = paginate(request, rows, sorts={"given": "given_at", "due": "complaint_due_at"}, default="-given")
    context = {
        "page": page,
        "rows": [(one, PILLS[mood(one.instrument, one.score)]) for one in page.items],
        "filters": filters,
        "narrowed": narrowed(filters),
        "instruments": Instrument.choices,
        "occasions": Occasion.choices,
        "now": timezone.now(),
    }
    return render(request, "feedback/answers.html", context)


@require_GET
@allowed(VIEW)
def surveys(request: StaffRequest) -> HttpResponse:
    """Whom we asked about what, and whether they answered."""
    rows = queries.found_surveys(
        request.user, queries.Filters.read(request.GET), request.GET.get("state", "")
    )
    page = paginate(request, rows, sorts={"asked": "asked_at"}, default="-asked")
    return render(request, "feedback/surveys.html", {"page": page, "state": request.GET.get("state", "")})


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One answer: what was said about what, and what became of it."""
    return show(request, _found(request, pk))


def show(
    request: StaffRequest,
    answer: Answer,
    *,
    how: HowForm | None = None,
    sort: SortForm | None = None,
    fault: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of one answer, with a form that was refused."""
    context = {
        "answer": answer,
        "fault": fault,
        "mood": PILLS[mood(answer.instrument, answer.score)],
        "others": queries.visible_to(request.user)
        .filter(customer=answer.customer_id)
        .exclude(pk=answer.pk)[:5],
        "waits": answer.is_complaint and answer.complaint_answered_at is None,
        "is_late": answer.complaint_due_at and answer.complaint_due_at < timezone.now(),
        "how": how or HowForm(),
        "sort": sort or SortForm(initial={"themes": answer.themes.all(), "cause": answer.cause_id}),
        "themes": answer.themes.all(),
        "improvements": [
            one.improvement for one in answer.improved_by.select_related("improvement").order_by("pk")
        ],
        "may_plan": request.user.has_perm("feedback.manage_improvement"),
        "may_enter": request.user.has_perm(ENTER),
        "days": days_of(entries_of(answer)[:50]),
    }
    return render(request, "feedback/answer.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(ENTER)
def enter(request: StaffRequest) -> HttpResponse:
    """Type in what a customer said."""
    visible = customers.visible_to(request.user)
    chosen = visible.filter(pk=row_id(request.GET.get("customer")) or 0).first()
    start: dict[str, Any] = {"customer": chosen.number if chosen else "", "occasion": Occasion.RELATION}
    form = EnterForm(request.POST or None, customers=visible, chosen=chosen, initial=start)
    if request.method != "POST":
        return render(request, "feedback/enter.html", {"form": form, "chosen": chosen})
    if form.is_valid():
        try:
            return act_once(request, lambda: _enter(request, form))
        except DomainError as refusal:
            faults.show(form, refusal)
            return render(
                request, "feedback/enter.html", {"form": form, "chosen": chosen}, status=refusal.status
            )
    return render(request, "feedback/enter.html", {"form": form, "chosen": chosen}, status=422)


def _enter(request: StaffRequest, form: EnterForm) -> HttpResponse:
    given = dict(form.cleaned_data)
    customer: Customer = given.pop("customer")
    number = given.pop("number").strip()
    invoices = invoices_visible_to(request.user).filter(customer=customer)
    subject = get_object_or_404(invoices, number__iexact=number) if number else None
    answer = operations.enter_answer(
        customer, subject=subject, actor=request.user, now=timezone.now(), **given
    )
    messages.success(request, _("The answer is kept."))
    return redirect(answer)


@require_POST
@allowed(ENTER)
def sort(request: StaffRequest, pk: int) -> HttpResponse:
    """What it is about, and why it went wrong."""
    answer, form, now = _found(request, pk), SortForm(request.POST), timezone.now()
    if not form.is_valid():
        return show(request, answer, sort=form, status=422)
    operations.set_themes(answer, list(form.cleaned_data["themes"]), actor=request.user, now=now)
    made = operations.set_cause(answer, form.cleaned_data["cause"], actor=request.user, now=now)
    messages.success(request, _("It came three times: a correction is on the board.") if made else _("Kept."))
    return redirect(answer)


@require_POST
@allowed(ENTER)
def flag(request: StaffRequest, pk: int) -> HttpResponse:
    """Read a complaint in it."""
    return _act(
        request,
        pk,
        lambda one: operations.flag_complaint(one, actor=request.user, now=timezone.now()),
        _("Somebody answers within two business days."),
    )


@require_POST
@allowed(ENTER)
def answered(request: StaffRequest, pk: int) -> HttpResponse:
    """The customer was told, by phone or elsewhere."""
    form = HowForm(request.POST)
    if not form.is_valid():
        return show(request, _found(request, pk), how=form, status=422)
    how = form.cleaned_data["how"]
    return _act(
        request,
        pk,
        lambda one: operations.finish_complaint(one, how=how, actor=request.user, now=timezone.now()),
        _("The complaint has its answer."),
        form,
    )


def _found(request: StaffRequest, pk: int) -> Answer:
    rows = queries.visible_to(request.user).select_related("template", "policy", "thread", "survey", "cause")
    return get_object_or_404(rows, pk=pk)


def _act(
    request: StaffRequest,
    pk: int,
    act: Callable[[Answer], Answer],
    said: str,
    form: HowForm | None = None,
) -> HttpResponse:
    answer = _found(request, pk)
    try:
        act(answer)
    except DomainError as refusal:
        return show(request, answer, how=form, fault=refusal, status=refusal.status)
    messages.success(request, said)
    return redirect(answer)
